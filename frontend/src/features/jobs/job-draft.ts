// What the form holds, and the request it becomes.
import type { StartJob } from "@/api/types";
import { parseSubredditNames } from "@/lib/subreddit-names";

// A type, not an interface: the form wants an index of its fields.
export type JobDraft = {
  subreddits: string;
  backend: string;
  mode: "stream" | "bulk";
  sort: NonNullable<StartJob["sort"]>;
  time_filter: NonNullable<StartJob["time_filter"]>;
  limit: number | string;
  min_score: number | string;
  include_comments: boolean;
  only_new: boolean;
  is_stopped_on_leave: boolean;
};

export const SORTS = ["new", "hot", "top", "rising", "controversial"];
export const TIME_FILTERS = ["hour", "day", "week", "month", "year", "all"];

// Reddit's listings end here; only archives reach further back.
export const MAX_LIMIT = 1000;

export function newJobDraft(subreddits: string[]): JobDraft {
  return {
    subreddits: subreddits.join(", "),
    backend: "auto",
    mode: "stream",
    sort: "new",
    time_filter: "all",
    limit: 100,
    min_score: "",
    include_comments: false,
    only_new: false,
    is_stopped_on_leave: false,
  };
}

/** Whether a limit is one that every source takes. */
export function isWholeLimit(limit: number | string): boolean {
  const value = Number(limit);
  return Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT;
}

/** Returns the request of a form; several subreddits cannot be streamed, so they run in bulk. */
export function toStartJob(project: number, draft: JobDraft): StartJob {
  const subreddits = parseSubredditNames(draft.subreddits);
  return {
    project,
    subreddits,
    backend: draft.backend as StartJob["backend"],
    mode: subreddits.length === 1 ? draft.mode : "bulk",
    sort: draft.sort,
    ...(draft.sort === "top" || draft.sort === "controversial"
      ? { time_filter: draft.time_filter }
      : {}),
    limit: Number(draft.limit),
    include_comments: draft.include_comments,
    only_new: draft.only_new,
    ...(draft.min_score === "" ? {} : { min_score: Number(draft.min_score) }),
    on_disconnect: draft.is_stopped_on_leave ? "stop" : "continue",
  };
}
