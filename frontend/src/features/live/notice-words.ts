// A notice of a run as a sentence.
import { formatDuration } from "@/lib/format";
import type { Notice } from "./live-state";

type Parts = Record<"from" | "to" | "wait", string>;

const SENTENCES: Record<string, (parts: Parts) => string> = {
  rate_limited: ({ from, wait }) =>
    `The request limit of ${from} is used up${wait || "; it waits"}.`,
  network: ({ from, wait }) => `${from} could not be reached${wait}.`,
  timeout: ({ from, wait }) => `${from} took too long to answer${wait}.`,
  upstream: ({ from, wait }) => `${from} got an error from Reddit${wait}.`,
  invalid_response: ({ from, wait }) => `${from} got an answer that cannot be read${wait}.`,
  cursor_lost: ({ wait }) =>
    `Reddit lost the place in the listing; it is asked again from an earlier post${wait}.`,
  taken_over: () => "Another worker carries on.",
};

/** Returns what happened and what the run does about it. */
export function noticeSentence(notice: Notice): string {
  const { backend_from, backend_to, retry_after } = notice;
  const wait =
    retry_after == null ? "" : `, trying again in ${formatDuration(Math.ceil(retry_after))}`;
  if (backend_to) {
    const reason = notice.detail ? `: ${notice.detail}` : ".";
    return `Changed from ${backend_from ?? "one source"} to ${backend_to}${reason}`;
  }
  const make = Object.hasOwn(SENTENCES, notice.code) ? SENTENCES[notice.code] : undefined;
  return (
    make?.({ from: backend_from ?? "The source", to: "", wait }) ?? (notice.detail || notice.code)
  );
}
