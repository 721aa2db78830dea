// What a source can do, in a few words each.
import { formatCount } from "@/lib/format";

const ALL_SORTS = 5;

/** Returns the abilities that the API lists, the usual ones first; unknown ones are left out. */
export function abilitiesOf(capabilities: Record<string, unknown>): string[] {
  const { sorts, max_limit, dates, search, comments, subreddit_search, streaming, cost } =
    capabilities;
  const { has_comment_tree } = capabilities;
  const names = Array.isArray(sorts) ? sorts.map(String) : [];
  return [
    names.length >= ALL_SORTS ? "all sorts" : names.length > 0 ? `sorts: ${names.join(", ")}` : "",
    typeof max_limit === "number" ? `up to ${formatCount(max_limit)} posts` : "",
    dates ? "by date" : "",
    comments ? (has_comment_tree === false ? "comments without their tree" : "comments") : "",
    search ? "search" : "",
    subreddit_search ? "finds subreddits" : "",
    streaming === false ? "not live" : "live",
    cost === "paid" ? "paid" : "",
  ].filter(Boolean);
}
