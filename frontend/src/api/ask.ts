// Requests whose shapes are written beside them by hand instead of read from the OpenAPI document.
import { authorizedFetch } from "./access";
import { errorOfResponse } from "./errors";

interface Asked {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** Makes a repeated request act once. */
  idempotencyKey?: string;
}

/** Returns the body of a successful answer, null where it has none. Throws ApiError. */
export async function ask<T>(method: string, path: string, asked: Asked = {}): Promise<T> {
  const url = new URL(path, window.location.origin);
  for (const [name, value] of Object.entries(asked.query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  const headers = new Headers();
  if (asked.body !== undefined) headers.set("Content-Type", "application/json");
  if (asked.idempotencyKey) headers.set("Idempotency-Key", asked.idempotencyKey);
  const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
  const response = await authorizedFetch(new Request(url, { method, headers, body }));
  const text = await response.text();
  const answer = parse(text);
  if (!response.ok) throw errorOfResponse(response, answer);
  return answer as T;
}

function parse(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
