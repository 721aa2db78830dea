// How data is kept and asked again.
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";

const FRESH_MILLISECONDS = 5_000;
const MOST_RETRIES = 2;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MILLISECONDS,
      networkMode: "always",
      // Refusals do not change by asking again; a cut line or a restarting server does.
      retry: (failures, error) =>
        failures < MOST_RETRIES && error instanceof ApiError && error.isTransient,
    },
    mutations: { networkMode: "always" },
  },
});
