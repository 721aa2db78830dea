// The events of a run as lines, read forward page by page and never twice.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { readJobEvents } from "@/api/job-log";
import { type HistoryLine, isEnded, joinLines, linesOf } from "./history-lines";

interface LogPage {
  lines: HistoryLine[];
  /** The id that the next page comes after. */
  reached: string | undefined;
  hasMore: boolean;
  isEnd: boolean;
}

async function readPage(jobId: number, after: string | undefined): Promise<LogPage> {
  const { events, next } = await readJobEvents(jobId, after);
  return {
    lines: linesOf(events),
    reached: next ?? events.at(-1)?.id ?? after,
    hasMore: next !== null,
    isEnd: isEnded(events),
  };
}

/** `version` changes whenever the run has new events; with `isFollowing` the log is read to its end. */
export function useJobLog(jobId: number, version: number, isFollowing: boolean) {
  const log = useInfiniteQuery({
    queryKey: ["jobs", jobId, "log"],
    queryFn: ({ pageParam }) => readPage(jobId, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => (page.isEnd ? undefined : page.reached),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = log;
  const last = data?.pages.at(-1);
  const hasMore = last?.hasMore ?? false;
  const count = data?.pages.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is the reason to ask again
  useEffect(() => {
    if (count > 0 && hasNextPage && !hasMore) void fetchNextPage();
  }, [version]);
  useEffect(() => {
    if (isFollowing && hasMore && !isFetching && !isError) void fetchNextPage();
  }, [isFollowing, hasMore, isFetching, isError, fetchNextPage]);
  const lines = useMemo(() => joinLines(data?.pages.flatMap((page) => page.lines) ?? []), [data]);
  return { ...log, lines, hasMore };
}
