"""The courier: one per process, on its event loop, with as many requests under way as there are.

It looks for work when it is poked, when a request has ended, and by itself. Its loop does nothing
but wait; the database is asked by a thread of its own, one turn at a time: results that came
meanwhile are written down together, then what may be sent next is claimed together.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from django.db import Error as DatabaseError
from django.db import OperationalError, close_old_connections, connections
from django.utils import timezone

from common import wakeup
from common.wakeup import seconds_between_looks
from projects.activity import PUBLIC
from webhooks.claims import (
    INTERRUPTED,
    UNSENDABLE,
    Claimed,
    Parcel,
    lease_length,
    renew,
    take_due,
)
from webhooks.disabling import hold_stranded
from webhooks.fanout import fan_out_next
from webhooks.network import Answer
from webhooks.requests import build_request
from webhooks.results import Result, record
from webhooks.signing import CannotUnsealError

T = TypeVar("T")

# Poked when a person wants something sent.
STREAM = "webhooks"

# Requests under way in one process. Waiting costs next to nothing here but a socket, of which a
# process commonly has 1,024.
MOST_UNDER_WAY = 512

# What no message told of is found so soon; a due retry has to be picked up within 2 s.
POLL_SECONDS = 1.0

# From one turn's start to the next: what comes meanwhile shares a turn. A turn is some ten queries,
# whether for one fact or for a hundred.
_GATHER_SECONDS = 0.02

# After a fault of the database.
_PAUSE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Post(Protocol):
    """What sends: `webhooks.network.Sender`, or a scripted one."""

    async def post(self, url: str, body: bytes, headers: Any) -> Answer:
        """Send one request; what goes wrong is in the answer."""

    async def aclose(self) -> None:
        """Close the connections."""


class Courier:
    """Sends what is due until it is stopped. Made and used inside one event loop."""

    def __init__(self, sender: Post) -> None:
        self._sender = sender
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], Parcel] = {}
        self._results: list[Result] = []
        # Endpoints to ask at the next turn, and when those held back by their rate may be asked.
        self._hot: set[int] = set()
        self._again: dict[int, datetime] = {}
        self._polled_at = self._renewed_at = float("-inf")
        self._is_stopping = False
        self._ended = asyncio.Event()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="courier")

    @property
    def number_under_way(self) -> int:
        """Requests being sent now."""
        return len(self._under_way)

    def look_everywhere(self) -> None:
        """Ask for a look at all facts and deliveries; from any thread."""

        def look() -> None:
            self._polled_at = float("-inf")
            self._news.set()

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(look)

    async def run(self) -> None:
        """Work until `stop`; a fault of the database is waited out."""
        with (
            wakeup.listening(STREAM, self.look_everywhere),
            wakeup.listening(PUBLIC, self.look_everywhere),
        ):
            while not self._is_stopping:
                next_at = self._loop.time() + _GATHER_SECONDS
                self._news.clear()
                try:
                    started = await self._turn()
                except Exception:  # whatever it is: without this loop nothing would be delivered
                    logger.warning("Deliveries cannot be looked at; trying again.", exc_info=True)
                    await asyncio.sleep(_PAUSE_SECONDS)
                else:
                    await self._wait()
                    await self._gather(started, next_at)
        self._ended.set()

    async def stop(self, grace_seconds: float) -> None:
        """Take no more, let what is under way end within the grace, and write it all down.

        What takes longer is cut off, written down as such, and free for others at once.
        """
        self._is_stopping = True
        self._news.set()
        until = self._loop.time() + grace_seconds
        # What is just being claimed is sent as well, or it would count as lost.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), grace_seconds)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=max(until - self._loop.time(), 0))
        for task in list(self._under_way):
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)
        with contextlib.suppress(DatabaseError):
            await self._in_database(self._write_down)
        await self._in_database(connections.close_all)
        self._database.shutdown(wait=False)
        await self._sender.aclose()

    async def _turn(self) -> list[asyncio.Task[None]]:
        """Write down, keep hold, look for facts, and start what may be sent: the tasks started."""
        now = self._loop.time()
        if now - self._renewed_at >= lease_length().total_seconds() / 4:
            self._renewed_at = now
            await self._in_database(_keep_hold, list(self._under_way.values()))
        is_poll = now - self._polled_at >= seconds_between_looks(POLL_SECONDS)
        if is_poll:
            self._polled_at = now
        due = self._due_again()
        hot, self._hot = self._hot | due, set()
        try:
            claimed = await self._in_database(
                self._work, list(self._under_way.values()), is_poll=is_poll, hot=hot
            )
        except BaseException:
            self._hot |= hot
            raise
        for endpoint, at in claimed.again.items():
            self._again[endpoint] = min(at, self._again.get(endpoint, at))
        started = [self._start(parcel) for parcel in claimed.parcels]
        if is_poll and started:
            # There may be more than one turn takes.
            self._polled_at = float("-inf")
        return started

    def _start(self, parcel: Parcel) -> asyncio.Task[None]:
        task = self._loop.create_task(self._send(parcel))
        self._under_way[task] = parcel
        task.add_done_callback(self._under_way.pop)
        return task

    def _work(self, under_way: Sequence[Parcel], *, is_poll: bool, hot: set[int]) -> Claimed:
        """Do one turn's work in the database's thread."""
        next_tries = self._write_down()
        if is_poll and fan_out_next():
            # There may be more: what is ready is sent before the next ones are made.
            self._polled_at = float("-inf")
        room = MOST_UNDER_WAY - len(under_way)
        if self._is_stopping or room <= 0 or not (is_poll or hot):
            return Claimed([], next_tries)
        claimed = take_due(room, None if is_poll else hot, under_way)
        return Claimed(claimed.parcels, {**next_tries, **claimed.again})

    def _write_down(self) -> dict[int, datetime]:
        """Write down the results that have come; returns when endpoints' next tries are due."""
        results = list(self._results)
        if not results:
            return {}
        try:
            next_tries = record(results)
        except OperationalError:
            raise
        except Exception:
            logger.exception("Results cannot be written down together; doing so one by one.")
            next_tries = _record_singly(results)
        del self._results[: len(results)]
        return next_tries

    def _due_again(self) -> set[int]:
        now = timezone.now()
        due = {endpoint for endpoint, at in self._again.items() if at <= now}
        for endpoint in due:
            del self._again[endpoint]
        return due

    async def _wait(self) -> None:
        if self._hot or self._results:
            return
        until = self._polled_at + seconds_between_looks(POLL_SECONDS) - self._loop.time()
        if self._under_way:
            until = min(until, lease_length().total_seconds() / 4)
        if self._again:
            until = min(until, (min(self._again.values()) - timezone.now()).total_seconds())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), max(until, 0))

    async def _gather(self, started: Sequence[asyncio.Task[None]], next_at: float) -> None:
        """Let some time pass, so that the next turn is worth it.

        What is answered by then shares it; else every other turn would find nobody with room.
        """
        if started:
            await asyncio.wait(started, timeout=_GATHER_SECONDS)
        await asyncio.sleep(max(next_at - self._loop.time(), 0))

    async def _send(self, parcel: Parcel) -> None:
        began_at = timezone.now()
        try:
            request = build_request(parcel, began_at)
            answer = await self._sender.post(request.url, parcel.payload, request.headers)
        except asyncio.CancelledError:
            detail = "The process that sent it was stopped; it may have arrived."
            answer = Answer(None, INTERRUPTED, detail, 0)
        except CannotUnsealError as error:
            answer = Answer(None, UNSENDABLE, f"The secret cannot be opened. {error}", 0)
        except Exception as error:
            logger.exception("Delivery %s could not be sent.", parcel.id)
            answer = Answer(None, UNSENDABLE, type(error).__name__, 0)
        self._results.append(Result(parcel, answer, began_at, timezone.now()))
        self._hot.add(parcel.endpoint.pk)
        self._news.set()

    async def _in_database(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await self._loop.run_in_executor(
            self._database, partial(_checked, function, *args, **kwargs)
        )


def _keep_hold(parcels: Sequence[Parcel]) -> None:
    """Keep what is being sent, and see to what others have left behind."""
    renew(parcels)
    hold_stranded()


def _record_singly(results: Sequence[Result]) -> dict[int, datetime]:
    """Write down what can be; what cannot is lost, and tried again when its lease has run out."""
    next_tries: dict[int, datetime] = {}
    for result in results:
        try:
            next_tries |= record([result])
        except OperationalError:
            raise
        except Exception:
            logger.exception("A try of delivery %s cannot be written down.", result.parcel.id)
    return next_tries


def _checked(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    close_old_connections()
    return function(*args, **kwargs)
