// A lazily loaded part that is no longer on the server, as browsers word it.

const WORDINGS = [
  "Failed to fetch dynamically imported module",
  "error loading dynamically imported module",
  "Importing a module script failed",
  "Unable to preload CSS",
];

/** Whether an error says that a part of the dashboard could not be loaded. */
export function isMissingChunk(error: unknown): boolean {
  return error instanceof Error && WORDINGS.some((words) => error.message.includes(words));
}
