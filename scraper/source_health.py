"""The health of the sources, one book for all processes: a row in Redis per source and way out.

Redis that is away is no reason to stop: this process then goes by what it saw itself.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec
import redis
from django.conf import settings

from data_provider import Health, MemoryHealth, Outcome, SystemClock
from data_provider.health import PROBE_SECONDS, aged

_PREFIX = "teppan:source-health:"
# Health older than a day says nothing of today.
_KEPT_SECONDS = 86_400
# A page is waiting for this: Redis on the same network answers in a millisecond.
_TIMEOUT_SECONDS = 0.25
# How long to go without Redis before asking for it again.
_AWAY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class _Row(msgspec.Struct):
    """Health as it was at `at`, Unix time."""

    health: Health
    at: float


class SharedHealth:
    """A HealthBook that all processes of an installation write."""

    def __init__(self, url: str, scale: float, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._scale = scale
        self._clock = SystemClock(scale=scale)
        self._own = MemoryHealth(self._clock)
        self._away_until = 0.0
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=None,
        )
        # One thread: the loop that waits for pages never waits for Redis itself.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="source-health")

    async def look(self, lanes: Sequence[str]) -> Mapping[str, Health]:
        """Return the health of each lane as it is now."""
        shared = await self._in_thread(self.look_now, lanes)
        return await self._own.look(lanes) if shared is None else shared

    async def record(self, lane: str, outcome: Outcome) -> None:
        """Take in an outcome."""
        await self._own.record(lane, outcome)
        await self._in_thread(self._record, lane, outcome)

    async def claim_probe(self, lane: str) -> bool:
        """Say whether the caller may be the one who tries a lane after its breaker."""
        is_ours = await self._in_thread(self._claim, lane)
        return await self._own.claim_probe(lane) if is_ours is None else bool(is_ours)

    def look_now(self, lanes: Sequence[str]) -> Mapping[str, Health] | None:
        """Return what all processes know of each lane; null while Redis is away."""
        if not lanes:
            return {}
        rows = self._try(lambda: self._client.mget([_PREFIX + lane for lane in lanes]))
        if rows is None:
            return None
        return {lane: self._now(row) for lane, row in zip(lanes, rows, strict=True)}

    def _record(self, lane: str, outcome: Outcome) -> None:
        key = _PREFIX + lane

        def change(pipe: Any) -> None:
            health = self._now(pipe.get(key)).after(outcome, self._clock.now())
            pipe.multi()
            pipe.set(key, msgspec.json.encode(_Row(health, time.time())), ex=_KEPT_SECONDS)
            pipe.delete(f"{key}:probe")

        self._try(lambda: self._client.transaction(change, key))

    def _claim(self, lane: str) -> bool | None:
        milliseconds = max(1, round(PROBE_SECONDS * self._scale * 1000))
        key = f"{_PREFIX}{lane}:probe"
        answer = self._try(lambda: [self._client.set(key, b"1", nx=True, px=milliseconds)])
        return None if answer is None else bool(answer[0])

    def _now(self, row: bytes | None) -> Health:
        if row is None:
            return Health()
        try:
            stored = msgspec.json.decode(row, type=_Row)
        except msgspec.ValidationError:  # of another version
            return Health()
        return aged(stored.health, max(0.0, time.time() - stored.at) / self._scale)

    def _try(self, call: Any) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            answer = call()
        except redis.RedisError as error:
            logger.warning("The health of sources is kept in this process only: %s", error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None
        return answer

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(function, *arguments))


_book: SharedHealth | None = None


def shared_health() -> SharedHealth:
    """Return the book of this process."""
    global _book  # noqa: PLW0603 -- one connection pool and one thread per process
    if _book is None:
        _book = SharedHealth(settings.REDIS_URL, settings.TEPPAN["TIME_SCALE"])
    return _book
