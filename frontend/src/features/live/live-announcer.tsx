// Tells people who listen how the run goes: a summary now and then, never the posts themselves.
import { VisuallyHidden } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { isTerminal, type Job } from "@/api/types";
import { plural } from "@/lib/format";
import type { LiveStore } from "./live-store";
import { useLive } from "./use-scrape-stream";

/** Speech takes seconds: more often would be a stream of half sentences. */
const ANNOUNCE_MILLISECONDS = 10_000;

export function LiveAnnouncer({ store }: { store: LiveStore }) {
  const status = useLive(store, ({ state }) => state.job?.status);
  const [text, setText] = useState("");
  const saidAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (status === undefined) return;
    const say = () => {
      saidAt.current = Date.now();
      setText(summaryOf(store.state.job));
    };
    const isOver = isTerminal(status);
    const first = window.setTimeout(
      say,
      Math.max(0, saidAt.current + ANNOUNCE_MILLISECONDS - Date.now()),
    );
    const timer = isOver ? undefined : window.setInterval(say, ANNOUNCE_MILLISECONDS);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(timer);
    };
  }, [status, store]);
  return (
    <VisuallyHidden role="status" aria-live="polite" data-testid="announcement">
      {text}
    </VisuallyHidden>
  );
}

function summaryOf(job: Job | null): string {
  if (!job) return "";
  const failed = job.targets.filter((target) => target.error).length;
  const errors = failed > 0 ? `, ${plural(failed, "error")}` : "";
  return `Run ${job.status}: ${plural(job.posts_scraped, "post")}, ${plural(job.posts_new, "new one")}${errors}.`;
}
