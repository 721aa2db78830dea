// The typed client of the REST API. Features call it through the query options beside this file.
import createClient from "openapi-fetch";
import { authorizedFetch } from "./access";
import { errorOfResponse } from "./errors";
import type { paths } from "./schema";

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: authorizedFetch,
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Returns the body of a successful call; throws ApiError otherwise. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw errorOfResponse(response, error);
  return data as T;
}

/** Returns the cursor in a list's `next` or `previous` address, or undefined where it ends. */
export function cursorOf(address: string | null | undefined, name = "cursor"): string | undefined {
  if (!address) return undefined;
  return new URL(address, window.location.origin).searchParams.get(name) ?? undefined;
}
