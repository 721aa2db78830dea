"""The walk through a listing page by page, for every source that is told where the next one starts.

Owns the cursor, the end, and what happens when a listing forgets where we were; how one page is
asked for belongs to the subclass.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from data_provider.base import Ground, ScraperBackend
from data_provider.errors import CursorLost
from data_provider.listing_cursor import ListingCursor, after_last
from data_provider.types import Page, Post, Query, StoppedBy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from data_provider.parsing.reddit_json import Listing

# A listing reaches back about 1000 items; removed ones count there and are not shown.
LISTING_WALL = range(900, 1025)
# From where to ask again when a page comes back empty: posts before the one that was deleted.
_ANCHORS = (-2, -10)
# So many pages in a row without a new post are a circle, not a listing that moves.
_MOST_STALE_PAGES = 5


class PagedBackend(ScraperBackend):
    """A source of listings whose pages name their successor. `page_size` is that of a full one."""

    page_size = 100

    @abstractmethod
    async def ask(self, query: Query, after: str, listed: int) -> Listing:
        """Return the page after a place ("" for the first), `listed` children into the listing."""

    def anchor(self, post_id: str) -> str:
        """Return the place that follows a known post, in the source's own words."""
        return post_id

    def cursor_after(self, ground: Ground) -> str | None:
        """Return a cursor that goes on after the last post of the ground."""
        return after_last(ground, self.anchor(ground.known[-1])).encode()

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages of a listing; see ScraperBackend. Raises CursorLost too."""
        self.check(query)
        place, stale = ListingCursor.decode(cursor), 0
        seen = set(place.known)
        while True:
            listing, requests = await self._page_at(query, place)
            fresh = _fresh(listing.posts, seen)[: max(0, query.limit - place.yielded)]
            seen.update(post.id for post in fresh)
            ids = [post.id for post in listing.posts]
            place = place.moved(listing.after, listing.children, len(fresh), ids)
            stopped_by = _reason_to_stop(query, place)
            stale = 0 if fresh else stale + 1
            if stale > _MOST_STALE_PAGES:
                raise CursorLost("The listing goes round in circles.")
            yield Page(
                posts=tuple(fresh),
                cursor=None if stopped_by else place.encode(),
                stopped_by=stopped_by,
                requests=requests,
                backend=self.name,
                fetched_at=self.clock.now(),
            )
            if stopped_by:
                return

    async def _page_at(self, query: Query, place: ListingCursor) -> tuple[Listing, int]:
        """Return the listing at a place and the requests it took.

        An empty page where the page before promised more means that its last post is gone; then
        earlier places are tried, and what they repeat is known.
        """
        listing = await self.ask(query, place.after, place.listed)
        if listing.children or listing.after or not place.after:
            return listing, 1
        for requests, (after, back) in enumerate(self._anchors(place), start=2):
            listing = await self.ask(query, after, max(0, place.listed - back))
            if listing.children:
                return listing, requests
        raise CursorLost("The listing promised more and gives nothing, from earlier posts either.")

    def _anchors(self, place: ListingCursor) -> Iterator[tuple[str, int]]:
        """Yield earlier places, as (place, items back); at least one."""
        known = place.known
        earlier = [(self.anchor(known[at]), -at) for at in _ANCHORS if len(known) >= -at]
        yield from earlier
        if place.previous or not earlier:
            yield place.previous or place.after, self.page_size


def _fresh(posts: tuple[Post, ...], seen: set[str]) -> list[Post]:
    """Return posts not seen before, each once: a page may repeat its own stickied ones."""
    return list({post.id: post for post in posts if post.id not in seen}.values())


def _reason_to_stop(query: Query, place: ListingCursor) -> StoppedBy | None:
    if place.yielded >= query.limit:
        return "limit"
    if place.after:
        return None
    return "listing_cap" if place.listed in LISTING_WALL else "exhausted"
