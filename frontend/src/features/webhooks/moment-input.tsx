// A moment as date fields write it, in the browser's own zone; to the API it goes as an instant.
import { TextInput } from "@mantine/core";

interface MomentInputProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
  /** Small, its name for readers only, and it may stay empty. */
  isFilter?: boolean;
}

export function MomentInput({ label, value, onChange, isFilter = false }: MomentInputProps) {
  const looks = isFilter
    ? { "aria-label": label, title: label, size: "xs" }
    : { label, required: true, withAsterisk: false };
  return (
    <TextInput
      type="datetime-local"
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      {...looks}
    />
  );
}

/** Returns a moment as date fields write it. */
export function localText(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return "";
  const offset = new Date(milliseconds).getTimezoneOffset() * 60_000;
  return new Date(milliseconds - offset).toISOString().slice(0, 16);
}

export function instantOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? local : date.toISOString();
}
