// Search parameters as plain text (`?q=python`), so that addresses stay readable and hand-written ones
// work. Readers turn text into values; what does not fit is dropped, never an error.

type Reader<T> = (raw: string) => T | undefined;
type Readers = Record<string, Reader<unknown>>;
type SearchOf<R extends Readers> = { [K in keyof R]?: Exclude<ReturnType<R[K]>, undefined> };

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

/** Returns the validator of a route's search: known names only, each with a value that fits. */
export function searchReader<R extends Readers>(readers: R) {
  return (raw: Record<string, unknown>): SearchOf<R> => {
    const found: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(readers)) {
      const value = raw[name] === undefined ? undefined : read(String(raw[name]));
      if (value !== undefined) found[name] = value;
    }
    return found as SearchOf<R>;
  };
}

/** Text of a reasonable length, or nothing. */
export function textParam(maxLength = 200): Reader<string> {
  return (raw) => (raw.length > 0 && raw.length <= maxLength ? raw : undefined);
}

/** A whole number, or nothing. */
export function numberParam(raw: string): number | undefined {
  return /^-?\d{1,15}$/.test(raw) ? Number(raw) : undefined;
}

/** One of the words, or nothing. */
export function choiceParam<const T extends string>(words: readonly T[]): Reader<T> {
  return (raw) => words.find((word) => word === raw);
}
