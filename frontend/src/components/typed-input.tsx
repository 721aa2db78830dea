// A field whose text takes effect after a pause in typing: what it narrows is asked of the server.
import { TextInput, type TextInputProps } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

// Shorter pauses ask for words that nobody means.
const TYPING_MILLISECONDS = 250;

interface TypedInputProps extends Omit<TextInputProps, "value" | "onChange"> {
  value: string | undefined;
  onCommit: (text: string | undefined) => void;
}

export function TypedInput({ value = "", onCommit, ...looks }: TypedInputProps) {
  const [text, setText] = useState(value);
  const commit = useDebouncedCallback(
    (next: string) => onCommit(next.trim() || undefined),
    TYPING_MILLISECONDS,
  );
  useEffect(() => setText((typed) => (typed.trim() === value ? typed : value)), [value]);
  return (
    <TextInput
      {...looks}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        commit(currentTarget.value);
      }}
    />
  );
}
