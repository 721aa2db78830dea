// A run's stream as tests speak it: frames by hand, delivered through the network's edge.
import { HttpResponse, http } from "msw";
import type { Job, Post, Target } from "@/api/types";
import { at, server } from "@/testing/server";

export function aTarget(change: Partial<Target> = {}): Target {
  return {
    subreddit: "python",
    status: "pending",
    posts_scraped: 0,
    posts_new: 0,
    comments_scraped: 0,
    comments_due: 0,
    backend_used: null,
    exhausted: false,
    stopped_by: null,
    error: null,
    gap: null,
    ...change,
  };
}

export function aJob(change: Partial<Job> = {}): Job {
  return {
    id: 7,
    project: 3,
    mode: "stream",
    backend: "sandbox",
    status: "running",
    cancel_requested: false,
    config: { limit: 100 },
    posts_scraped: 0,
    posts_new: 0,
    comments_scraped: 0,
    requests_made: 0,
    progress: 0,
    eta_seconds: null,
    targets: [aTarget()],
    errors: [],
    event_seq: 0,
    attempt: 1,
    created_at: "2026-01-01T00:00:00Z",
    started_at: "2026-01-01T00:00:00Z",
    finished_at: null,
    origin: "web",
    retry_of: null,
    metadata: {},
    ...change,
  };
}

export function aPost(id: string, change: Partial<Post> = {}): Post {
  return {
    id,
    subreddit: "python",
    title: `Title of ${id}`,
    author: "ada",
    selftext: "",
    url: "",
    permalink: "/r/python/comments/x/",
    domain: "self.python",
    score: 1,
    upvote_ratio: null,
    num_comments: 0,
    flair: null,
    over_18: false,
    spoiler: false,
    stickied: false,
    locked: false,
    is_self: true,
    post_type: "text",
    thumbnail: null,
    media: [],
    crosspost_parent: null,
    removed: null,
    edited_at: null,
    created_at: "2026-01-01T00:00:00Z",
    fetched_at: "2026-01-01T00:00:00Z",
    backend: "sandbox",
    comments_fetched: null,
    comments_expected: null,
    comments_fetched_at: null,
    ...change,
  };
}

export function frame(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function posts(seq: number, count: number): string {
  const one = (n: number) => frame("post", aPost(`t3_${seq}x${n}`), `${seq}:${n}`);
  return Array.from({ length: count }, (_, n) => one(n + 1)).join("");
}

/** Serves the stream of run 7; returns a way to send more, and what was asked for. */
export function serveStream(first: string) {
  const asked: { cursor: string | null }[] = [];
  const open: ReadableStreamDefaultController<Uint8Array>[] = [];
  const encoder = new TextEncoder();
  server.use(
    http.get(at("/api/scraper/jobs/7/stream/"), ({ request }) => {
      asked.push({ cursor: request.headers.get("Last-Event-ID") });
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          open.push(controller);
          if (asked.length === 1) controller.enqueue(encoder.encode(first));
        },
      });
      return new HttpResponse(body, { headers: { "Content-Type": "text/event-stream" } });
    }),
  );
  return { asked, send: (text: string) => open.at(-1)?.enqueue(encoder.encode(text)) };
}
