"""When the next request may go out: a local rate, and what upstream's headers allow.

Reddit counts in windows of 600 seconds and says in x-ratelimit-* how many requests are left;
the headers are missing on some answers, so the local rate stands beside them.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from data_provider.config import egress_of
from data_provider.errors import RateLimited
from data_provider.health import Quota
from data_provider.pace import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from data_provider.base import Clock
    from data_provider.config import ProviderConfig
    from data_provider.pace import Pace

# Waits up to this are part of the pace; longer ones are told to the caller as a rate limit,
# who may have another source or somebody to inform.
LONGEST_SILENT_WAIT_SECONDS = 2.0
# Reddit's window is 600 s; a longer word than an hour is asked about again after an hour.
LONGEST_CLOSURE_SECONDS = 3600.0
_MINUTE_SECONDS = 60.0
# Larger than any wait: the archive's clients read its x-ratelimit-reset as Unix time.
_FIRST_MOMENT = 1e9
# Sources that come to one host: what it says to one of them is meant for all.
_HOSTS = {"native_json": "www", "rss": "www"}
_BROWSERS = ("playwright", "nodriver", "selenium")

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()


class Pacer:
    """Paces the requests of one client. `requests_per_minute` 0 = no rate of our own.

    With a `pace` its requests count among those of all who share it; while that is out of reach
    the rate is this client's alone. `host` names where it comes to, and as which reader.
    """

    def __init__(
        self,
        clock: Clock,
        requests_per_minute: float = 0.0,
        pace: Pace | None = None,
        host: str = "",
    ) -> None:
        self._clock = clock
        self._pace = pace
        self._host = host
        self._interval = _MINUTE_SECONDS / requests_per_minute if requests_per_minute > 0 else 0.0
        self._next_at = -math.inf
        self._closed_until = -math.inf
        self._quota: Quota | None = None
        self._told_at = -math.inf

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of its window; null once that is over."""
        if self._quota is None:
            return None
        return self._quota.after(self._clock.monotonic() - self._told_at)

    async def wait(self) -> None:
        """Return when a request may go out, having reserved its place.

        Raises RateLimited instead of waiting long; then nothing is reserved.
        """
        if self._pace is None or not await self._take_shared_turn(self._pace):
            await self._take_own_turn()

    async def learn(self, headers: Mapping[str, str]) -> None:
        """Take over what an answer says about the window, and its Retry-After for all."""
        if word := headers.get("retry-after"):
            await self._close_host(retry_after_seconds({"retry-after": word}, self._clock.now()))
        remaining, reset = number(headers.get("x-ratelimit-remaining")), window_reset(headers)
        if remaining is None:
            return
        self._quota, self._told_at = Quota(remaining, reset), self._clock.monotonic()
        if remaining < 1 and reset:
            await self._close(reset)

    async def refused(self, retry_after: float | None) -> None:
        """Take over that a request was refused: no other goes out before upstream's word."""
        if retry_after:
            await self._close(retry_after)

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None, None]:
        """Hold the only place for what the host answers one at a time per reader."""
        locks = _locks.setdefault(asyncio.get_running_loop(), {})
        async with locks.setdefault(self._host, asyncio.Lock()):
            if self._pace is None:
                yield
                return
            async with self._pace.alone():
                yield

    async def _take_own_turn(self) -> None:
        now = self._clock.monotonic()
        start = max(now, self._next_at, self._closed_until)
        _check_length(Turn(start - now, is_closed=self._closed_until >= start), start - now)
        self._next_at = start + self._interval
        if start > now:
            await self._clock.sleep(start - now)

    async def _take_shared_turn(self, pace: Pace) -> bool:
        """Wait for a place among all; False when that cannot be known."""
        waited = 0.0
        while (turn := await pace.take_turn()) is not None:
            if not turn.seconds:
                return True
            waited += turn.seconds
            _check_length(turn, waited)
            await self._clock.sleep(turn.seconds)
        return False

    async def _close(self, seconds: float) -> None:
        seconds = min(seconds, LONGEST_CLOSURE_SECONDS)
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)
        if self._pace is not None:
            await self._pace.close(seconds)

    async def _close_host(self, seconds: float | None) -> None:
        if seconds and self._pace is not None:
            await self._pace.close_host(min(seconds, LONGEST_CLOSURE_SECONDS))


def _check_length(turn: Turn, waited: float) -> None:
    if waited > LONGEST_SILENT_WAIT_SECONDS:
        raise RateLimited(
            "The next request has to wait.",
            retry_after=turn.seconds,
            is_own_pace=not turn.is_closed,
        )


def pacer_of(config: ProviderConfig, clock: Clock, backend: str, identity: str = "") -> Pacer:
    """Return the pacer of one client of a source.

    Whoever is counted apart by upstream, such as an application, has its own `identity`.
    """
    rate = config.requests_per_minute.get(backend, 0.0)
    reader = egress_of(config) + (f"#{identity}" if identity else "")
    way, host = f"{backend}@{reader}", f"{_host_of(config, backend)}@{reader}"
    pace = None if config.paces is None else config.paces(way, rate, host)
    return Pacer(clock, rate, pace, host)


def _host_of(config: ProviderConfig, backend: str) -> str:
    """Return a name for where a source asks: its own, unless others ask there too."""
    return config.browser_site if backend in _BROWSERS else _HOSTS.get(backend, backend)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that Retry-After asks for, as a number or a date.

    Falls back to x-ratelimit-reset where it is absent, unreadable or in the past; null if that
    is missing too.
    """
    text = headers.get("retry-after", "").strip()
    seconds = number(text)
    if seconds is None and text:
        seconds = _seconds_until(text, now)
    return seconds if seconds else window_reset(headers)


def window_reset(headers: Mapping[str, str]) -> float | None:
    """Return seconds to the end of Reddit's window."""
    return number(headers.get("x-ratelimit-reset")) or None


def with_seconds_left(headers: dict[str, str], now: datetime) -> dict[str, str]:
    """Return headers whose x-ratelimit-reset counts seconds, where it named a moment."""
    reset = number(headers.get("x-ratelimit-reset"))
    if reset is None or reset < _FIRST_MOMENT:
        return headers
    return headers | {"x-ratelimit-reset": f"{max(1.0, reset - now.timestamp()):.0f}"}


def number(text: str | None) -> float | None:
    """Return a header's number ("988.0" is usual), null for none, negative and endless ones."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds()) or None
