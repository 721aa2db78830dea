// Search parameters as plain text (`?q=python`), so that addresses stay readable and hand-written ones
// work. Validators turn text into values; what does not fit is dropped, never an error.
import { z } from "./schema";

export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text && `?${text}`;
}

/** Text of a reasonable length, or nothing. */
export function textParam(maxLength = 200) {
  return z.catch(z.optional(z.string().check(z.minLength(1), z.maxLength(maxLength))), undefined);
}

/** A whole number, or nothing. */
export function numberParam() {
  return z.catch(z.optional(z.coerce.number().check(z.int())), undefined);
}

/** One of the words, or nothing. */
export function choiceParam<const T extends readonly [string, ...string[]]>(words: T) {
  return z.catch(z.optional(z.enum(words)), undefined);
}
