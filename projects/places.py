"""Places for a user's open streams, counted over all processes of the installation.

Each is kept in Redis and lapses unless it is renewed, so that a process that was killed gives its
places back. While Redis is away every process counts its own alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from common.shared_redis import SharedRedis

# How long a place outlives its process; a process that is only slow renews it several times.
LIFE_SECONDS = 15.0

_PREFIX = "teppan:streams:"

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


class Places:
    """The places in one Redis. What is asked of it is done in order, by a thread of its own."""

    def __init__(self, url: str, life_seconds: float = LIFE_SECONDS) -> None:
        self._redis = SharedRedis(
            url,
            "places",
            meanwhile="Streams are counted by each process alone",
        )
        self._take = self._redis.client.register_script(_TAKE)
        self._renew = self._redis.client.register_script(_RENEW)
        self._life_seconds = life_seconds

    async def take(self, user_id: int, name: str, most: int) -> bool:
        """Take a place by a name of its own; False when all of the user's are taken."""
        answer: Any = await self._redis.ask(
            lambda: self._take([_key(user_id)], [self._life_seconds, most, name])
        )
        return bool(answer != 0)

    def renew(self, held: Mapping[int, Sequence[str]]) -> None:
        """Keep the places that this process holds, by user."""

        def renew_each() -> None:
            for user_id, names in held.items():
                self._renew([_key(user_id)], [self._life_seconds, *names])

        self._redis.tell(renew_each)

    def give_back(self, user_id: int, name: str) -> None:
        """Let somebody else have the place."""
        self._redis.tell(lambda: self._redis.client.zrem(_key(user_id), name))


_shared: Places | None = None


def shared_places() -> Places:
    """Return the installation's places."""
    global _shared  # noqa: PLW0603 -- one connection and one thread per process
    if _shared is None:
        _shared = Places(settings.REDIS_URL)
    return _shared


def _key(user_id: int) -> str:
    return f"{_PREFIX}{user_id}"
