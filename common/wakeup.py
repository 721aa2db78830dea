"""Pokes between processes: "stream X has something new".

A hint only: whoever waits also looks by itself from time to time, so a lost poke (or a lost Redis)
costs at most that pause.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator

import redis
import redis.asyncio
from django.conf import settings

_CHANNEL = "teppan:wakeup"
# What this process said itself it need not hear: everyone here would look a second time. Told apart
# across machines, too, and from what was forked off.
_HERE = uuid.uuid4().hex

# A publish happens on the path of a page commit: a broker that is gone must not hold it up.
_PUBLISH_TIMEOUT_SECONDS = 0.25
# How long it is left alone then: a commit in a hundred pays for one that hangs, not each of them.
_AWAY_SECONDS = 1.0
_RESUBSCRIBE_SECONDS = 1.0
_SHORTEST_LOOK = 0.25

logger = logging.getLogger(__name__)


class _Local:
    """Callbacks of this process by stream; called in the poking thread, so they only signal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: defaultdict[str, set[Callable[[], None]]] = defaultdict(set)

    def add(self, stream: str, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks[stream].add(callback)

    def remove(self, stream: str, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks[stream].discard(callback)
            if not self._callbacks[stream]:
                del self._callbacks[stream]

    def call(self, stream: str) -> None:
        with self._lock:
            callbacks = list(self._callbacks.get(stream, ()))
        for callback in callbacks:
            callback()


_local = _Local()
_client: redis.Redis | None = None
_away_until = float("-inf")


def seconds_between_looks(seconds: float) -> float:
    """Return the pause between looks for what no wake-up told of, in this installation's time.

    Not much more often than usual, however short that is made: looking costs some milliseconds.
    """
    scale: float = settings.TEPPAN["TIME_SCALE"]
    return max(seconds * min(scale, 1.0), min(seconds, _SHORTEST_LOOK))


def poke(stream: str) -> None:
    """Wake everyone who waits for the stream: this process at once, the others through Redis."""
    global _away_until  # noqa: PLW0603 -- of the one connection pool
    _local.call(stream)
    if time.monotonic() < _away_until:
        return
    try:
        _publisher().publish(_CHANNEL, f"{_me()} {stream}")
    except redis.RedisError as error:
        logger.debug("Wake-up of %s not published: %s", stream, error)
        _away_until = time.monotonic() + _AWAY_SECONDS


@contextlib.contextmanager
def listening(stream: str, callback: Callable[[], None]) -> Iterator[None]:
    """Have `callback` called (in any thread; it must only signal) when the stream is poked."""
    _local.add(stream, callback)
    try:
        yield
    finally:
        _local.remove(stream, callback)


@contextlib.contextmanager
def waiting_for(stream: str) -> Iterator[asyncio.Event]:
    """Yield an event of the running loop that every poke of the stream sets."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()

    def signal() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(event.set)

    with listening(stream, signal):
        yield event


async def relay() -> None:
    """Pass on the pokes of other processes until cancelled; run one per process."""
    while True:
        try:
            async with (
                redis.asyncio.Redis.from_url(settings.REDIS_URL) as client,
                client.pubsub(ignore_subscribe_messages=True) as subscription,
            ):
                await subscription.subscribe(_CHANNEL)
                async for message in subscription.listen():
                    sender, _, stream = message["data"].decode().partition(" ")
                    if sender != _me():
                        _local.call(stream)
        except (redis.RedisError, OSError) as error:
            logger.debug("Wake-ups of other processes are not heard: %s", error)
        await asyncio.sleep(_RESUBSCRIBE_SECONDS)


def _me() -> str:
    return f"{_HERE}-{os.getpid()}"


def _publisher() -> redis.Redis:
    global _client  # noqa: PLW0603 -- one connection pool per process
    if _client is None:
        _client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=_PUBLISH_TIMEOUT_SECONDS,
            socket_connect_timeout=_PUBLISH_TIMEOUT_SECONDS,
            retry=None,
        )
    return _client
