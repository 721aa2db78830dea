// A moment as date fields write it, in the browser's own zone; to the API it goes as an instant.
import { TextInput } from "@mantine/core";
import { useEffect, useState } from "react";

interface MomentInputProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
}

export function MomentInput({ label, value, onChange }: MomentInputProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      required
      withAsterisk={false}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

interface MomentFilterProps {
  label: string;
  at: string | undefined;
  onAt: (at: string | undefined) => void;
}

/** Takes effect when it is left: half a date is none, and half a year is another. */
export function MomentFilter({ label, at, onAt }: MomentFilterProps) {
  const applied = at ? localText(Date.parse(at)) : "";
  const [text, setText] = useState(applied);
  useEffect(() => setText(applied), [applied]);
  const apply = () => {
    if (text !== applied) onAt(text ? instantOf(text) : undefined);
  };
  return (
    <TextInput
      type="datetime-local"
      aria-label={label}
      title={label}
      size="xs"
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={apply}
      onKeyDown={({ key }) => key === "Enter" && apply()}
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
