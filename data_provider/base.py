"""The interface of a source: what each must do, and what all of them get for it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from data_provider.clock import Clock, SystemClock
from data_provider.config import check_proxy, egress_of, read_cookies
from data_provider.errors import SourceError, TargetUnavailable, Unsupported
from data_provider.health import HealthBook, Outcome, Quota
from data_provider.patience import MAX_RATE_LIMIT_WAIT_SECONDS, RetryBudget
from data_provider.types import Comment, CommentThread, Notice, Page, Post, Query, Sort, Subreddit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from data_provider.config import ProviderConfig

__all__ = [
    "Capabilities",
    "Clock",
    "Ground",
    "RetryBudget",
    "ScraperBackend",
    "SystemClock",
    "ThreadAnswer",
]

# Reddit's own, there since 2005; whether it exists does not matter to a test of the connection.
PROBED_SUBREDDIT = "announcements"

T = TypeVar("T")


@dataclass(frozen=True)
class Capabilities:
    """What a source can answer. `needs` are the settings without which it cannot start.

    Of a thread it gives at most `max_comments` (null = all); without `has_comment_tree` it does
    not know whom they answer.
    """

    sorts: frozenset[Sort] = frozenset(("hot", "new", "top", "rising", "controversial"))
    max_limit: int = 1000
    dates: bool = False
    search: bool = False
    comments: bool = False
    max_comments: int | None = None
    has_comment_tree: bool = True
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

    def problem_with_thread(self, depth: int | None) -> str | None:
        """Return why such a source cannot read a thread to that depth (null = all of it)."""
        if not self.comments:
            return "cannot read comments"
        if depth is not None and not self.has_comment_tree:
            return "does not know how deep a comment lies"
        return None


@dataclass(frozen=True)
class Ground:
    """What was given of a listing: how many, the latest ids, oldest first, the last one's second.

    `last_at` is Unix time.
    """

    yielded: int
    known: tuple[str, ...]
    last_at: int


@dataclass(frozen=True)
class ThreadAnswer:
    """A post's comments depth first; `expected` is how many it has, where the answer says so."""

    comments: list[Comment]
    expected: int | None = None


class SyncBridge:
    """Runs the blocking calls of a library that knows no asyncio, one at a time, in a thread.

    A call that is cancelled runs on in its thread: whoever cancels ends what it waits for.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def call(self, function: Callable[..., T], *args: object) -> T:
        """Return the function's result; what it raises is raised."""
        return await asyncio.wrap_future(self._thread.submit(function, *args))

    def close(self) -> None:
        """Let the thread end with its current call; returns at once."""
        self._thread.shutdown(wait=False, cancel_futures=True)


class ScraperBackend(ABC):
    """A source of Reddit content. Use as an async context manager, or call `aclose`."""

    name: str
    capabilities: Capabilities
    # Who hears how this source fares; whoever opens it may set one.
    health: HealthBook | None = None
    # How long rate limits may make a single question wait: less where another source is at hand.
    patience_seconds: float = MAX_RATE_LIMIT_WAIT_SECONDS
    # Whether its word that a subreddit is gone is Reddit's own.
    knows_fate: bool = True

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        # What is wrong is said when a source is set up, and not when it is first asked.
        check_proxy(config)
        read_cookies(config)
        self.config = config
        self.clock: Clock = clock or SystemClock()
        # Who hears of the waits within a single question.
        self.listeners: list[Callable[[Notice], None]] = []

    @property
    def lane(self) -> str:
        """Name of what walls and limits are counted by: the source, and the way out it takes."""
        return f"{self.name}@{egress_of(self.config)}"

    @property
    def serving(self) -> str:
        """Name of the source that really answers; "" while none was chosen."""
        return self.name

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return 0

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of its window."""
        return None

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
                async with aclosing(self.observed_pages(query, cursor)) as pages:
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

    def cursor_after(self, ground: Ground) -> str | None:
        """Return a cursor that goes on after what another source gave.

        Null where this source can only begin at the top.
        """
        return None

    def has_lost(self, cursor: str) -> bool:
        """Say whether a cursor is of a paid request that may have been placed, or not.

        Asking again could be billed twice, so such a cursor leads nowhere.
        """
        return False

    async def observed_pages(
        self, query: Query, cursor: str | None = None
    ) -> AsyncGenerator[Page, None]:
        """Yield `pages`, and tell the health book how each went, once it is handed over."""
        started = self.clock.monotonic()
        try:
            async with aclosing(self.pages(query, cursor)) as pages:
                async for page in pages:
                    seconds = self.clock.monotonic() - started
                    try:
                        yield page
                    finally:
                        if page.requests:
                            await self._observe(seconds)
                    started = self.clock.monotonic()
        except SourceError as error:
            await self._observe(self.clock.monotonic() - started, error)
            raise

    async def scrape_subreddit_posts(self, query: Query) -> list[Post]:
        """Return all posts of the query. Raises SourceError, and then gives none."""
        posts: list[Post] = []
        async with aclosing(self.scrape_subreddit_posts_stream(query)) as items:
            async for item in items:
                if isinstance(item, Page):
                    posts.extend(item.posts)
        return posts

    async def check_connection(self) -> None:
        """Ask one cheap question; raise SourceError if the source did not answer it."""
        query = Query(subreddit=PROBED_SUBREDDIT, limit=1)
        with suppress(TargetUnavailable):  # that is an answer
            async with aclosing(self.observed_pages(query)) as pages:
                await anext(pages)

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

    async def thread(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> ThreadAnswer:
        """Return the comments of post `t3_x`, depth first, and how many there are.

        At most `limit` of at most `depth` levels (null = all). Raises Unsupported where comments
        cannot be read, or not to a depth.
        """
        raise Unsupported(f"{self.name} cannot read comments.")

    async def comments(self, post_id: str, *, limit: int | None = None) -> list[Comment]:
        """Return the comments of a thread of all levels."""
        return (await self.thread(post_id, limit=limit)).comments

    async def scrape_comments_stream(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> AsyncGenerator[CommentThread | Notice, None]:
        """Yield a Notice before each wait, and at the end the comments. Raises as `thread`."""
        told: asyncio.Queue[Notice | None] = asyncio.Queue()
        before = self.requests_made
        self.listeners.append(told.put_nowait)
        reading = asyncio.ensure_future(self.thread(post_id, limit=limit, depth=depth))
        reading.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (notice := await told.get()) is not None:
                yield notice
            answer = reading.result()
            yield CommentThread(
                comments=tuple(answer.comments),
                expected=answer.expected,
                requests=self.requests_made - before,
                backend=self.serving,
                fetched_at=self.clock.now(),
            )
        finally:
            self.listeners.remove(told.put_nowait)
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

    def check_thread(self, depth: int | None) -> None:
        """Raise Unsupported unless this source can read a thread to that depth."""
        problem = self.capabilities.problem_with_thread(depth)
        if problem:
            raise Unsupported(f"{self.name} {problem}.")

    async def retrying(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `call`, made again under the same policy as a page."""
        budget = RetryBudget(self.clock, self.patience_seconds)
        while True:
            started = self.clock.monotonic()
            try:
                answer = await call()
            except SourceError as error:
                await self._observe(self.clock.monotonic() - started, error)
                delay = budget.next_delay(error)
                for listener in self.listeners:
                    listener(self._notice(error, delay))
            else:
                await self._observe(self.clock.monotonic() - started)
                return answer
            await self.clock.sleep(delay)

    async def _observe(self, seconds: float, error: SourceError | None = None) -> None:
        if self.health is not None:
            await self.health.record(self.lane, Outcome(seconds, error, self.quota))

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
