"""The interface of a source, the retry policy that all share, and the clock they are given."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeVar

from data_provider.errors import RateLimited, SourceError, Transient, Unsupported
from data_provider.types import Comment, CommentThread, Notice, Page, Post, Query, Sort, Subreddit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from data_provider.config import ProviderConfig

# CONTRACT: transient faults are tried five times per page, one second doubling with jitter.
MAX_TRIES = 5
FIRST_BACKOFF_SECONDS = 1.0
# Reddit has sent 429s without a word on their length: ask about once a minute at the longest.
LONGEST_BACKOFF_SECONDS = 60.0
# CONTRACT: waits that a rate limit asks for add up to ten minutes per page at most.
MAX_RATE_LIMIT_WAIT_SECONDS = 600.0
# Spreads clients that failed at the same moment; a quarter keeps the doubling visible.
JITTER = 0.25

T = TypeVar("T")


class Clock(Protocol):
    """Time as a source sees it.

    `sleep` and `monotonic` count the same seconds: a clock that shortens waits (tests do)
    runs `monotonic` faster by the same factor. `random` gives [0, 1).
    """

    def now(self) -> datetime:
        """Return the instant, aware."""

    def monotonic(self) -> float:
        """Return seconds since any fixed point."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def random(self) -> float:
        """Return a number for jitter."""


@dataclass(frozen=True)
class SystemClock:
    """The machine's time; `scale` multiplies every wait (0.01 = a hundred times shorter)."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError("the scale of time is above 0")

    def now(self) -> datetime:
        """Return the instant in UTC, unscaled."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds, in which a scaled `sleep(n)` lasts n."""
        return time.monotonic() / self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds * scale`."""
        await asyncio.sleep(seconds * self.scale)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return random.random()  # noqa: S311


@dataclass(frozen=True)
class Capabilities:
    """What a source can answer. `needs` are the settings without which it cannot start."""

    sorts: frozenset[Sort] = frozenset(("hot", "new", "top", "rising", "controversial"))
    max_limit: int = 1000
    dates: bool = False
    search: bool = False
    comments: bool = False
    subreddit_search: bool = False
    subreddit_about: bool = False
    streaming: bool = True
    needs: tuple[str, ...] = ()
    cost: Literal["free", "paid"] = "free"

    def problem_with(self, query: Query) -> str | None:
        """Return why such a source cannot answer the query ("cannot ..."), null if it can."""
        if query.sort not in self.sorts:
            return f"cannot sort by {query.sort}"
        if query.limit > self.max_limit:
            return f"gives at most {self.max_limit} posts"
        if (query.since or query.until) and not self.dates:
            return "cannot select by date"
        return None


@dataclass
class RetryBudget:
    """Patience for one page: how often, and how long in all."""

    clock: Clock
    failures: int = field(default=0, init=False)
    limits: int = field(default=0, init=False)
    waited_seconds: float = field(default=0.0, init=False)

    def next_delay(self, error: SourceError) -> float:
        """Return the seconds to wait before asking again; raise `error` when patience is over."""
        if not error.is_retryable:
            raise error
        word = error.retry_after if isinstance(error, Transient) else None
        if isinstance(error, RateLimited):
            self.limits += 1
            # "Retry-After: 0" occurs in recordings: it is no word at all.
            return self._spend(word or self._backoff(self.limits), error)
        self.failures += 1
        if self.failures >= MAX_TRIES:
            raise error
        return self._spend(max(self._backoff(self.failures), word or 0.0), error)

    def _spend(self, delay: float, error: SourceError) -> float:
        if self.waited_seconds + delay > MAX_RATE_LIMIT_WAIT_SECONDS:
            raise error
        self.waited_seconds += delay
        return delay

    def _backoff(self, attempt: int) -> float:
        seconds = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 30), LONGEST_BACKOFF_SECONDS)
        return seconds * (1 + JITTER * (2 * self.clock.random() - 1))


class ScraperBackend(ABC):
    """A source of Reddit content. Use as an async context manager, or call `aclose`."""

    name: str
    capabilities: Capabilities

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self._listeners: list[Callable[[Notice], None]] = []

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return 0

    @abstractmethod
    def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages after `cursor`, each asked for once; the last one has no cursor.

        Never gives more than `query.limit` posts, those before `cursor` included.
        Raises SourceError.
        """

    async def scrape_subreddit_posts_stream(
        self, query: Query, cursor: str | None = None
    ) -> AsyncGenerator[Page | Notice, None]:
        """Yield pages, asking again where that may help, and a Notice before each wait.

        No post comes twice. Raises the last SourceError when patience is over; the pages
        yielded so far remain good and the last cursor goes on after them.
        """
        self.check(query)
        budget, failed, seen = RetryBudget(self.clock), 0, set[str]()
        while True:
            try:
                async with aclosing(self.pages(query, cursor)) as pages:
                    async for page in pages:
                        yield _without_known(page, seen, failed)
                        cursor, budget, failed = page.cursor, RetryBudget(self.clock), 0
                        if cursor is None:
                            return
                raise RuntimeError(f"{self.name} stopped without a reason")
            except SourceError as error:
                delay = budget.next_delay(error)
                notice, failed = self._notice(error, delay), failed + 1
            yield notice
            await self.clock.sleep(delay)

    async def scrape_subreddit_posts(self, query: Query) -> list[Post]:
        """Return all posts of the query. Raises SourceError, and then gives none."""
        posts: list[Post] = []
        async with aclosing(self.scrape_subreddit_posts_stream(query)) as items:
            async for item in items:
                if isinstance(item, Page):
                    posts.extend(item.posts)
        return posts

    async def search_posts(
        self, text: str, *, subreddit: str | None = None, limit: int = 25
    ) -> list[Post]:
        """Return posts that match, best first."""
        raise Unsupported(f"{self.name} cannot search posts.")

    async def search_subreddits(self, text: str, *, limit: int = 25) -> list[Subreddit]:
        """Return subreddits that match, best first."""
        raise Unsupported(f"{self.name} cannot search subreddits.")

    async def subreddit_about(self, name: str) -> Subreddit:
        """Return what is known of one subreddit."""
        raise Unsupported(f"{self.name} cannot describe subreddits.")

    async def comments(self, post_id: str, *, limit: int | None = None) -> list[Comment]:
        """Return the comments of post `t3_x`, depth first, at most `limit` (null = all)."""
        raise Unsupported(f"{self.name} cannot read comments.")

    async def scrape_comments_stream(
        self, post_id: str, *, limit: int | None = None
    ) -> AsyncGenerator[CommentThread | Notice, None]:
        """Yield a Notice before each wait, and at the end the comments. Raises as `comments`."""
        told: asyncio.Queue[Notice | None] = asyncio.Queue()
        before = self.requests_made
        self._listeners.append(told.put_nowait)
        reading = asyncio.ensure_future(self.comments(post_id, limit=limit))
        reading.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (notice := await told.get()) is not None:
                yield notice
            yield CommentThread(
                comments=tuple(reading.result()),
                requests=self.requests_made - before,
                backend=self.name,
                fetched_at=self.clock.now(),
            )
        finally:
            self._listeners.remove(told.put_nowait)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def aclose(self) -> None:
        """Close connections; the source is not used afterwards."""
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def check(self, query: Query) -> None:
        """Raise Unsupported unless this source can answer the query."""
        problem = self.capabilities.problem_with(query)
        if problem:
            raise Unsupported(f"{self.name} {problem}.")

    async def retrying(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `call`, made again under the same policy as a page."""
        budget = RetryBudget(self.clock)
        while True:
            try:
                return await call()
            except SourceError as error:
                delay = budget.next_delay(error)
                for listener in self._listeners:
                    listener(self._notice(error, delay))
            await self.clock.sleep(delay)

    def _notice(self, error: SourceError, delay: float) -> Notice:
        return Notice(
            code=error.code, detail=error.message, backend_from=self.name, retry_after=delay
        )


def _without_known(page: Page, seen: set[str], failed: int) -> Page:
    fresh = tuple(post for post in page.posts if post.id not in seen)
    seen.update(post.id for post in fresh)
    if not failed and len(fresh) == len(page.posts):
        return page
    return page.model_copy(update={"posts": fresh, "requests": page.requests + failed})
