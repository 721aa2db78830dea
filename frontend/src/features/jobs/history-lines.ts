// Turns a run's events into lines that people read: posts that came one after another are one line.
import type { JobEvent } from "@/api/types";
import { plural } from "@/lib/format";

export interface HistoryLine {
  id: string;
  at: string;
  type: string;
  text: string;
}

const ENDS: ReadonlySet<string> = new Set(["complete", "cancelled", "failed"]);

/** Whether nothing can follow these events. */
export function isEnded(events: JobEvent[]): boolean {
  return ENDS.has(events.at(-1)?.type ?? "");
}

export function linesOf(events: JobEvent[]): HistoryLine[] {
  const lines: HistoryLine[] = [];
  let posts = 0;
  for (const event of events) {
    posts = event.type === "post" ? posts + 1 : 0;
    if (posts > 1) lines.pop();
    const text = posts > 0 ? `${plural(posts, "post")} stored` : wordsOf(event);
    lines.push({ id: event.id, at: event.created_at, type: event.type, text });
  }
  return lines;
}

function wordsOf({ type, data }: JobEvent): string {
  const error = data.error as { code: string; detail: string } | null | undefined;
  const cause = error ? `${error.code}: ${error.detail}` : "";
  if (type === "target") {
    const posts = plural(Number(data.posts_scraped), "post");
    return [`r/${data.subreddit} ${data.status}`, posts, cause].filter(Boolean).join(" · ");
  }
  if (type === "notice") return [data.code, data.detail].filter(Boolean).join(": ");
  if (!ENDS.has(type)) return JSON.stringify(data);
  const isCounted = typeof data.posts_scraped === "number";
  const count = isCounted ? plural(Number(data.posts_scraped), "post") : "";
  return [data.status, count, cause].filter(Boolean).join(" · ");
}
