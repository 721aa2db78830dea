// Scraping jobs: reading, starting, cancelling, retrying, and the sources they may use.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, cursorOf, unwrap } from "./client";
import { pageByPage } from "./lists";
import type { RunStatus, StartJob } from "./types";

export interface JobFilter {
  project?: number;
  status?: RunStatus;
}

export function jobsQuery(filter: JobFilter, pageSize = 50) {
  return infiniteQueryOptions({
    queryKey: ["jobs", "list", filter, pageSize],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/scraper/jobs/", {
          params: { query: { ...filter, cursor: pageParam, page_size: pageSize } },
        }),
      ),
    ...pageByPage,
  });
}

export function jobQuery(jobId: number) {
  return queryOptions({
    queryKey: ["jobs", jobId],
    queryFn: () =>
      unwrap(api.GET("/api/scraper/jobs/{job_id}/", { params: { path: { job_id: jobId } } })),
  });
}

export function jobEventsQuery(jobId: number) {
  return infiniteQueryOptions({
    queryKey: ["jobs", jobId, "events"],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/scraper/jobs/{job_id}/events/", {
          params: { path: { job_id: jobId }, query: { after: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => cursorOf(page.next, "after"),
  });
}

export const backendsQuery = queryOptions({
  queryKey: ["backends"],
  queryFn: () => unwrap(api.GET("/api/scraper/backends/")),
  staleTime: 60_000,
});

/** Starts a job; the key makes a repeated request start it once. */
export function startJob(job: StartJob, idempotencyKey: string) {
  return unwrap(
    api.POST("/api/scraper/jobs/", { body: job, headers: { "Idempotency-Key": idempotencyKey } }),
  );
}

export function cancelJob(jobId: number) {
  return unwrap(
    api.POST("/api/scraper/jobs/{job_id}/cancel/", { params: { path: { job_id: jobId } } }),
  );
}

export function retryJob(jobId: number, idempotencyKey: string) {
  return unwrap(
    api.POST("/api/scraper/jobs/{job_id}/retry/", {
      params: { path: { job_id: jobId } },
      headers: { "Idempotency-Key": idempotencyKey },
    }),
  );
}
