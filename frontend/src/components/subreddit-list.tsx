// A few names of subreddits, and how many more there are.
import { Text } from "@mantine/core";

// As many as fit beside a name without a second line on most screens.
const SHOWN = 3;

export function SubredditList({ names }: { names: string[] }) {
  if (names.length === 0) return <Text size="sm">–</Text>;
  const more = names.length - SHOWN;
  return (
    <Text size="sm" style={{ overflowWrap: "anywhere" }}>
      {names
        .slice(0, SHOWN)
        .map((name) => `r/${name}`)
        .join(", ")}
      {more > 0 && (
        <Text component="span" size="sm" c="dimmed" title={names.slice(SHOWN).join(", ")}>
          {" "}
          and {more} more
        </Text>
      )}
    </Text>
  );
}
