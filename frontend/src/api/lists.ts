// What all lists of the API share: pages behind opaque cursors.
import { cursorOf } from "./client";

export interface PageOf<T> {
  next: string | null;
  previous: string | null;
  results: T[];
}

/** The part of an infinite query that walks from page to page. */
export const pageByPage = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: { next?: string | null }) => cursorOf(page.next),
};

/** Returns the rows of all pages in order. */
export function rowsOf<T>(data: { pages: { results: T[] }[] } | undefined): T[] {
  return data?.pages.flatMap((page) => page.results) ?? [];
}
