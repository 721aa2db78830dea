"""A worker's sign of life in Redis, which /readyz and `doctor` look for."""

import logging
import threading

import redis
from django.conf import settings

KEY_PREFIX = "teppan:worker:"

# Three missed beats in a row mean that the worker is gone or cut off.
BEAT_SECONDS = 5.0
LIFE_SECONDS = 15

# A broker that hangs must not hold up the end of a worker.
_TIMEOUT_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Presence:
    """Renews one expiring key from a thread of its own; a broker that is gone is tried again."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        """Announce the worker `name` until `stop`."""
        self._thread = threading.Thread(
            target=self._run, args=[KEY_PREFIX + name], name="presence", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Withdraw the sign at once, instead of letting it expire."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(2 * _TIMEOUT_SECONDS)

    def _run(self, key: str) -> None:
        with connect() as client:
            while not self._ended.is_set():
                _attempt(client.set, key, "alive", ex=LIFE_SECONDS)
                self._ended.wait(BEAT_SECONDS)
            _attempt(client.delete, key)


def connect(timeout: float = _TIMEOUT_SECONDS) -> redis.Redis:
    """Return a client of the configured broker that gives up after `timeout` seconds."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout
    )


def live_workers(client: redis.Redis) -> list[str]:
    """Names of the workers that gave a sign of life lately; raises redis.RedisError."""
    keys = client.scan_iter(f"{KEY_PREFIX}*", count=1000)
    return sorted(key.decode().removeprefix(KEY_PREFIX) for key in keys)


def _attempt(command: object, *args: object, **options: object) -> None:
    try:
        command(*args, **options)  # type: ignore[operator]
    except redis.RedisError as error:
        logger.debug("No sign of life sent: %s", error)
