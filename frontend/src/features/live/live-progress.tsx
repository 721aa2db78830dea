// How far the run is: counters and a bar that shows the truth at once instead of gliding to it.
import type { Job } from "@/api/types";
import { Counter, Counters } from "@/components/counter";
import { formatCount, formatDuration } from "@/lib/format";
import classes from "./live.module.css";
import type { LiveStore } from "./live-store";
import { useLive } from "./use-scrape-stream";

/** Returns the most posts that the run may bring, or null when the server did not say. */
export function mostPosts(job: Job): number | null {
  const { limit } = job.config;
  return typeof limit === "number" ? limit * job.targets.length : null;
}

export function LiveProgress({ store }: { store: LiveStore }) {
  const job = useLive(store, ({ state }) => state.job);
  const rate = useLive(store, ({ state }) => state.rate);
  if (!job) return null;
  const percent = Math.round(job.progress * 100);
  const most = mostPosts(job);
  // Both from the targets: the run's own counter is newer by a part of a page.
  const stored = job.targets.reduce((sum, target) => sum + target.posts_scraped, 0);
  return (
    <>
      <div
        className={classes.bar}
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <div className={classes.fill} style={{ transform: `scaleX(${job.progress})` }} />
      </div>
      <div className={classes.counters}>
        <Counters>
          <Counter
            label="Received"
            value={formatCount(job.posts_scraped)}
            note={most === null ? undefined : `of ${formatCount(most)}`}
          />
          <Counter label="New" value={formatCount(job.posts_new)} />
          <Counter label="Seen before" value={formatCount(Math.max(0, stored - job.posts_new))} />
          <Counter label="Rate" value={rate ? `${formatCount(rate)}/s` : "–"} />
          <Counter
            label="Time left"
            value={job.eta_seconds === null ? "–" : formatDuration(job.eta_seconds)}
          />
        </Counters>
      </div>
    </>
  );
}
