// A moment as people say it; the exact time on hover and on focus.
import { Tooltip } from "@mantine/core";
import { useNow } from "@/hooks/use-now";
import { usePreference } from "@/hooks/use-preference";
import { formatAgo, formatExact } from "@/lib/format";
import classes from "./relative-time.module.css";

export function RelativeTime({ at }: { at: string | null | undefined }) {
  const now = useNow();
  const [zone] = usePreference("time-zone");
  if (!at) return <span>–</span>;
  const exact = formatExact(at, zone === "utc");
  return (
    <Tooltip label={exact}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time is reachable by keyboard */}
      <time dateTime={at} tabIndex={0} className={classes.time}>
        {formatAgo(at, now)}
      </time>
    </Tooltip>
  );
}
