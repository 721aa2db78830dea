// What the address of a list of runs says.
import { choiceParam, numberParam, searchReader, textParam } from "@/lib/search-params";

export const STATUSES = [
  "pending",
  "running",
  "completed",
  "partial",
  "failed",
  "cancelled",
] as const;

export const readJobSearch = searchReader({
  status: choiceParam(STATUSES),
  mode: choiceParam(["stream", "bulk"]),
  origin: choiceParam(["web", "api", "cli", "schedule"]),
  project: numberParam,
  cursor: textParam(500),
});

export type JobSearch = ReturnType<typeof readJobSearch>;

/** Whether anything narrows the list. */
export function isNarrowed({ status, mode, origin, project }: JobSearch): boolean {
  return Boolean(status || mode || origin || project);
}
