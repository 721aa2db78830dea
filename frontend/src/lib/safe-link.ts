// Which addresses of scraped text may become links. Everything else is shown as plain text.

const ALLOWED_SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** What every link out of scraped text says about itself. */
export const FOREIGN_LINK = { rel: "noopener noreferrer nofollow", target: "_blank" } as const;

/** Returns the address as the browser will follow it, or null when it must not be followed. */
export function safeHref(address: string): string | null {
  // Reddit writes links within itself without a host.
  const base = address.startsWith("/") ? "https://www.reddit.com" : undefined;
  try {
    const url = new URL(address, base);
    return ALLOWED_SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
