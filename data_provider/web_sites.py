"""The two web sites of Reddit as a browser reads them: which address has what, and which parser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from data_provider.parsing import old_html, shreddit_html

if TYPE_CHECKING:
    from data_provider.parsing.reddit_json import Listing
    from data_provider.types import Query, Subreddit

_TIMED_SORTS = ("top", "controversial")


@dataclass(frozen=True)
class Place:
    """A path with its query. A part is fetched by script from its page; a page is shown."""

    path: str
    is_part: bool = False


class Site(Protocol):
    """What the sources need to know of a site."""

    page_size: int

    def first(self, query: Query) -> Place:
        """Return where a listing starts."""

    def next(self, query: Query, after: str, listed: int) -> Place:
        """Return where a listing goes on."""

    def anchor(self, post_id: str) -> str:
        """Return the cursor of what follows a post."""

    def read_listing(self, html: str, *, is_part: bool) -> Listing:
        """Return the posts of a page or part. Raises LayoutChanged."""

    def read_subreddit(self, html: str) -> Subreddit:
        """Return what a page tells of its subreddit. Raises LayoutChanged."""


class OldSite:
    """old.reddit.com: every page is a page."""

    page_size = 100

    def first(self, query: Query) -> Place:
        """Return where a listing starts."""
        return self._place(query, {})

    def next(self, query: Query, after: str, listed: int) -> Place:
        """Return where a listing goes on, as the page's own link does."""
        return self._place(query, {"count": str(listed), "after": after})

    def anchor(self, post_id: str) -> str:
        """Return the cursor, which is the post's name."""
        return post_id

    def read_listing(self, html: str, *, is_part: bool) -> Listing:
        """Return the posts of a page."""
        return old_html.parse_listing(html)

    def read_subreddit(self, html: str) -> Subreddit:
        """Return what stands beside the listing."""
        return old_html.parse_subreddit(html)

    def _place(self, query: Query, more: dict[str, str]) -> Place:
        params = {"limit": str(self.page_size), **_period(query), **more}
        return Place(f"/r/{query.subreddit}/{query.sort}/?{urlencode(params)}")


class WwwSite:
    """www.reddit.com: a page with the first cards, and parts with the others."""

    page_size = 25

    def first(self, query: Query) -> Place:
        """Return the subreddit's page."""
        period = urlencode(_period(query))
        return Place(f"/r/{query.subreddit}/{query.sort}/" + (f"?{period}" if period else ""))

    def next(self, query: Query, after: str, listed: int) -> Place:
        """Return the part that the feed loads next."""
        params = {
            "after": after + "=" * (-len(after) % 4),
            "t": query.time_filter.upper(),
            "name": query.subreddit,
            "feedLength": str(listed),
        }
        path = f"/svc/shreddit/community-more-posts/{query.sort}/?{urlencode(params)}"
        return Place(path, is_part=True)

    def anchor(self, post_id: str) -> str:
        """Return the cursor, which is the post's name in base64."""
        return shreddit_html.cursor_after(post_id)

    def read_listing(self, html: str, *, is_part: bool) -> Listing:
        """Return the cards."""
        parse = shreddit_html.parse_partial if is_part else shreddit_html.parse_feed
        return parse(html)

    def read_subreddit(self, html: str) -> Subreddit:
        """Return what the header tells."""
        return shreddit_html.parse_subreddit(html)


def _period(query: Query) -> dict[str, str]:
    return {"t": query.time_filter} if query.sort in _TIMED_SORTS else {}
