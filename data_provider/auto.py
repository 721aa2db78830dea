"""AUTO: a source made of the configured ones, which asks whichever can answer and is ready.

Changes source only at a page's edge and goes on after the last post given. How a source fares is
written down in a health book that others may share; the order is the operator's.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from data_provider.auto_place import AutoPlace
from data_provider.base import Capabilities, Clock, ScraperBackend, ThreadAnswer
from data_provider.choosing import Choice, Turn, choose
from data_provider.errors import (
    CursorLost,
    InvalidQuery,
    NotConfigured,
    RateLimited,
    SourceError,
    TargetUnavailable,
    Unsupported,
)
from data_provider.health import HealthBook, MemoryHealth
from data_provider.patience import MAX_RATE_LIMIT_WAIT_SECONDS
from data_provider.types import Notice, Page, Post, Query, Subreddit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence

    from data_provider.config import ProviderConfig

T = TypeVar("T")

# How long one source may make a question wait for its rate limit while another could answer.
IMPATIENCE_SECONDS = 20.0

Ability = Literal["search", "subreddit_search", "subreddit_about"]


@dataclass
class _Reading:
    """A listing on its way: where it is, and what the next page has taken so far."""

    query: Query
    place: AutoPlace
    turn: Turn

    def askable(self, able: Sequence[ScraperBackend]) -> list[ScraperBackend]:
        """Return the sources that may be asked, the serving one first."""
        left = [source for source in able if self.place.may_ask(source)]
        # With nobody else at hand the source says itself what became of its order.
        return _first(left or able, self.place.backend)

    def hand_to(self, choice: Choice) -> Notice | None:
        """Let a source go on; return the notice if that is a change."""
        before, source = self.place.backend, choice.source
        if source.name == before:
            return None
        self.place = self.place.served_by(source)
        return _change(before, choice, self.turn)

    def take(self, page: Page) -> Page:
        """Return what is new of a page, with the requests that failed before it."""
        self.place, taken = self.place.take(page, self.query)
        requests = taken.requests + len(self.turn.attempts)
        return taken.model_copy(update={"requests": requests})


class AutoBackend(ScraperBackend):
    """Asks the sources of `config.auto_order`, opened by `open_source` when they are needed."""

    name = "auto"

    def __init__(
        self,
        config: ProviderConfig,
        clock: Clock | None,
        open_source: Callable[[str], ScraperBackend],
        book: HealthBook | None = None,
    ) -> None:
        # Each source reads the session's cookies itself; those that need none go on without.
        super().__init__(config.model_copy(update={"cookies_file": None}), clock)
        self.book: HealthBook = book or MemoryHealth(self.clock)
        self._sources = list(_opened(config.auto_order, open_source))
        self._serving = ""
        self.capabilities = _together([source.capabilities for source in self._sources])
        for source in self._sources:
            source.health = self.book
            source.listeners = self.listeners

    @property
    def serving(self) -> str:
        """Name of the source that answered last; "" before the first answer."""
        return self._serving

    @property
    def requests_made(self) -> int:
        """Requests that all the sources sent so far."""
        return sum(source.requests_made for source in self._sources)

    def check(self, query: Query) -> None:
        """Raise NotConfigured or Unsupported unless one of the sources can answer the query."""
        self._able(query)

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages; here each may have taken several sources."""
        async with aclosing(self.scrape_subreddit_posts_stream(query, cursor)) as items:
            async for item in items:
                if isinstance(item, Page):
                    yield item

    async def scrape_subreddit_posts_stream(
        self, query: Query, cursor: str | None = None
    ) -> AsyncGenerator[Page | Notice, None]:
        """Yield pages, and a Notice before each wait and at each change of source.

        Raises what the target came to, or Exhausted with what each source failed with.
        """
        able = self._able(query)
        reading = _Reading(query, AutoPlace.decode(cursor), Turn(self.clock))
        while True:
            choice = await choose(reading.askable(able), reading.turn, self.book)
            if choice.delay:
                yield await self._tell_wait(choice, reading.turn)
                await self.clock.sleep(choice.delay)
                continue
            if notice := reading.hand_to(choice):
                yield notice
            try:
                async with aclosing(self._pages_of(choice.source, reading)) as pages:
                    async for page in pages:
                        yield page
            except SourceError as error:
                failure = error
            else:
                return
            if notice := self._after_failure(choice.source, failure, reading):
                yield notice
                await self.clock.sleep(notice.retry_after or 0.0)

    async def search_posts(
        self, text: str, *, subreddit: str | None = None, limit: int = 25
    ) -> list[Post]:
        """Return posts that match, best first."""
        return await self._ask(
            self._having("search"),
            lambda one: one.search_posts(text, subreddit=subreddit, limit=limit),
        )

    async def search_subreddits(self, text: str, *, limit: int = 25) -> list[Subreddit]:
        """Return subreddits that match, best first."""
        able = self._having("subreddit_search")
        return await self._ask(able, lambda one: one.search_subreddits(text, limit=limit))

    async def subreddit_about(self, name: str) -> Subreddit:
        """Return what is known of one subreddit."""
        able = self._having("subreddit_about")
        return await self._ask(able, lambda one: one.subreddit_about(name))

    async def thread(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> ThreadAnswer:
        """Return a thread as the first source that can; whoever knows its tree goes before."""
        self.check_thread(depth)
        able = [s for s in self._sources if s.capabilities.problem_with_thread(depth) is None]
        return await self._ask(
            able, lambda one: one.thread(post_id, limit=limit, depth=depth), prefers_trees=True
        )

    async def aclose(self) -> None:
        """Close all the sources."""
        for source in self._sources:
            await source.aclose()

    async def _pages_of(
        self, source: ScraperBackend, reading: _Reading
    ) -> AsyncGenerator[Page, None]:
        """Yield what is new of a source's pages, from the place on, to the listing's end."""
        asked = reading.place.question_to(source, reading.query)
        async with aclosing(source.observed_pages(asked, reading.place.inner)) as pages:
            async for page in pages:
                self._serving = source.name
                taken = reading.take(page)
                yield taken
                reading.turn = Turn(self.clock)
                if taken.cursor is None:
                    return
        raise RuntimeError(f"{source.name} stopped without a reason")

    def _after_failure(
        self, source: ScraperBackend, error: SourceError, reading: _Reading
    ) -> Notice | None:
        """Return the notice of what the same source is asked again after; null for another one."""
        place = reading.place
        may_begin_again = place.is_changed and not (place.is_walking or place.is_paid)
        if isinstance(error, CursorLost) and may_begin_again:
            reading.place = place.from_the_top()
            return _notice(error, source, 0.0)
        delay = self._failed(source, error, reading.turn)
        return None if delay is None else _notice(error, source, delay)

    def _having(self, ability: Ability) -> list[ScraperBackend]:
        """Return the sources that have an ability."""
        able = [one for one in self._sources if getattr(one.capabilities, ability)]
        if not able:
            raise Unsupported(f"No source that is ready has {ability.replace('_', ' ')}.")
        return able

    async def _ask(
        self,
        able: Sequence[ScraperBackend],
        call: Callable[[ScraperBackend], Awaitable[T]],
        *,
        prefers_trees: bool = False,
    ) -> T:
        """Return the first answer; sources retry on their own what passes."""
        patience = MAX_RATE_LIMIT_WAIT_SECONDS if len(able) == 1 else IMPATIENCE_SECONDS
        turn, before = Turn(self.clock), self._serving
        while True:
            # Whoever serves goes on, but a thread's shape is worth a change.
            first = _first(able, self._serving)
            if prefers_trees:
                first.sort(key=lambda one: not one.capabilities.has_comment_tree)
            choice = await self._choose_patiently(first, turn)
            source = choice.source
            if source.name != before and (notice := _change(before, choice, turn)):
                self._hear(notice)
            before, source.patience_seconds = source.name, patience
            try:
                answer = await call(source)
            except SourceError as error:
                self._failed(source, error, turn)
                if not isinstance(error, RateLimited):
                    turn.given_up.add(source.name)
            else:
                self._serving = source.name
                return answer

    async def _choose_patiently(self, able: Sequence[ScraperBackend], turn: Turn) -> Choice:
        """Return a source that is ready, after waiting for one if need be."""
        while True:
            choice = await choose(able, turn, self.book)
            if not choice.delay:
                return choice
            self._hear(await self._tell_wait(choice, turn))
            await self.clock.sleep(choice.delay)

    def _failed(self, source: ScraperBackend, error: SourceError, turn: Turn) -> float | None:
        """Take in a failure as `Turn.failed`; raise what no other source could help with."""
        if isinstance(error, InvalidQuery):
            raise error
        if isinstance(error, TargetUnavailable) and source.knows_fate:
            raise error
        return turn.failed(source.name, error)

    def _able(self, query: Query) -> list[ScraperBackend]:
        """Return the sources that can answer the query."""
        if not self._sources:
            raise NotConfigured(
                "TEPPAN_AUTO_ORDER", "None of the sources of TEPPAN_AUTO_ORDER is ready."
            )
        problems = {one.name: one.capabilities.problem_with(query) for one in self._sources}
        able = [one for one in self._sources if problems[one.name] is None]
        if not able:
            told = ", ".join(f"{name} {problem}" for name, problem in problems.items())
            raise Unsupported(f"No source that is ready can do this: {told}.")
        return able

    async def _tell_wait(self, choice: Choice, turn: Turn) -> Notice:
        name = choice.source.name
        if choice.is_own_pace:
            return _notice(turn.own_error(name), choice.source, choice.delay)
        turn.waited_seconds += choice.delay
        health = (await self.book.look([choice.source.lane]))[choice.source.lane]
        why = f": {health.last_error.detail}" if health.last_error else "."
        return Notice(
            code=health.last_error.code if health.last_error else "rate_limited",
            detail=f"No source is ready; {name} is the next to be asked{why}",
            backend_from=name,
            retry_after=choice.delay,
        )

    def _hear(self, notice: Notice) -> None:
        for listener in self.listeners:
            listener(notice)


def _opened(
    names: Sequence[str], open_source: Callable[[str], ScraperBackend]
) -> Iterator[ScraperBackend]:
    """Yield those of the sources that are installed and have their settings."""
    for name in names:
        try:
            yield open_source(name)
        except (NotConfigured, Unsupported):
            continue


def _together(parts: Sequence[Capabilities]) -> Capabilities:
    """Return what one or another of the sources can do; not all of it at once, perhaps."""
    return Capabilities(
        sorts=frozenset(sort for part in parts for sort in part.sorts),
        max_limit=max((part.max_limit for part in parts), default=0),
        dates=any(part.dates for part in parts),
        search=any(part.search for part in parts),
        comments=any(part.comments for part in parts),
        has_comment_tree=any(part.comments and part.has_comment_tree for part in parts),
        subreddit_search=any(part.subreddit_search for part in parts),
        subreddit_about=any(part.subreddit_about for part in parts),
    )


def _first(sources: Sequence[ScraperBackend], name: str) -> list[ScraperBackend]:
    """Return the sources with the serving one before the others."""
    return sorted(sources, key=lambda source: source.name != name)


def _change(before: str, choice: Choice, turn: Turn) -> Notice | None:
    """Return the notice that another source goes on, with its reason; null at a plain start."""
    reasons = {name: (error.code, error.message) for name, error in turn.attempts}
    reasons |= {name: (last.code, last.detail) for name, last in choice.passed_over}
    if before and before not in reasons:
        reasons = {before: ("not_configured", "It is not at hand any more.")}
    name = before or next(iter(reasons), "")
    if not name:
        return None
    code, why = reasons[name]
    after = choice.source.name
    return Notice(
        code=code, detail=f"{name}: {why} {after} goes on.", backend_from=name, backend_to=after
    )


def _notice(error: SourceError, source: ScraperBackend, delay: float) -> Notice:
    return Notice(
        code=error.code, detail=error.message, backend_from=source.name, retry_after=delay
    )
