// Turns a run's events into lines that people read: posts that came one after another are one line.
import type { JobEvent } from "@/api/types";
import { plural } from "@/lib/format";

export interface HistoryLine {
  id: string;
  at: string;
  type: string;
  text: string;
  /** How many posts the line stands for; 0 for everything else. */
  posts: number;
}

const ENDS: ReadonlySet<string> = new Set(["complete", "cancelled", "failed"]);

/** Whether nothing can follow these events. */
export function isEnded(events: JobEvent[]): boolean {
  return ENDS.has(events.at(-1)?.type ?? "");
}

export function linesOf(events: JobEvent[]): HistoryLine[] {
  return joinLines(
    events.map((event) => {
      const isPost = event.type === "post";
      const text = isPost ? "" : wordsOf(event);
      return { id: event.id, at: event.created_at, type: event.type, text, posts: Number(isPost) };
    }),
  );
}

/** Puts lines of posts that follow one another into one; the lines of two pages, too. */
export function joinLines(parts: HistoryLine[]): HistoryLine[] {
  const lines: HistoryLine[] = [];
  for (const line of parts) {
    const before = line.posts > 0 ? (lines.at(-1)?.posts ?? 0) : 0;
    if (before > 0) lines.pop();
    const posts = line.posts + before;
    lines.push(posts > 0 ? { ...line, posts, text: `${plural(posts, "post")} stored` } : line);
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
  if (type === "notice") return noticeWords(data);
  if (!ENDS.has(type)) return JSON.stringify(data);
  const isCounted = typeof data.posts_scraped === "number";
  const count = isCounted ? plural(Number(data.posts_scraped), "post") : "";
  return [data.status, count, cause].filter(Boolean).join(" · ");
}

function noticeWords({ code, detail, backend_from, backend_to }: Record<string, unknown>): string {
  const change = backend_to ? `${backend_from ?? "source"} → ${backend_to}` : "";
  return [code, change, detail].filter(Boolean).join(": ");
}
