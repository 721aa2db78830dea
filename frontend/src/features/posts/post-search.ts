// What the address of the posts screen says: filters, order, and the post in the panel.
import type { PostFilter } from "@/api/posts";
import { choiceParam, numberParam, searchReader, textParam } from "@/lib/search-params";

export const readPostSearch = searchReader({
  q: textParam(),
  subreddit: textParam(64),
  author: textParam(64),
  flair: textParam(),
  min_score: numberParam,
  since: textParam(40),
  until: textParam(40),
  job: numberParam,
  sort: choiceParam(["created", "score", "num_comments"]),
  order: choiceParam(["asc", "desc"]),
  post: textParam(20),
});

export type PostSearch = ReturnType<typeof readPostSearch>;

/** The filters that narrow the list, in the order their chips stand. */
export const FILTER_NAMES = [
  "q",
  "subreddit",
  "author",
  "flair",
  "min_score",
  "since",
  "until",
  "job",
] as const;

/** Returns what the API is asked for: the search without the panel. */
export function filterOf({ post: _, ...filter }: PostSearch): PostFilter {
  return filter;
}

export function isFiltered(search: PostSearch): boolean {
  return FILTER_NAMES.some((name) => search[name] !== undefined);
}
