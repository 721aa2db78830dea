// What the form holds, and the request it becomes.
import type { Backend, Job, StartJob } from "@/api/types";
import { parseSubredditNames } from "@/lib/subreddit-names";

// A type, not an interface: the form wants an index of its fields.
export type JobDraft = {
  subreddits: string;
  backend: string;
  mode: "stream" | "bulk";
  sort: NonNullable<StartJob["sort"]>;
  time_filter: NonNullable<StartJob["time_filter"]>;
  limit: number | string;
  parallelism: number | string;
  min_score: number | string;
  include_comments: boolean;
  comment_limit: number | string;
  comment_depth: number | string;
  only_new: boolean;
  /** Days, as date fields write them; instants while they are those of a run that is asked again. */
  since: string;
  until: string;
  /** What the form does not show of such a run. */
  metadata: Record<string, unknown>;
  is_stopped_on_leave: boolean;
};

export const SORTS = ["new", "hot", "top", "rising", "controversial"];
export const TIME_FILTERS = ["hour", "day", "week", "month", "year", "all"];

// Reddit's listings end here; only archives reach further back.
export const MAX_LIMIT = 1000;
export const MAX_SUBREDDITS = 1000;
// MOST_AT_ONCE of scraper/services.py.
export const MAX_PARALLELISM = 8;

export function newJobDraft(subreddits: string[]): JobDraft {
  return {
    subreddits: subreddits.join(", "),
    backend: "auto",
    mode: "stream",
    sort: "new",
    time_filter: "all",
    limit: 100,
    parallelism: 1,
    min_score: "",
    include_comments: false,
    comment_limit: "",
    comment_depth: "",
    only_new: false,
    since: "",
    until: "",
    metadata: {},
    is_stopped_on_leave: false,
  };
}

/** Returns the form's content that would ask for the same run again. */
export function draftOf(job: Job): JobDraft {
  const names = job.targets.map((target) => target.subreddit);
  const asked = job.config as Partial<StartJob>;
  return {
    ...newJobDraft(names),
    backend: job.backend,
    mode: job.mode,
    sort: asked.sort ?? "new",
    time_filter: asked.time_filter ?? "all",
    limit: asked.limit ?? 100,
    parallelism: asked.parallelism ?? 1,
    min_score: asked.min_score ?? "",
    include_comments: asked.include_comments ?? false,
    comment_limit: asked.comment_limit ?? "",
    comment_depth: asked.comment_depth ?? "",
    only_new: asked.only_new ?? false,
    since: asked.since ?? "",
    until: asked.until ?? "",
    metadata: job.metadata,
    is_stopped_on_leave: asked.on_disconnect === "stop",
  };
}

/** Returns the body of the request that starts the same run again. */
export function requestOf(job: Job): Record<string, unknown> {
  return {
    project: job.project,
    mode: job.mode,
    backend: job.backend,
    subreddits: job.targets.map((target) => target.subreddit),
    ...job.config,
    ...(isEmpty(job.metadata) ? {} : { metadata: job.metadata }),
  };
}

function isEmpty(notes: Record<string, unknown>): boolean {
  return Object.keys(notes).length === 0;
}

/** Returns what a date field shows of a day or an instant. */
export function dayOf(text: string): string {
  return text.slice(0, 10);
}

/** Returns the instant that a day stands for: its beginning. */
function instantOf(text: string): string {
  return text === dayOf(text) ? `${text}T00:00:00Z` : text;
}

/** Returns the highest limit that the chosen source takes. */
export function maxLimitOf(backend: string, backends: Backend[]): number {
  const usable = backends.filter(({ name, configured }) =>
    backend === "auto" ? configured : name === backend,
  );
  const limits = usable.map(({ capabilities }) => Number(capabilities.max_limit) || MAX_LIMIT);
  return Math.max(MAX_LIMIT, ...limits);
}

/** Whether a text is a whole number within bounds. */
export function isWholeWithin(value: number | string, least: number, most: number): boolean {
  const number = Number(value);
  return value !== "" && Number.isInteger(number) && number >= least && number <= most;
}

/** Returns the request of a form; several subreddits cannot be streamed, so they run in bulk. */
export function toStartJob(project: number, draft: JobDraft): StartJob {
  const subreddits = parseSubredditNames(draft.subreddits);
  const isSingle = subreddits.length === 1;
  return {
    project,
    subreddits,
    backend: draft.backend as StartJob["backend"],
    mode: isSingle ? draft.mode : "bulk",
    sort: draft.sort,
    ...(draft.sort === "top" || draft.sort === "controversial"
      ? { time_filter: draft.time_filter }
      : {}),
    limit: Number(draft.limit),
    include_comments: draft.include_comments,
    ...(draft.include_comments && draft.comment_limit !== ""
      ? { comment_limit: Number(draft.comment_limit) }
      : {}),
    ...(draft.include_comments && draft.comment_depth !== ""
      ? { comment_depth: Number(draft.comment_depth) }
      : {}),
    only_new: draft.only_new,
    ...(draft.min_score === "" ? {} : { min_score: Number(draft.min_score) }),
    ...(draft.since ? { since: instantOf(draft.since) } : {}),
    ...(draft.until ? { until: instantOf(draft.until) } : {}),
    ...(isSingle || Number(draft.parallelism) === 1
      ? {}
      : { parallelism: Number(draft.parallelism) }),
    on_disconnect: draft.is_stopped_on_leave ? "stop" : "continue",
    ...(isEmpty(draft.metadata) ? {} : { metadata: draft.metadata }),
  };
}
