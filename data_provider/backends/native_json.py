"""www.reddit.com's public .json pages: no key, and often a wall since May 2026."""

from __future__ import annotations

from data_provider.base import Capabilities
from data_provider.json_listing import JsonListingBackend


class NativeJsonBackend(JsonListingBackend):
    """Reads `{reddit_www_url}/r/NAME/SORT.json`, with the operator's cookies if configured."""

    name = "native_json"
    capabilities = Capabilities(
        search=True, comments=True, subreddit_search=True, subreddit_about=True
    )

    def address(self, path: str) -> str:
        """Return the address of the path's JSON."""
        return f"{self.config.reddit_www_url.rstrip('/')}{path}.json"
