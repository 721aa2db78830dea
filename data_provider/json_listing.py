"""Sources that speak Reddit's .json dialect: everything that they share.

A subclass says where the dialect is spoken and adds what its door asks for (headers, log-in).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from data_provider.base import Clock, ScraperBackend
from data_provider.comment_tree import CommentTree
from data_provider.errors import CursorLost, LayoutChanged
from data_provider.http import HttpClient
from data_provider.listing_cursor import ListingCursor
from data_provider.parsing.reddit_json import (
    Listing,
    parse_listing,
    parse_more_children,
    parse_subreddit,
    parse_thread,
)
from data_provider.statuses import require_json
from data_provider.types import Comment, Page, Post, Query, StoppedBy, Subreddit, subreddit_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from data_provider.config import ProviderConfig

# Larger limits are clamped to this by Reddit (asked for 1024, it gave 100).
PAGE_SIZE = 100
# A listing reaches back about 1000 items; removed ones count there and are not shown.
LISTING_WALL = range(900, 1025)
# Comments that a thread's first answer holds at most.
THREAD_SIZE = 500
# From where to ask again when a page comes back empty: posts before the one that was deleted.
_ANCHORS = (-2, -10)
# So many pages in a row without a new post are a circle, not a listing that moves.
_MOST_STALE_PAGES = 5
_TIMED_SORTS = ("top", "controversial")


class JsonListingBackend(ScraperBackend):
    """A source of Reddit's listings as JSON."""

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        super().__init__(config, clock)
        self.http = HttpClient(config, self.clock, self.name)

    @abstractmethod
    def address(self, path: str) -> str:
        """Return the whole address of a path such as /r/x/new."""

    async def headers(self) -> Mapping[str, str]:
        """Return headers for the next request, such as a token just renewed."""
        return {}

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

    async def search_posts(
        self, text: str, *, subreddit: str | None = None, limit: int = 25
    ) -> list[Post]:
        """Return at most 100 posts that match, best first."""
        path = f"/r/{subreddit_name(subreddit)}/search" if subreddit else "/search"
        params = {"q": text, "sort": "relevance", "limit": str(min(limit, PAGE_SIZE))}
        if subreddit:
            params["restrict_sr"] = "on"
        listing = parse_listing(await self._patiently(path, params))
        return list(listing.posts[:limit])

    async def search_subreddits(self, text: str, *, limit: int = 25) -> list[Subreddit]:
        """Return at most 100 subreddits that match, best first."""
        params = {"q": text, "limit": str(min(limit, PAGE_SIZE))}
        listing = parse_listing(await self._patiently("/subreddits/search", params))
        return list(listing.subreddits[:limit])

    async def subreddit_about(self, name: str) -> Subreddit:
        """Return what is known of one subreddit. Raises NotFound, Private, Banned."""
        return parse_subreddit(await self._patiently(f"/r/{subreddit_name(name)}/about", {}))

    async def comments(self, post_id: str, *, limit: int | None = None) -> list[Comment]:
        """Return a thread depth first; every `more` stub is followed until `limit` is reached."""
        short = post_id.removeprefix("t3_")
        size = str(min(limit or THREAD_SIZE, THREAD_SIZE))
        thread = parse_thread(await self._patiently(f"/comments/{short}", {"limit": size}))
        tree = CommentTree(f"t3_{short}")
        tree.add(thread.comments, thread.more)
        while limit is None or len(tree) < limit:
            if ids := tree.next_ids():
                params = {"api_type": "json", "link_id": f"t3_{short}", "children": ",".join(ids)}
                tree.add(*parse_more_children(await self._patiently("/api/morechildren", params)))
            elif parent := tree.next_parent():
                path = f"/comments/{short}/_/{parent.removeprefix('t1_')}"
                deeper = parse_thread(await self._patiently(path, {"limit": str(THREAD_SIZE)}))
                tree.add(deeper.comments, deeper.more)
            else:
                break
        return tree.depth_first(limit)

    async def aclose(self) -> None:
        """Close connections."""
        await self.http.aclose()

    async def fetch(self, path: str, params: Mapping[str, str]) -> bytes:
        """Return the JSON body at a path, asked for once. Raises SourceError."""
        answer = await self.http.get(
            self.address(path), {**params, "raw_json": "1"}, await self.headers()
        )
        return require_json(answer, self.clock.now())

    async def _patiently(self, path: str, params: Mapping[str, str]) -> bytes:
        return await self.retrying(lambda: self.fetch(path, params))

    async def _page_at(self, query: Query, place: ListingCursor) -> tuple[Listing, int]:
        """Return the listing at a place and the requests it took.

        An empty page where the page before promised more means that its last post is gone; then
        earlier places are tried, and what they repeat is known.
        """
        listing = await self._ask(query, place.after, place.listed)
        if listing.children or listing.after or not place.after:
            return listing, 1
        for requests, (after, back) in enumerate(_anchors(place), start=2):
            listing = await self._ask(query, after, max(0, place.listed - back))
            if listing.children:
                return listing, requests
        raise CursorLost("The listing promised more and gives nothing, from earlier posts either.")

    async def _ask(self, query: Query, after: str, listed: int) -> Listing:
        params = {"limit": str(PAGE_SIZE)}
        if query.sort in _TIMED_SORTS:
            params["t"] = query.time_filter
        if after:
            params |= {"after": after, "count": str(listed)}
        body = await self.fetch(f"/r/{query.subreddit}/{query.sort}", params)
        listing = parse_listing(body)
        if listing.comments or listing.subreddits or listing.more:
            raise LayoutChanged("The listing holds other things than posts.", sample=body)
        return listing


def _anchors(place: ListingCursor) -> Iterator[tuple[str, int]]:
    """Yield earlier places, as (fullname, items back); at least one."""
    earlier = [(place.known[at], -at) for at in _ANCHORS if len(place.known) >= -at]
    yield from earlier
    if place.previous or not earlier:
        yield place.previous or place.after, PAGE_SIZE


def _fresh(posts: tuple[Post, ...], seen: set[str]) -> list[Post]:
    """Return posts not seen before, each once: a page may repeat its own stickied ones."""
    return list({post.id: post for post in posts if post.id not in seen}.values())


def _reason_to_stop(query: Query, place: ListingCursor) -> StoppedBy | None:
    if place.yielded >= query.limit:
        return "limit"
    if place.after:
        return None
    return "listing_cap" if place.listed in LISTING_WALL else "exhausted"
