"""Places for a user's open streams, counted over all processes of the installation.

Each is kept in Redis and lapses unless it is renewed, so that a process that was killed gives its
places back. While Redis is away every process counts its own alone.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
from django.conf import settings

# How long a place outlives its process; a process that is only slow renews it several times.
LIFE_SECONDS = 15.0

_PREFIX = "teppan:streams:"
# Somebody waits for the first bytes: Redis on the same network answers in a millisecond.
_TIMEOUT_SECONDS = 0.25
_AWAY_SECONDS = 1.0

# The clock is Redis' own: those of the processes' machines may differ.
_NOW = "local time = redis.call('TIME') local now = time[1] + time[2] / 1000000\n"
_TAKE = f"""{_NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[1]))
return 1
"""
_RENEW = f"""{_NOW}
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[index]) end
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[1]))
"""

logger = logging.getLogger(__name__)


class Places:
    """The places in one Redis. What is asked of it is done in order, by a thread of its own."""

    def __init__(self, url: str, life_seconds: float = LIFE_SECONDS) -> None:
        options: dict[str, Any] = {
            "socket_timeout": _TIMEOUT_SECONDS,
            "socket_connect_timeout": _TIMEOUT_SECONDS,
            "retry": None,
        }
        self._client = redis.Redis.from_url(url, **options)
        self._take = self._client.register_script(_TAKE)
        self._renew = self._client.register_script(_RENEW)
        self._life_seconds = life_seconds
        self._away_until = float("-inf")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="places")

    async def take(self, user_id: int, name: str, most: int) -> bool:
        """Take a place by a name of its own; False when all of the user's are taken."""
        call = lambda: self._take([_key(user_id)], [self._life_seconds, most, name])  # noqa: E731
        answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._try, call)
        return bool(answer != 0)

    def renew(self, held: Mapping[int, Sequence[str]]) -> None:
        """Keep the places that this process holds, by user."""

        def renew_each() -> None:
            for user_id, names in held.items():
                self._renew([_key(user_id)], [self._life_seconds, *names])

        self._thread.submit(self._try, renew_each)

    def give_back(self, user_id: int, name: str) -> None:
        """Let somebody else have the place."""
        self._thread.submit(self._try, lambda: self._client.zrem(_key(user_id), name))

    def _try(self, call: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return call()
        except redis.RedisError as error:
            logger.debug("Streams are counted by each process alone: %s", error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None


_shared: Places | None = None


def shared_places() -> Places:
    """Return the installation's places."""
    global _shared  # noqa: PLW0603 -- one connection and one thread per process
    if _shared is None:
        _shared = Places(settings.REDIS_URL)
    return _shared


def _key(user_id: int) -> str:
    return f"{_PREFIX}{user_id}"
