// Reads subreddit names as people paste them: r/name, addresses, commas, lines.

const SEPARATORS = /[\s,;]+/;
const ADDRESS = /^(?:https?:\/\/)?(?:[\w-]+\.)*reddit\.com\/r\/([^/?#]+).*$/i;
const PREFIX = /^\/?r\//i;

/** Returns the distinct names in the order given; case does not make a difference on Reddit. */
export function parseSubredditNames(text: string): string[] {
  const names = new Map<string, string>();
  for (const word of text.split(SEPARATORS)) {
    const name = word.replace(ADDRESS, "$1").replace(PREFIX, "").replace(/\/+$/, "");
    if (name && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return [...names.values()];
}
