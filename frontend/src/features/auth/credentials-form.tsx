// Username and password: the same fields for signing in, for the first account, and for resuming.
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import type { Credentials } from "@/api/accounts";
import { ErrorPanel } from "@/components/error-panel";
import { useApiForm } from "@/hooks/use-api-form";

interface CredentialsFormProps {
  action: string;
  isNewAccount?: boolean;
  onSubmit: (credentials: Credentials) => Promise<void>;
}

export function CredentialsForm({ action, isNewAccount = false, onSubmit }: CredentialsFormProps) {
  const { form, submit, isBusy, error } = useApiForm({
    initialValues: { username: "", password: "" },
    validate: {
      username: (value: string) => (value.trim() ? null : "Enter a username."),
      password: (value: string) => (value ? null : "Enter a password."),
    },
    send: ({ username, password }) => onSubmit({ username: username.trim(), password }),
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {error ? <ErrorPanel error={error} /> : null}
        <TextInput
          label="Username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          size="md"
          data-autofocus
          {...form.getInputProps("username")}
        />
        <PasswordInput
          label="Password"
          autoComplete={isNewAccount ? "new-password" : "current-password"}
          description={isNewAccount ? "At least 8 characters, not a common one." : undefined}
          visibilityToggleButtonProps={{ "aria-label": "Show or hide it" }}
          size="md"
          aria-invalid={Boolean(form.errors.password) || undefined}
          {...form.getInputProps("password")}
        />
        <Button type="submit" size="md" loading={isBusy} mt={4}>
          {action}
        </Button>
      </Stack>
    </form>
  );
}
