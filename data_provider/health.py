"""How the sources fare: their latest outcomes, what is left of a quota, when to ask one again.

Owns the rules (what counts as a failure, how long a breaker stays open) and the book for a single
process; a book shared by several keeps the same `Health` elsewhere.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003 -- read at run time by who stores a Health
from typing import TYPE_CHECKING, Literal, Protocol

from data_provider.errors import (
    AuthenticationFailed,
    CursorLost,
    InvalidQuery,
    NotConfigured,
    RateLimited,
    SourceError,
    TargetUnavailable,
    Unsupported,
    Walled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data_provider.clock import Clock

State = Literal["unknown", "healthy", "degraded", "limited", "open"]

# Enough outcomes to see a trend, few enough that an hour-old outage is forgotten.
WINDOW = 50
# Below this share of successes a source that answers is called degraded.
HEALTHY_SHARE = 0.9
# A breaker stays open for a minute, then twice as long each time, up to a quarter of an hour.
FIRST_OPEN_SECONDS = 60.0
LONGEST_OPEN_SECONDS = 900.0
# A refused key stays refused until a person acts.
REFUSED_KEY_SECONDS = 900.0
# The contract's five tries of one page: then others need not find out for themselves.
FAILURES_THAT_OPEN = 5
# Who tries a source after its breaker has this long to report; then another may.
PROBE_SECONDS = 30.0
# Refusals that do not say how long: a second, twice as long each time, up to a minute.
FIRST_LIMIT_SECONDS = 1.0
LONGEST_UNSAID_LIMIT_SECONDS = 60.0

# Reddit's window; what does not say when its own ends is believed as long.
USUAL_WINDOW_SECONDS = 600.0

_ANSWERS = (TargetUnavailable, CursorLost)
_NOT_ASKED = (InvalidQuery, Unsupported, NotConfigured)


@dataclass(frozen=True)
class LastError:
    """What went wrong last, and when."""

    code: str
    detail: str
    at: datetime


@dataclass(frozen=True)
class Quota:
    """What upstream says is left of the window, and the seconds to its end where it says so."""

    remaining: float
    reset_seconds: float | None = None

    def after(self, seconds: float) -> Quota | None:
        """Return what is known of it some seconds later: nothing once its window is over."""
        ends_in = USUAL_WINDOW_SECONDS if self.reset_seconds is None else self.reset_seconds
        if seconds >= ends_in:
            return None
        return Quota(self.remaining, self.reset_seconds and self.reset_seconds - seconds)


@dataclass(frozen=True)
class Outcome:
    """One answer of a source, or what it failed with; `seconds` is what it took."""

    seconds: float
    error: SourceError | None = None
    quota: Quota | None = None


@dataclass(frozen=True)
class Health:
    """A source as its latest outcomes show it; `outcomes` are (success, seconds), newest first.

    `open_seconds` and `limited_seconds` are what is left of its breaker and of a rate limit.
    """

    outcomes: tuple[tuple[bool, float], ...] = ()
    failures_in_a_row: int = 0
    limits_in_a_row: int = 0
    openings: int = 0
    open_seconds: float = 0.0
    limited_seconds: float = 0.0
    last_error: LastError | None = None
    quota: Quota | None = None

    @property
    def ready_in(self) -> float:
        """Seconds until it may be asked: 0 now."""
        return max(self.open_seconds, self.limited_seconds, 0.0)

    @property
    def needs_probe(self) -> bool:
        """Whether its breaker has run out but no success has closed it yet."""
        return self.openings > 0 and self.open_seconds <= 0

    @property
    def success_rate(self) -> float | None:
        """Share of the latest outcomes that were answers; null before the first."""
        if not self.outcomes:
            return None
        return sum(ok for ok, _ in self.outcomes) / len(self.outcomes)

    @property
    def p50_ms(self) -> float | None:
        """Median duration of the latest answers in milliseconds; null before the first."""
        times = [seconds for ok, seconds in self.outcomes if ok]
        return statistics.median(times) * 1000 if times else None

    @property
    def state(self) -> State:
        """One word for it."""
        if self.open_seconds > 0:
            return "open"
        if self.limited_seconds > 0:
            return "limited"
        rate = self.success_rate
        if rate is None:
            return "unknown"
        return "healthy" if rate >= HEALTHY_SHARE and not self.openings else "degraded"

    def after(self, outcome: Outcome, now: datetime) -> Health:
        """Return the health after one more outcome."""
        error = outcome.error
        if isinstance(error, _NOT_ASKED) or _is_own_pace(error):
            return self
        quota = outcome.quota or self.quota
        if error is None or isinstance(error, _ANSWERS):
            return self._answered(outcome, quota)
        last = LastError(error.code, error.message, now)
        if isinstance(error, RateLimited):
            unsaid = FIRST_LIMIT_SECONDS * 2.0 ** min(self.limits_in_a_row, 30)
            seconds = error.retry_after or min(unsaid, LONGEST_UNSAID_LIMIT_SECONDS)
            limits = self.limits_in_a_row + 1
            return replace(
                self,
                limited_seconds=seconds,
                limits_in_a_row=limits,
                last_error=last,
                quota=quota,
            )
        failures = self.failures_in_a_row + 1
        seconds = _seconds_to_stay_open(error, failures, self.openings)
        return replace(
            self,
            outcomes=((False, outcome.seconds), *self.outcomes)[:WINDOW],
            failures_in_a_row=failures,
            openings=self.openings + (seconds > 0),
            open_seconds=max(seconds, self.open_seconds),
            last_error=last,
            quota=quota,
        )

    def _answered(self, outcome: Outcome, quota: Quota | None) -> Health:
        return replace(
            self,
            outcomes=((True, outcome.seconds), *self.outcomes)[:WINDOW],
            failures_in_a_row=0,
            limits_in_a_row=0,
            openings=0,
            open_seconds=0.0,
            limited_seconds=0.0,
            quota=quota,
        )


def _is_own_pace(error: SourceError | None) -> bool:
    return isinstance(error, RateLimited) and error.is_own_pace


def _seconds_to_stay_open(error: SourceError, failures: int, openings: int) -> float:
    """Return how long asking again is of no use: 0 where it may be at once."""
    if isinstance(error, AuthenticationFailed):
        return REFUSED_KEY_SECONDS
    if not isinstance(error, Walled) and failures < FAILURES_THAT_OPEN and not openings:
        return 0.0
    return min(FIRST_OPEN_SECONDS * 2.0**openings, LONGEST_OPEN_SECONDS)


class HealthBook(Protocol):
    """Keeps the health of lanes: a source together with the egress and key that it uses.

    Seconds are those of the source's clock, whose waits may be scaled.
    """

    async def look(self, lanes: Sequence[str]) -> Mapping[str, Health]:
        """Return the health of each lane as it is now."""

    async def record(self, lane: str, outcome: Outcome) -> None:
        """Take in an outcome. Never raises for a store that is away."""

    async def claim_probe(self, lane: str) -> bool:
        """Say whether the caller may be the one who tries a lane after its breaker."""


class MemoryHealth:
    """The book of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[Health, float]] = {}
        self._probes: dict[str, float] = {}

    async def look(self, lanes: Sequence[str]) -> Mapping[str, Health]:
        """Return the health of each lane as it is now."""
        return {lane: self._now(lane) for lane in lanes}

    async def record(self, lane: str, outcome: Outcome) -> None:
        """Take in an outcome."""
        health = self._now(lane).after(outcome, self._clock.now())
        self._entries[lane] = (health, self._clock.monotonic())
        self._probes.pop(lane, None)

    async def claim_probe(self, lane: str) -> bool:
        """Say whether the caller may be the one who tries a lane after its breaker."""
        now = self._clock.monotonic()
        if self._probes.get(lane, now) > now:
            return False
        self._probes[lane] = now + PROBE_SECONDS
        return True

    def _now(self, lane: str) -> Health:
        health, at = self._entries.get(lane, (Health(), 0.0))
        return aged(health, self._clock.monotonic() - at)


def aged(health: Health, seconds: float) -> Health:
    """Return a health as it is some seconds later."""
    return replace(
        health,
        quota=health.quota and health.quota.after(seconds),
        open_seconds=max(0.0, health.open_seconds - seconds),
        limited_seconds=max(0.0, health.limited_seconds - seconds),
    )
