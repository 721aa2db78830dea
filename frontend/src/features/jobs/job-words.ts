// A run and its subreddits in words.
import type { Job, Target } from "@/api/types";
import { formatDuration, plural } from "@/lib/format";

export const ORIGINS: Record<Job["origin"], string> = {
  web: "dashboard",
  api: "API",
  cli: "command line",
  schedule: "schedule",
};

/** Returns `7 of 9 subreddits`, or nothing where that says no more than the status. */
export function sharesOf({ status, targets }: Job): string {
  const done = targets.filter((target) => target.status === "completed").length;
  if (targets.length < 2 || status === "completed" || status === "pending") return "";
  return `${done} of ${plural(targets.length, "subreddit")}`;
}

/** Returns how long a finished run took. */
export function durationOf(job: Job): string {
  if (!job.started_at || !job.finished_at) return "–";
  return formatDuration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000);
}

export interface Completeness {
  sentence: string;
  /** What it means for whoever counts on the posts. */
  note: string;
  isWhole: boolean;
}

const STOPS: Record<string, Completeness> = {
  exhausted: {
    sentence: "Whole listing",
    note: "It ended before the limit: there is no more.",
    isWhole: true,
  },
  limit: { sentence: "Limit reached", note: "There may be more behind it.", isWhole: true },
  listing_cap: {
    sentence: "Listing cap",
    note: "Reddit shows about a thousand posts of a listing and no more.",
    isWhole: true,
  },
  known: {
    sentence: "Up to known ground",
    note: "Everything since the last run; older posts were there already.",
    isWhole: true,
  },
};

/** Returns how complete a subreddit's posts are, or null while that is open. */
export function completenessOf(target: Target): Completeness | null {
  if (target.error) {
    const sentence = target.posts_scraped > 0 ? "Cut by an error" : "Nothing fetched";
    return { sentence, note: "", isWhole: false };
  }
  const stop = target.exhausted ? "exhausted" : target.stopped_by;
  if (stop) return STOPS[stop] ?? { sentence: stop.replaceAll("_", " "), note: "", isWhole: true };
  if (target.status === "cancelled") {
    return { sentence: "Cancelled on the way", note: "Retry goes on from here.", isWhole: false };
  }
  return null;
}
