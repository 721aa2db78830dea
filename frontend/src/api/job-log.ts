// A run's durable events page by page, and how many runs there are of each kind.
import { queryOptions } from "@tanstack/react-query";
import { api, cursorOf, unwrap } from "./client";
import type { JobFilter } from "./jobs";
import type { JobEvent } from "./types";

export interface EventPage {
  events: JobEvent[];
  /** Where the next page starts; null where the log ends for now. */
  next: string | null;
}

/** Reads the events after an id, oldest first. */
export async function readJobEvents(jobId: number, after?: string): Promise<EventPage> {
  const page = await unwrap(
    api.GET("/api/scraper/jobs/{job_id}/events/", {
      params: { path: { job_id: jobId }, query: { after } },
    }),
  );
  return { events: page.results, next: cursorOf(page.next, "after") ?? null };
}

/** How many runs have each status, under the list's other filters. */
export function jobCountsQuery({ project, mode, origin }: JobFilter) {
  const query = { project, mode, origin };
  return queryOptions({
    queryKey: ["jobs", "counts", query],
    queryFn: () => unwrap(api.GET("/api/scraper/jobs/counts/", { params: { query } })),
  });
}
