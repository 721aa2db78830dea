// How long until something happens, renewed every second.
import { useSeconds } from "@/hooks/use-seconds";
import { formatDuration } from "@/lib/format";

export function Countdown({ until }: { until: string }) {
  const seconds = Math.ceil((Date.parse(until) - useSeconds()) / 1_000);
  return (
    <time dateTime={until} style={{ fontVariantNumeric: "tabular-nums" }}>
      {seconds > 0 ? `in ${formatDuration(seconds)}` : "now"}
    </time>
  );
}
