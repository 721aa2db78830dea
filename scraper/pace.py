"""The pace of the sources, one for all processes: kept in Redis per source, way out and key.

What a host says with Retry-After, and its only place for some questions, all sources share that
come to it as the same reader.

Redis that is away is no reason to stop: each process then keeps to the rate by itself.
"""

import asyncio
import math
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from common.shared_redis import TIMEOUT_SECONDS, SharedRedis
from data_provider import Pace, Turn

_CLOSED = "teppan:pace:closed"
_PLACE = "teppan:pace:place:"
_NEXT = "teppan:pace:next:"
# A place whose holder died is free after this (not scaled: requests are not either).
PLACE_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.1
# Who is next and does not look again for so long is gone.
NEXT_SECONDS = 1.0
# Holding goes on with the same word; another's place stays another's. Whoever finds it held is
# next: the process that leaves would else take it again before any other looks.
_HOLD = """
local holder, following = redis.call('get', KEYS[1]), redis.call('get', KEYS[2])
local is_next = not following or following == ARGV[1]
if holder == ARGV[1] or (not holder and is_next) then
  redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
  if following == ARGV[1] then redis.call('del', KEYS[2]) end
  return 1
end
if is_next then redis.call('set', KEYS[2], ARGV[1], 'px', ARGV[3]) end
return 0
"""
_LEAVE = """
for _, key in ipairs(KEYS) do
  if redis.call('get', key) == ARGV[1] then redis.call('del', key) end
end
return 1
"""
# A rate is kept in windows of about this length: longer ones would begin with a burst.
_WINDOW_SECONDS = 6.0
# Nobody asks again sooner than this after a full window.
_SHORTEST_WAIT_SECONDS = 0.05
# Longer than any closure.
_KEPT_SECONDS = 86_400


class Ledger:
    """What a process needs of Redis to take turns with all the others; usable from any loop."""

    def __init__(self, url: str, scale: float, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._scale = scale
        self._redis = SharedRedis(
            url,
            "pace",
            meanwhile="Each process keeps the pace of sources by itself",
            timeout_seconds=timeout_seconds,
        )
        # The limiter's own types know of no pool, though its words do.
        with_pool: dict[str, Any] = {"connection_pool": self._redis.pool}
        storage = RedisStorage(_as_storage(url), key_prefix="teppan", **with_pool)
        self._limiter = MovingWindowRateLimiter(storage)
        self._hold = self._redis.client.register_script(_HOLD)
        self._leave = self._redis.client.register_script(_LEAVE)

    async def take_turn(self, name: str, requests_per_minute: float, host: str = "") -> Turn | None:
        """Take a place on the way `name` to a host if there is one; null while Redis is away."""
        rate = self._rate_of(requests_per_minute)
        return await self._redis.ask(lambda: self._take_turn(name, rate, host))

    async def hold(self, host: str, holder: str) -> bool | None:
        """Say whether the host's only place is the holder's, for some time; null without Redis."""
        words: list[str | int] = [holder, round(PLACE_SECONDS * 1000), round(NEXT_SECONDS * 1000)]
        return await self._redis.ask(lambda: bool(self._hold(keys=_places(host), args=words)))

    def leave(self, host: str, holder: str) -> None:
        """Free the place, if it is the holder's still; not waited for, so nothing cuts it off."""
        self._redis.tell(lambda: self._leave(keys=_places(host), args=[holder]))

    async def close(self, name: str, seconds: float) -> None:
        """Let nobody take that way, or come to that host, before so many (scaled) seconds."""
        until = time.time() + seconds * self._scale
        await self._redis.ask(lambda: self._close(name, until))

    def _rate_of(self, requests_per_minute: float) -> RateLimitItemPerSecond | None:
        """Return the limit that stands for a rate of scaled time; null for no rate."""
        if requests_per_minute <= 0:
            return None
        per_second = requests_per_minute / 60 / self._scale
        amount = max(1, round(per_second * _WINDOW_SECONDS))
        # In whole seconds, rounded up: rather a little slower than it may be.
        return RateLimitItemPerSecond(amount, math.ceil(amount / per_second))

    def _take_turn(self, name: str, rate: RateLimitItemPerSecond | None, host: str) -> Turn:
        until: Any = self._redis.client.zmscore(_CLOSED, [name, host])
        left = max((moment or 0.0) for moment in until) - time.time()
        if left > 0:
            return Turn(left / self._scale, is_closed=True)
        if rate is None or self._limiter.hit(rate, name):
            return Turn()
        window = self._limiter.get_window_stats(rate, name)
        wait = max(window.reset_time - time.time(), _SHORTEST_WAIT_SECONDS)
        return Turn(wait / self._scale)

    def _close(self, name: str, until: float) -> None:
        self._redis.client.zadd(_CLOSED, {name: until}, gt=True)
        self._redis.client.expire(_CLOSED, _KEPT_SECONDS)


class SharedPace:
    """One way to a source, as all processes take it; see `data_provider.Pace`."""

    def __init__(
        self, ledger: Ledger, name: str, requests_per_minute: float, host: str = ""
    ) -> None:
        self._ledger = ledger
        self._name = name
        self._host = host or name
        self._requests_per_minute = requests_per_minute

    async def take_turn(self) -> Turn | None:
        """Take a place if there is one now; null while Redis is away."""
        return await self._ledger.take_turn(self._name, self._requests_per_minute, self._host)

    async def close(self, seconds: float) -> None:
        """Let nobody ask this way before so many seconds from now."""
        await self._ledger.close(self._name, seconds)

    async def close_host(self, seconds: float) -> None:
        """Let nobody ask before then who comes to the same host as the same reader."""
        await self._ledger.close(self._host, seconds)

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None, None]:
        """Hold the host's only place among all processes; wait for it while Redis is there."""
        holder = uuid.uuid4().hex
        try:
            # Whoever gives up while Redis is being asked may have the place by then.
            while await self._ledger.hold(self._host, holder) is False:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            holding = asyncio.create_task(self._go_on_holding(holder))
            try:
                yield
            finally:
                holding.cancel()
                await asyncio.gather(holding, return_exceptions=True)
        finally:
            self._ledger.leave(self._host, holder)

    async def _go_on_holding(self, holder: str) -> None:
        while True:
            await asyncio.sleep(PLACE_SECONDS / 3)
            await self._ledger.hold(self._host, holder)


_shared: Ledger | None = None


def shared_pace(name: str, requests_per_minute: float, host: str) -> Pace:
    """Return the pace of one way to a source, shared by the installation's processes."""
    global _shared  # noqa: PLW0603 -- one connection pool and one thread per process
    if _shared is None:
        _shared = Ledger(settings.REDIS_URL, settings.TEPPAN["TIME_SCALE"])
    return SharedPace(_shared, name, requests_per_minute, host)


def _places(host: str) -> list[str]:
    """Return the names of a host's only place and of who is next there."""
    return [_PLACE + host, _NEXT + host]


def _as_storage(url: str) -> str:
    """Return Redis' address as the limiter spells it."""
    return url.replace("unix://", "redis+unix://", 1)
