"""The pace of the sources, one for all processes: kept in Redis per source, way out and key.

Redis that is away is no reason to stop: each process then keeps to the rate by itself.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import redis
from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from data_provider import Pace, Turn

T = TypeVar("T")

_CLOSED = "teppan:pace:closed"
# A rate is kept in windows of about this length: longer ones would begin with a burst.
_WINDOW_SECONDS = 6.0
# Nobody asks again sooner than this after a full window.
_SHORTEST_WAIT_SECONDS = 0.05
# A page is waiting for this: Redis on the same network answers in a millisecond.
_TIMEOUT_SECONDS = 0.25
# How long to go without Redis before asking for it again.
_AWAY_SECONDS = 5.0
# Longer than any closure.
_KEPT_SECONDS = 86_400

logger = logging.getLogger(__name__)


class Ledger:
    """What a process needs of Redis to take turns with all the others; usable from any loop."""

    def __init__(self, url: str, scale: float) -> None:
        self._scale = scale
        self._away_until = 0.0
        options: dict[str, Any] = {
            "socket_timeout": _TIMEOUT_SECONDS,
            "socket_connect_timeout": _TIMEOUT_SECONDS,
            "retry": None,
        }
        pool = redis.ConnectionPool.from_url(url, **options)
        self._client = redis.Redis(connection_pool=pool)
        # The limiter's own types know of no pool, though its words do.
        with_pool: dict[str, Any] = {"connection_pool": pool}
        storage = RedisStorage(_as_storage(url), key_prefix="teppan", **with_pool)
        self._limiter = MovingWindowRateLimiter(storage)
        # One thread: the loop that waits for pages never waits for Redis itself.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pace")

    async def take_turn(self, name: str, requests_per_minute: float) -> Turn | None:
        """Take a place on the way `name` if there is one; null while Redis is away."""
        rate = self._rate_of(requests_per_minute)
        return await self._in_thread(lambda: self._take_turn(name, rate))

    async def close(self, name: str, seconds: float) -> None:
        """Let nobody take that way before so many (scaled) seconds."""
        until = time.time() + seconds * self._scale
        await self._in_thread(lambda: self._close(name, until))

    def _rate_of(self, requests_per_minute: float) -> RateLimitItemPerSecond | None:
        """Return the limit that stands for a rate of scaled time; null for no rate."""
        if requests_per_minute <= 0:
            return None
        per_second = requests_per_minute / 60 / self._scale
        amount = max(1, round(per_second * _WINDOW_SECONDS))
        # In whole seconds, rounded up: rather a little slower than it may be.
        return RateLimitItemPerSecond(amount, math.ceil(amount / per_second))

    def _take_turn(self, name: str, rate: RateLimitItemPerSecond | None) -> Turn:
        closed: Any = self._client.zscore(_CLOSED, name)
        if closed is not None and closed > time.time():
            return Turn((closed - time.time()) / self._scale, is_closed=True)
        if rate is None or self._limiter.hit(rate, name):
            return Turn()
        window = self._limiter.get_window_stats(rate, name)
        wait = max(window.reset_time - time.time(), _SHORTEST_WAIT_SECONDS)
        return Turn(wait / self._scale)

    def _close(self, name: str, until: float) -> None:
        self._client.zadd(_CLOSED, {name: until}, gt=True)
        self._client.expire(_CLOSED, _KEPT_SECONDS)

    async def _in_thread(self, call: Callable[[], T]) -> T | None:
        if time.monotonic() < self._away_until:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._try, call)

    def _try(self, call: Callable[[], T]) -> T | None:
        if time.monotonic() < self._away_until:
            return None
        try:
            return call()
        except redis.RedisError as error:
            logger.warning("Each process keeps the pace of sources by itself: %s", error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None


class SharedPace:
    """One way to a source, as all processes take it; see `data_provider.Pace`."""

    def __init__(self, ledger: Ledger, name: str, requests_per_minute: float) -> None:
        self._ledger = ledger
        self._name = name
        self._requests_per_minute = requests_per_minute

    async def take_turn(self) -> Turn | None:
        """Take a place if there is one now; null while Redis is away."""
        return await self._ledger.take_turn(self._name, self._requests_per_minute)

    async def close(self, seconds: float) -> None:
        """Let nobody ask before so many seconds from now."""
        await self._ledger.close(self._name, seconds)


_shared: Ledger | None = None


def shared_pace(name: str, requests_per_minute: float) -> Pace:
    """Return the pace of one way to a source, shared by the installation's processes."""
    global _shared  # noqa: PLW0603 -- one connection pool and one thread per process
    if _shared is None:
        _shared = Ledger(settings.REDIS_URL, settings.TEPPAN["TIME_SCALE"])
    return SharedPace(_shared, name, requests_per_minute)


def _as_storage(url: str) -> str:
    """Return Redis' address as the limiter spells it."""
    return url.replace("unix://", "redis+unix://", 1)
