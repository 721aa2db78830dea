"""The Arctic Shift archive: Reddit's posts by date, years back, without key and without a wall."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from data_provider.base import Capabilities, Clock, Ground, ScraperBackend
from data_provider.errors import CursorLost, InvalidQuery, NotFound, Upstream
from data_provider.http import HttpClient
from data_provider.listing_cursor import ListingCursor, after_last
from data_provider.parsing.archive import error_of, parse_posts, parse_subreddits
from data_provider.statuses import require_json
from data_provider.types import Page, Post, Query, StoppedBy, Subreddit, subreddit_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from data_provider.config import ProviderConfig
    from data_provider.health import Quota

# The archive's API: a number up to this, or "auto" for 100 to 1000 as its load allows.
LARGEST_PAGE = 100
# What is asked for after time-outs is halved down to this.
SMALLEST_PAGE = 10
# Its answer when a question took it too long ("Timeout. Maybe slow down a bit").
TOOK_TOO_LONG = 422


@dataclass(frozen=True)
class _Step:
    """New posts of one step, the second down to which all is known now, and the end."""

    posts: tuple[Post, ...]
    edge: int
    is_over: bool = False
    requests: int = 1


@dataclass(frozen=True)
class _Answer:
    """Posts wanted, newest first; `is_filled` = some came, `is_full` = there may be more."""

    posts: tuple[Post, ...]
    is_filled: bool
    is_full: bool
    requests: int = 1


class ArchiveBackend(ScraperBackend):
    """Reads `{archive_url}/api/posts/search`, newest posts first.

    Pages are cut by time. The next page begins with the second in which the last one ended, so
    that no post of that second is missed, whether upstream takes its bounds in or not.
    """

    name = "archive"
    # It does not have every subreddit that Reddit has.
    knows_fate = False
    capabilities = Capabilities(
        sorts=frozenset(("new",)), max_limit=1_000_000, dates=True, subreddit_about=True
    )

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        super().__init__(config.model_copy(update={"cookies_file": None}), clock)
        self.http = HttpClient(self.config, self.clock, self.name)
        self._largest_page: int | None = None

    def cursor_after(self, ground: Ground) -> str | None:
        """Return a cursor that begins with the second of the ground's last post."""
        return after_last(ground, str(ground.last_at)).encode()

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages; see ScraperBackend. Raises CursorLost too."""
        self.check(query)
        place = _decode(cursor)
        while True:
            step = await self._step(query, place)
            posts = step.posts[: max(0, query.limit - place.yielded)]
            place = _moved(place, posts, step.edge)
            stopped_by: StoppedBy | None = "exhausted" if step.is_over else None
            if place.yielded >= query.limit:
                stopped_by = "limit"
            yield Page(
                posts=posts,
                cursor=None if stopped_by else place.encode(),
                stopped_by=stopped_by,
                requests=step.requests,
                backend=self.name,
                fetched_at=self.clock.now(),
            )
            if stopped_by:
                return

    async def subreddit_about(self, name: str) -> Subreddit:
        """Return what the archive knew of a subreddit when it looked last. Raises NotFound."""
        return await self.retrying(lambda: self._describe(subreddit_name(name)))

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

    async def _step(self, query: Query, place: ListingCursor) -> _Step:
        if not place.after:
            return await self._first(query, place)
        edge, known = int(place.after), set(place.known)
        requests = 0
        for before in (edge + 1, edge):
            answer = await self._ask_again_if_empty(query, place, before)
            requests += answer.requests
            fresh = _unknown(answer, edge, known)
            if fresh:
                return _Step(fresh, _second(fresh[-1]), requests=requests)
            if not answer.is_full:
                return _Step((), edge, is_over=True, requests=requests)
            # What is younger than the edge came because upstream takes `before` in: then all of
            # the edge's second is still there without it.
            if all(_second(post) <= edge for post in answer.posts):
                break
        raise CursorLost("More posts share a second than the archive shows of one.")

    async def _first(self, query: Query, place: ListingCursor) -> _Step:
        until = math.ceil(query.until.timestamp()) if query.until else None
        answer = await self._ask(query, place, until)
        if answer.posts:
            return _Step(answer.posts, _second(answer.posts[-1]))
        # The archive answers alike for a subreddit without posts and for one that never was.
        await self._describe(query.subreddit)
        return _Step((), 0, is_over=True, requests=2)

    async def _ask_again_if_empty(self, query: Query, place: ListingCursor, before: int) -> _Answer:
        """Return an answer with what is known there at least: it cannot be empty."""
        for requests in (1, 2):
            answer = await self._ask(query, place, before)
            if answer.is_filled:
                return replace(answer, requests=requests)
        raise CursorLost("The archive has lost the posts that it gave.")

    async def _ask(self, query: Query, place: ListingCursor, before: int | None) -> _Answer:
        size = self._size(query, place)
        params = {"subreddit": query.subreddit, "limit": size, "sort": "desc"}
        if query.since:
            params["after"] = str(math.ceil(query.since.timestamp()) - 1)
        if before is not None:
            params["before"] = str(before)
        found = parse_posts(await self._fetch("/api/posts/search", params))
        posts = sorted(found, key=lambda post: post.created_at, reverse=True)
        least = LARGEST_PAGE if size == "auto" else int(size)
        return _Answer(
            posts=tuple(post for post in posts if _is_within(post, query)),
            is_filled=bool(found),
            is_full=len(found) >= least,
        )

    def _size(self, query: Query, place: ListingCursor) -> str:
        """Return the page size to ask for; later pages need room for what they repeat."""
        wanted, most = query.limit - place.yielded, self._largest_page
        if most is None and wanted > LARGEST_PAGE:
            return "auto"
        least = LARGEST_PAGE if place.after else wanted
        return str(min(max(wanted, least), most or LARGEST_PAGE))

    async def _describe(self, name: str) -> Subreddit:
        body = await self._fetch("/api/subreddits/search", {"subreddit": name, "limit": "1"})
        for found in parse_subreddits(body):
            if found.name.casefold() == name.casefold():
                return found
        raise NotFound("The archive knows no such subreddit.")

    async def _fetch(self, path: str, params: dict[str, str]) -> bytes:
        answer = await self.http.get(self.config.archive_url.rstrip("/") + path, params)
        if answer.status == TOOK_TOO_LONG:
            self._largest_page = max(SMALLEST_PAGE, (self._largest_page or 2 * LARGEST_PAGE) // 2)
            detail = error_of(answer.body) or "that took too long"
            raise Upstream(f"The archive says: {detail}", status=answer.status, sample=answer.body)
        return require_json(answer, self.clock.now())


def _moved(place: ListingCursor, posts: tuple[Post, ...], edge: int) -> ListingCursor:
    """Return the place after a page: its edge, and what is known of the edge's second."""
    here = tuple(post.id for post in posts if _second(post) == edge)
    earlier = place.known if place.after == str(edge) else ()
    given = len(posts)
    return ListingCursor(
        after=str(edge),
        listed=place.listed + given,
        yielded=place.yielded + given,
        known=(*earlier, *here),
    )


def _decode(cursor: str | None) -> ListingCursor:
    place = ListingCursor.decode(cursor)
    if place.after and not place.after.isdigit():
        raise InvalidQuery("This is not a cursor of the archive.")
    return place


def _unknown(answer: _Answer, edge: int, known: set[str]) -> tuple[Post, ...]:
    posts = {post.id: post for post in answer.posts if _second(post) <= edge}
    return tuple(post for name, post in posts.items() if name not in known)


def _is_within(post: Post, query: Query) -> bool:
    is_late_enough = query.since is None or post.created_at >= query.since
    return is_late_enough and (query.until is None or post.created_at < query.until)


def _second(post: Post) -> int:
    return int(post.created_at.timestamp())
