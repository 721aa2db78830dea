"""www.reddit.com's Atom feeds: no key, no scores, and about one request a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_provider.base import Capabilities, Clock, Ground, ScraperBackend, ThreadAnswer
from data_provider.errors import CursorLost, InvalidResponse, LayoutChanged, RateLimited
from data_provider.http import HttpClient
from data_provider.listing_cursor import ListingCursor, after_last
from data_provider.parsing.atom import Feed, parse_feed
from data_provider.statuses import require_success
from data_provider.types import Page, Post, Query, StoppedBy
from data_provider.walls import find_wall

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from data_provider.config import ProviderConfig
    from data_provider.health import Quota

# Asked for; recorded feeds hold PAGE_SIZE entries whatever was asked.
LARGEST_PAGE = 100
PAGE_SIZE = 25
# A thread's feed holds what its page shows, which is so many comments at most.
LARGEST_THREAD = 500
# A refusal without a word on its length: since June 2026 feeds allow one request a minute.
REFUSED_SECONDS = 60.0
# A listing reaches back about 1000 items; removed ones count there and are not shown.
LISTING_WALL = range(900, 1025)
# So many full pages in a row without a new post are a circle, not a listing that moves.
_MOST_STALE_PAGES = 5
# From where to ask again when a page comes back empty: posts before the one that was deleted.
_ANCHORS = (-2, -10)
_TIMED_SORTS = ("top", "controversial")


class RssBackend(ScraperBackend):
    """Reads `{reddit_www_url}/r/NAME/SORT.rss`, and `/comments/ID.rss` for a thread.

    A feed does not say whether there is more. An empty page is the end only if an earlier post
    still has its successors, all known; if not, the listing has forgotten where we were.
    """

    name = "rss"
    capabilities = Capabilities(comments=True, max_comments=LARGEST_THREAD, has_comment_tree=False)

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        super().__init__(config, clock)
        self.http = HttpClient(config, self.clock, self.name)
        self._base = config.reddit_www_url.rstrip("/")

    def cursor_after(self, ground: Ground) -> str | None:
        """Return a cursor that goes on after the last post of the ground."""
        return after_last(ground, ground.known[-1]).encode()

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages of a listing; see ScraperBackend. Raises CursorLost too."""
        self.check(query)
        place, stale = ListingCursor.decode(cursor), 0
        seen = set(place.known)
        while True:
            posts, requests = await self._page_at(query, place)
            fresh = list({post.id: post for post in posts if post.id not in seen}.values())
            is_over = not fresh and len(posts) < PAGE_SIZE
            fresh = fresh[: max(0, query.limit - place.yielded)]
            seen.update(post.id for post in fresh)
            place = _moved(place, posts, len(fresh))
            stale = 0 if fresh else stale + 1
            if stale > _MOST_STALE_PAGES:
                raise CursorLost("The feed goes round in circles.")
            stopped_by = _reason_to_stop(query, place, is_over=is_over)
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

    async def thread(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> ThreadAnswer:
        """Return the comments that a thread's feed shows, all of them as answers to the post.

        What the thread's page leaves out, its feed does too.
        """
        self.check_thread(depth)
        address = f"{self._base}/comments/{post_id.removeprefix('t3_')}.rss"
        params = {"limit": str(min(limit or LARGEST_THREAD, LARGEST_THREAD))}
        feed = await self.retrying(lambda: self._fetch(address, params))
        if [post.id for post in feed.posts] != [post_id] or feed.others:
            raise LayoutChanged("The feed is not that of the post's thread.")
        found = {comment.id: comment for comment in feed.comments if comment.post_id == post_id}
        return ThreadAnswer(list(found.values())[:limit])

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.http.requests_made

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of its window."""
        return self.http.pacer.quota

    async def aclose(self) -> None:
        """Close connections."""
        await self.http.aclose()

    async def _page_at(self, query: Query, place: ListingCursor) -> tuple[tuple[Post, ...], int]:
        """Return the posts after a place and the requests it took."""
        posts = await self._ask(query, place.after)
        if posts or not place.known:
            return posts, 1
        anchors = [place.known[at] for at in _ANCHORS if len(place.known) >= -at]
        for requests, after in enumerate((*anchors, place.previous), start=2):
            posts = await self._ask(query, after)
            if posts:
                return posts, requests
        raise CursorLost("The feed goes on from none of the posts that it gave.")

    async def _ask(self, query: Query, after: str) -> tuple[Post, ...]:
        params = {"limit": str(LARGEST_PAGE)}
        if query.sort in _TIMED_SORTS:
            params["t"] = query.time_filter
        if after:
            params["after"] = after
        feed = await self._fetch(f"{self._base}/r/{query.subreddit}/{query.sort}.rss", params)
        if feed.comments or feed.others:
            raise LayoutChanged("The feed holds other things than posts.")
        return feed.posts

    async def _fetch(self, url: str, params: dict[str, str]) -> Feed:
        answer = await self.http.get(url, params)
        try:
            require_success(answer, self.clock.now())
        except RateLimited as error:
            wait = error.retry_after or REFUSED_SECONDS
            await self.http.pacer.refused(wait)
            raise RateLimited(error.message, retry_after=wait) from error
        try:
            return parse_feed(answer.body)
        except (InvalidResponse, LayoutChanged) as error:
            raise find_wall(answer.body) or error from None


def _moved(place: ListingCursor, posts: tuple[Post, ...], fresh: int) -> ListingCursor:
    """Return the position after a page.

    A short page is probably the last one: then the next is asked for from the post before its
    end, so that a single answer tells the end from a lost place.
    """
    ids = [post.id for post in posts]
    place = place.moved(ids[-1] if ids else "", fresh, fresh, ids)
    if len(posts) >= PAGE_SIZE:
        return place
    before_last = place.known[-2] if len(place.known) > 1 else ""
    return ListingCursor(before_last, place.previous, place.listed, place.yielded, place.known)


def _reason_to_stop(query: Query, place: ListingCursor, *, is_over: bool) -> StoppedBy | None:
    if place.yielded >= query.limit:
        return "limit"
    if not is_over:
        return None
    return "listing_cap" if place.listed in LISTING_WALL else "exhausted"
