// One line for each subreddit of the run: its state, its count, its source, and what stopped it.
import { memo } from "react";
import type { Target } from "@/api/types";
import { failureWords } from "@/lib/failure-words";
import { plural } from "@/lib/format";
import classes from "./live.module.css";
import type { LiveStore } from "./live-store";
import { useLive } from "./use-scrape-stream";

const NONE: Target[] = [];

export function LiveTargets({ store }: { store: LiveStore }) {
  const targets = useLive(store, ({ state }) => state.job?.targets ?? NONE);
  return (
    <ul className={classes.targets} aria-label="Subreddits">
      {targets.map((target) => (
        <TargetLine key={target.subreddit} target={target} />
      ))}
    </ul>
  );
}

const TargetLine = memo(function TargetLine({ target }: { target: Target }) {
  const words = target.error && failureWords(target.error.code, target.error.detail);
  return (
    <li className={classes.target}>
      <strong>r/{target.subreddit}</strong>
      <span className={classes.quiet}>{target.status}</span>
      <span className={classes.quiet}>{plural(target.posts_scraped, "post")}</span>
      {target.backend_used && <span className={classes.quiet}>from {target.backend_used}</span>}
      {target.exhausted && <span className={classes.quiet}>the listing ends here</span>}
      {target.error && words && (
        <span className={classes.failure}>
          <code>{target.error.code}</code> {words.sentence} {words.nextStep}
        </span>
      )}
    </li>
  );
});
