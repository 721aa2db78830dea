// Numbers, durations and times as people read them. Pure: the present moment is passed in.

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : whole.format(value);
}

export function formatCompact(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : compact.format(value);
}

/** Returns `640 B`, `1.2 kB` or `34 MB`. */
export function formatBytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const step = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), BYTE_UNITS.length - 1);
  const amount = value / 1000 ** step;
  return `${amount < 10 && step > 0 ? amount.toFixed(1) : Math.round(amount)} ${BYTE_UNITS[step]}`;
}

/** Returns `1 comment`, `1,204 comments`, or `– comments` when the number is not known. */
export function plural(count: number | null, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Returns `3 min. ago` and the like. */
export function formatAgo(instant: string, now: number): string {
  const seconds = (Date.parse(instant) - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return seconds > -10 ? "just now" : relative.format(Math.round(seconds), "second");
}

/** Returns `4 s`, `2 min 5 s` or `1 h 3 min`. */
export function formatDuration(totalSeconds: number): string {
  const seconds = Math.max(0, Math.round(totalSeconds));
  if (totalSeconds > 0 && totalSeconds < 0.95) return "under 1 s";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Returns the exact time, in UTC or the browser's own zone. */
export function formatExact(instant: string, isUtc: boolean): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "medium" };
  const text = new Intl.DateTimeFormat("en-GB", {
    ...options,
    ...(isUtc ? { timeZone: "UTC" } : {}),
  }).format(new Date(instant));
  return isUtc ? `${text} UTC` : text;
}
