"""Which source AUTO asks next: the first in order that can, is ready, and has not failed here.

One `Turn` is one page or one question: what was tried for it, and how long it has waited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_provider import errors
from data_provider.errors import Exhausted, SourceError
from data_provider.patience import (
    FIRST_BACKOFF_SECONDS,
    MAX_RATE_LIMIT_WAIT_SECONDS,
    RetryBudget,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_provider.base import ScraperBackend
    from data_provider.clock import Clock
    from data_provider.health import Health, HealthBook, LastError

# A place in our own rate that is this near is waited for, rather than to change for one page.
SHORT_WAIT_SECONDS = 20.0
# Somebody else is trying a source whose breaker has run out: their answer is soon known.
PROBED_BY_ANOTHER_SECONDS = 1.0

_RECALLED: dict[str, type[SourceError]] = {
    kind.code: kind
    for kind in (
        errors.Blocked,
        errors.Challenge,
        errors.LoginRequired,
        errors.AuthenticationFailed,
        errors.RateLimited,
        errors.Network,
        errors.Timeout,
        errors.InvalidResponse,
        errors.LayoutChanged,
    )
}


@dataclass(frozen=True)
class Choice:
    """A source to ask, in `delay` seconds; `passed_over` are earlier ones and why not they."""

    source: ScraperBackend
    delay: float = 0.0
    passed_over: tuple[tuple[str, LastError], ...] = ()
    is_own_pace: bool = False

    def is_beyond(self, turn: Turn) -> bool:
        """Say whether the wait is longer than a page may take; for our own rate none is."""
        waited = turn.waited_seconds + self.delay
        return not self.is_own_pace and waited > MAX_RATE_LIMIT_WAIT_SECONDS


@dataclass
class Turn:
    """One page or question: the errors so far, who is out of it, and the time spent waiting."""

    clock: Clock
    attempts: list[tuple[str, SourceError]] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)
    waited_seconds: float = 0.0
    _paced_until: dict[str, float] = field(default_factory=dict)
    _budgets: dict[str, RetryBudget] = field(default_factory=dict)

    def failed(self, name: str, error: SourceError) -> float | None:
        """Take in a failure; return the seconds after which the same source is asked again.

        Null: it is not, and another is to be found. A rate limit asks for no waiting here: the
        source's health knows of it, and maybe another source is ready.
        """
        self.attempts.append((name, error))
        if isinstance(error, errors.RateLimited):
            return self._paced(name, error)
        budget = self._budgets.setdefault(name, RetryBudget(self.clock))
        try:
            return budget.next_delay(error)
        except SourceError:
            self.given_up.add(name)
            return None

    def own_wait(self, name: str) -> float:
        """Return the seconds until our own rate lets a source be asked; nobody refused it."""
        return max(0.0, self._paced_until.get(name, 0.0) - self.clock.monotonic())

    def own_error(self, name: str) -> SourceError:
        """Return what a source's latest attempt failed with."""
        return dict(self.attempts)[name]

    def _paced(self, name: str, error: errors.RateLimited) -> float | None:
        if not error.is_own_pace:
            return None
        wait = error.retry_after or FIRST_BACKOFF_SECONDS
        self._paced_until[name] = self.clock.monotonic() + wait
        return wait if wait <= SHORT_WAIT_SECONDS else None

    def error(self) -> SourceError:
        """Return what the whole turn failed with: the one source's last word, or all attempts."""
        if len({name for name, _ in self.attempts}) == 1:
            return self.attempts[-1][1]
        return Exhausted(self.attempts)


async def choose(sources: Sequence[ScraperBackend], turn: Turn, book: HealthBook) -> Choice:
    """Return whom to ask; `sources` are in the order of preference, the serving one first.

    Raises the turn's error when all are out, or would take longer than a page may wait.
    """
    left = [source for source in sources if source.name not in turn.given_up]
    health = await book.look([source.lane for source in left])
    passed_over: list[tuple[str, LastError]] = []
    soonest: Choice | None = None
    for source in left:
        own = turn.own_wait(source.name)
        delay = max(own, await _delay(source, health, book))
        if delay <= 0:
            return Choice(source, passed_over=tuple(passed_over))
        last = health[source.lane].last_error
        if last is not None:
            passed_over.append((source.name, last))
        if soonest is None or delay < soonest.delay:
            soonest = Choice(source, delay, is_own_pace=delay <= own)
    if soonest is None or soonest.is_beyond(turn):
        tried = {name for name, _ in turn.attempts}
        untried = [(name, last) for name, last in passed_over if name not in tried]
        turn.attempts += [(name, _recalled(last)) for name, last in untried]
        raise turn.error()
    return soonest


async def _delay(source: ScraperBackend, health: Mapping[str, Health], book: HealthBook) -> float:
    state = health[source.lane]
    if state.ready_in > 0 or not state.needs_probe:
        return state.ready_in
    return 0.0 if await book.claim_probe(source.lane) else PROBED_BY_ANOTHER_SECONDS


def _recalled(last: LastError) -> SourceError:
    """Return the error that a source is known to give now, without asking it."""
    return _RECALLED.get(last.code, errors.Network)(last.detail)
