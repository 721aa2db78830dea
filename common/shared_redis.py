"""Redis as a help that nothing depends on: what it does not answer at once goes on without it.

Every user has a client and a thread of its own, so that no event loop waits for Redis. While it
does not answer it is left alone for some seconds at a time.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import redis

T = TypeVar("T")

# Somebody waits for the answer: Redis on the same network gives it in a millisecond.
TIMEOUT_SECONDS = 0.25
_AWAY_SECONDS = 5.0

logger = logging.getLogger(__name__)


class SharedRedis:
    """One user of a Redis; `name` is its thread's, `meanwhile` what is so while Redis is away.

    `pool` and `client` are for the calls that are handed in.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        meanwhile: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.pool = redis.ConnectionPool.from_url(
            url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds, retry=None
        )
        self.client = redis.Redis(connection_pool=self.pool)
        self._meanwhile = meanwhile
        self._away_until = float("-inf")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def attempt(self, call: Callable[[], T]) -> T | None:
        """Return what a call gives; null while Redis is away. Waits in the caller's thread."""
        if self._is_away():
            return None
        try:
            return call()
        except redis.RedisError as error:
            logger.warning("%s: %s", self._meanwhile, error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            return None

    async def ask(self, call: Callable[[], T]) -> T | None:
        """Return the same from the thread, where calls are made in order."""
        if self._is_away():
            return None
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.attempt, call)

    def tell(self, call: Callable[[], object]) -> None:
        """Have a call made in the thread, and do not wait."""
        self._thread.submit(self.attempt, call)

    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until
