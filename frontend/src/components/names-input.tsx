// A list of subreddits as people have it: typed, or pasted with commas, lines and addresses.
import { Textarea, type TextareaProps } from "@mantine/core";
import { plural } from "@/lib/format";
import { parseSubredditNames } from "@/lib/subreddit-names";

interface NamesInputProps extends Omit<TextareaProps, "onChange" | "value"> {
  value?: string;
  onChange?: (text: string) => void;
}

export function NamesInput({ value = "", onChange, description, ...rest }: NamesInputProps) {
  const names = parseSubredditNames(value);
  const counted = names.length > 1 ? plural(names.length, "subreddit") : description;
  return (
    <Textarea
      autosize
      minRows={1}
      maxRows={6}
      spellCheck={false}
      autoCapitalize="none"
      placeholder="python, r/rust, one per line…"
      {...rest}
      description={counted}
      value={value}
      onChange={(event) => onChange?.(event.currentTarget.value)}
    />
  );
}
