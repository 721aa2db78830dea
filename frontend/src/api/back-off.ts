// How long to wait before the next attempt at something that failed.

/** No wait is longer: somebody may be looking at the screen. */
export const LONGEST_WAIT_MILLISECONDS = 30_000;

/** The first window in which attempts are spread; it doubles with each attempt. */
const FIRST_WINDOW_MILLISECONDS = 1_000;

/** A server that asks for more is not taken at its word: a person would think the page is dead. */
const LONGEST_RETRY_AFTER_SECONDS = 600;

/**
 * Returns milliseconds to wait before attempt n (1 is the first repetition): what the server asked
 * for, plus full jitter over a window that doubles, so that viewers cut off together do not return
 * together.
 */
export function waitBefore(
  attempt: number,
  askedMilliseconds: number,
  random: () => number,
): number {
  const window = Math.min(
    LONGEST_WAIT_MILLISECONDS,
    FIRST_WINDOW_MILLISECONDS * 2 ** (attempt - 1),
  );
  return Math.min(LONGEST_WAIT_MILLISECONDS, Math.round(askedMilliseconds + random() * window));
}

/** Returns the milliseconds that a Retry-After header asks for, or null when it makes no sense. */
export function readRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  if (!(seconds >= 0)) return null;
  return Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) * 1000;
}
