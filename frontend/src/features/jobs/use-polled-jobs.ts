// One page of runs, asked again for as long as one of them is unfinished.
import { keepPreviousData } from "@tanstack/react-query";
import { type JobFilter, jobsQuery } from "@/api/jobs";
import { usePolledQuery } from "@/lib/polling";

export function usePolledJobs(filter: JobFilter & { cursor?: string }, pageSize?: number) {
  return usePolledQuery(
    { ...jobsQuery(filter, pageSize), placeholderData: keepPreviousData },
    (page) => page.results.map((job) => job.status),
  );
}
