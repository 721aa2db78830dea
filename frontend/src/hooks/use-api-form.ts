// A form that is sent to the API: what the server says of a field lands on that field, anything else
// is kept as the form's own error, and what was typed stays.
import { type FormRulesRecord, type UseFormReturnType, useForm } from "@mantine/form";
import { useState } from "react";
import { ApiError } from "@/api/errors";

interface ApiFormOptions<V extends Record<string, unknown>> {
  initialValues: V;
  validate?: { [K in keyof V]?: (value: V[K], values: V) => string | null };
  send: (values: V) => Promise<unknown>;
}

interface ApiForm<V extends Record<string, unknown>> {
  form: UseFormReturnType<V>;
  submit: (event?: React.FormEvent<HTMLFormElement>) => void;
  isBusy: boolean;
  /** What no field can be blamed for. */
  error: unknown;
}

export function useApiForm<V extends Record<string, unknown>>(
  options: ApiFormOptions<V>,
): ApiForm<V> {
  const form = useForm<V>({
    initialValues: options.initialValues,
    validate: options.validate as FormRulesRecord<V>,
  });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function send(values: V): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await options.send(values);
    } catch (caught) {
      const { fields, rest } = splitByField(caught, Object.keys(values));
      form.setErrors(fields);
      setError(rest);
    } finally {
      setBusy(false);
    }
  }
  return { form, submit: form.onSubmit(send), isBusy, error };
}

/** Sorts an error's details onto the fields they name (`subreddits.0` belongs to `subreddits`). */
export function splitByField(error: unknown, names: string[]) {
  if (!(error instanceof ApiError)) return { fields: {}, rest: error };
  const fields: Record<string, string> = {};
  const rest = error.errors.filter(({ attr, detail }) => {
    const name = attr?.split(".")[0] ?? "";
    if (!names.includes(name)) return true;
    fields[name] = fields[name] ? `${fields[name]} ${detail}` : detail;
    return false;
  });
  if (rest.length === 0) return { fields, rest: null };
  return { fields, rest: new ApiError(error.status, rest, error.requestId) };
}
