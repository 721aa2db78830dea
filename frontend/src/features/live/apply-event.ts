// One event of a run's stream, applied to what is known of the run.
import type { StreamEvent } from "@/api/event-reader";
import type { Job, Post, Target } from "@/api/types";
import {
  emptyState,
  type Failure,
  type LiveState,
  MOST_NOTICES,
  MOST_ROWS,
  type Notice,
  ROWS_DROPPED_AT_ONCE,
} from "./live-state";

interface Progress {
  posts_scraped: number;
  progress: number;
  rate: number;
  eta_seconds: number | null;
}

type Complete = Pick<Job, "posts_scraped" | "posts_new" | "errors"> & {
  status: "completed" | "partial";
};

/** Changes the state in place, as the event says. Events that are not known change nothing. */
export function applyEvent(state: LiveState, event: StreamEvent): void {
  const data = readData(event.data);
  if (data === null) {
    state.unreadable += 1;
    return;
  }
  // A cancelled view must be able to go on from here if the cancel never reached the server.
  if (event.id !== null && !state.isMuted) state.lastId = event.id;
  switch (event.type) {
    case "snapshot":
      applySnapshot(state, data as Job);
      break;
    case "post":
      addPost(state, data as Post);
      break;
    case "target":
      changeTarget(state, event.id, data as Target);
      break;
    case "notice":
      addNotice(state, event.id, data as Notice);
      break;
    case "progress":
      applyProgress(state, data as Progress);
      break;
    case "complete":
      end(state, data as Complete);
      break;
    case "cancelled":
      end(state, { ...(data as { posts_scraped: number }), status: "cancelled" });
      break;
    case "failed":
      state.failure = (data as { error: Failure }).error;
      end(state, { status: "failed" });
      break;
    case "reset":
      Object.assign(state, emptyState(), { isMuted: state.isMuted });
  }
}

function readData(text: string): object | null {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" ? data : null;
  } catch {
    return null;
  }
}

function applySnapshot(state: LiveState, job: Job): void {
  state.job = job;
  state.snapshotSeq = job.event_seq;
}

function addPost(state: LiveState, post: Post): void {
  if (state.isMuted || state.ids.has(post.id)) return;
  noteWork(state);
  state.ids.add(post.id);
  state.rows.push(post);
  if (state.rows.length < MOST_ROWS + ROWS_DROPPED_AT_ONCE) return;
  for (const old of state.rows.slice(0, ROWS_DROPPED_AT_ONCE)) state.ids.delete(old.id);
  // Another array: the old one is on screen until the next version.
  state.rows = state.rows.slice(ROWS_DROPPED_AT_ONCE);
  state.dropped += ROWS_DROPPED_AT_ONCE;
}

/** A late viewer is told the whole history; what the snapshot contains already must not undo it. */
function isHistory(state: LiveState, id: string | null): boolean {
  return id !== null && Number(id.split(":")[0]) <= state.snapshotSeq;
}

function changeTarget(state: LiveState, id: string | null, changed: Target): void {
  if (!state.job || isHistory(state, id)) return;
  noteWork(state);
  const targets = state.job.targets.map((target) =>
    target.subreddit === changed.subreddit ? changed : target,
  );
  const posts_new = targets.reduce((sum, target) => sum + target.posts_new, 0);
  state.job = { ...state.job, targets, posts_new };
}

function addNotice(state: LiveState, id: string | null, notice: Notice): void {
  state.notices = [...state.notices, { ...notice, id: id ?? "" }].slice(-MOST_NOTICES);
}

function applyProgress(state: LiveState, { rate, ...counters }: Progress): void {
  if (!state.job) return;
  noteWork(state);
  state.rate = rate;
  state.job = { ...state.job, ...counters };
}

/** No event says that a run has begun: its first result does. */
function noteWork(state: LiveState): void {
  if (state.job?.status === "pending") state.job = { ...state.job, status: "running" };
}

function end(state: LiveState, outcome: Partial<Job> & Pick<Job, "status">): void {
  if (!state.job) return;
  const progress =
    outcome.status === "completed" || outcome.status === "partial" ? 1 : state.job.progress;
  state.rate = null;
  state.job = { ...state.job, progress, eta_seconds: null, ...outcome };
}
