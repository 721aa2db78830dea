// Adaptive polling of anything with a run's status: quick while it waits, calm while it runs, silent
// once it has ended. Hidden tabs do not poll; coming back asks once.
import {
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
} from "@tanstack/react-query";

const PENDING_MILLISECONDS = 3_000;
const RUNNING_MILLISECONDS = 5_000;

/** Returns the pause until the next question, or false when there is nothing to wait for. */
export function pollInterval(statuses: readonly string[]): number | false {
  if (statuses.includes("pending")) return PENDING_MILLISECONDS;
  if (statuses.includes("running")) return RUNNING_MILLISECONDS;
  return false;
}

/** A query that repeats itself for as long as the statuses in its data ask for it. */
export function usePolledQuery<T, E, K extends QueryKey>(
  options: UseQueryOptions<T, E, T, K>,
  statusesOf: (data: T) => readonly string[],
): UseQueryResult<T, E> {
  return useQuery({
    ...options,
    refetchInterval: ({ state }) =>
      state.data === undefined ? false : pollInterval(statusesOf(state.data as T)),
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: "always",
  });
}
