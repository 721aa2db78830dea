// The first pages of a list of runs, asked again for as long as one of them is unfinished.
import { useInfiniteQuery } from "@tanstack/react-query";
import { type JobFilter, jobsQuery } from "@/api/jobs";
import { rowsOf } from "@/api/lists";
import { pollInterval } from "@/lib/polling";

export function usePolledJobs(filter: JobFilter, pageSize?: number) {
  return useInfiniteQuery({
    ...jobsQuery(filter, pageSize),
    refetchInterval: ({ state }) => pollInterval(rowsOf(state.data).map((job) => job.status)),
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: "always",
  });
}
