"""The health of the sources, one book for all processes: a row in Redis per source and way out.

Redis that is away is no reason to stop: this process then goes by what it saw itself.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.conf import settings

from common.shared_redis import TIMEOUT_SECONDS, SharedRedis
from data_provider import Health, MemoryHealth, Outcome, SystemClock
from data_provider.health import PROBE_SECONDS, aged

_PREFIX = "teppan:source-health:"
# Health older than a day says nothing of today.
_KEPT_SECONDS = 86_400


class _Row(msgspec.Struct):
    """Health as it was at `at`, Unix time."""

    health: Health
    at: float


class SharedHealth:
    """A HealthBook that all processes of an installation write."""

    def __init__(self, url: str, scale: float, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._scale = scale
        self._clock = SystemClock(scale=scale)
        self._own = MemoryHealth(self._clock)
        self._redis = SharedRedis(
            url,
            "source-health",
            meanwhile="The health of sources is kept in this process only",
            timeout_seconds=timeout_seconds,
        )

    async def look(self, lanes: Sequence[str]) -> Mapping[str, Health]:
        """Return the health of each lane as it is now."""
        shared = await self._redis.ask(lambda: self.look_now(lanes))
        return await self._own.look(lanes) if shared is None else shared

    async def record(self, lane: str, outcome: Outcome) -> None:
        """Take in an outcome."""
        await self._own.record(lane, outcome)
        await self._redis.ask(lambda: self._record(lane, outcome))

    async def claim_probe(self, lane: str) -> bool:
        """Say whether the caller may be the one who tries a lane after its breaker."""
        is_ours = await self._redis.ask(lambda: self._claim(lane))
        return await self._own.claim_probe(lane) if is_ours is None else bool(is_ours)

    def look_now(self, lanes: Sequence[str]) -> Mapping[str, Health] | None:
        """Return what all processes know of each lane; null while Redis is away."""
        if not lanes:
            return {}
        rows: Any = self._redis.attempt(
            lambda: self._redis.client.mget([_PREFIX + lane for lane in lanes])
        )
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

        self._redis.attempt(lambda: self._redis.client.transaction(change, key))

    def _claim(self, lane: str) -> bool | None:
        milliseconds = max(1, round(PROBE_SECONDS * self._scale * 1000))
        key = f"{_PREFIX}{lane}:probe"
        answer = self._redis.attempt(
            lambda: [self._redis.client.set(key, b"1", nx=True, px=milliseconds)]
        )
        return None if answer is None else bool(answer[0])

    def _now(self, row: bytes | None) -> Health:
        if row is None:
            return Health()
        try:
            stored = msgspec.json.decode(row, type=_Row)
        except msgspec.ValidationError:  # of another version
            return Health()
        return aged(stored.health, max(0.0, time.time() - stored.at) / self._scale)


_book: SharedHealth | None = None


def shared_health() -> SharedHealth:
    """Return the book of this process."""
    global _book  # noqa: PLW0603 -- one connection pool and one thread per process
    if _book is None:
        _book = SharedHealth(settings.REDIS_URL, settings.TEPPAN["TIME_SCALE"])
    return _book
