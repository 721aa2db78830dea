// Scraping jobs: reading, starting, cancelling, retrying, and the sources they may use.
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { Job, RunStatus, StartJob } from "./types";

export interface JobFilter {
  project?: number;
  status?: RunStatus;
  mode?: Job["mode"];
  origin?: Job["origin"];
}

/** One page of the list, newest first. */
export function jobsQuery(filter: JobFilter & { cursor?: string }, pageSize = 50) {
  return queryOptions({
    queryKey: ["jobs", "list", filter, pageSize],
    queryFn: () =>
      unwrap(
        api.GET("/api/scraper/jobs/", { params: { query: { ...filter, page_size: pageSize } } }),
      ),
  });
}

export function jobQuery(jobId: number) {
  return queryOptions({
    queryKey: ["jobs", jobId],
    queryFn: () =>
      unwrap(api.GET("/api/scraper/jobs/{job_id}/", { params: { path: { job_id: jobId } } })),
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
