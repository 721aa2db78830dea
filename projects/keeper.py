"""Keeps the runs of this process: renews their leases and tells each when it has to stop.

One thread per process and table. It looks at the rows twice a second, or as soon as a run is
poked, so that a cancel is heard within a second even when no message gets through.
"""

import asyncio
import contextlib
import enum
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from common import draining, wakeup
from common.executors import run_in_database_thread
from projects import runs
from projects.runs import Lease, Run

T = TypeVar("T")

# Half of the second within which a cancel has to be obeyed.
LOOK_SECONDS = 0.5

logger = logging.getLogger(__name__)


class StopReason(enum.Enum):
    """Why a run must stop now."""

    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    SHUTDOWN = "shutdown"
    UNWATCHED = "unwatched"
    TIME_LIMIT = "time_limit"


class Stopped(Exception):  # noqa: N818 -- a state, not a fault
    """The run must stop; `reason` says what its worker has to do with the row."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Guard:
    """Stands over one run in one event loop; any thread may stop it, the first reason counts."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped: asyncio.Future[StopReason] = self._loop.create_future()
        self.asked: tuple[StopReason, float] | None = None

    def stop(self, reason: StopReason) -> None:
        """Make the run stop at whatever it waits for."""
        self.asked = self.asked or (reason, time.monotonic())
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the run with it
            self._loop.call_soon_threadsafe(self._set, reason)

    def check(self) -> None:
        """Raise Stopped if the run has to stop."""
        if self._stopped.done():
            raise Stopped(self._stopped.result())

    async def race(self, work: Awaitable[T]) -> T:
        """Return the result of `work`, or cancel it and raise Stopped as soon as one must stop."""
        task = asyncio.ensure_future(work)
        try:
            waiting: set[asyncio.Future[Any]] = {task, self._stopped}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            self.check()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # seen: a fault of what was given up is nobody's any more

    def _set(self, reason: StopReason) -> None:
        if not self._stopped.done():
            self._stopped.set_result(reason)


@contextlib.asynccontextmanager
async def outliving_database(run: Run, guard: Guard) -> AsyncIterator[None]:
    """Work on a run in here: what a lost database breaks off is released once that answers.

    Its worker lives, so it is no loss, however often; another's by now, it is left alone.
    """
    lease = run.lease
    try:
        yield
        is_lost = guard.asked is not None and guard.asked[0] is StopReason.LEASE_LOST
    except (OperationalError, InterfaceError):  # any other complaint is of what it was asked
        logger.warning("%s was broken off by its database.", run, exc_info=True)
        is_lost = True
    # It may be the run that breaks its database: then it has to wait for its turn.
    pause = runs.lease_length() / 4
    while is_lost:
        try:
            await run_in_database_thread(run.release, lease, pause)
        except DatabaseError:
            await asyncio.sleep(LOOK_SECONDS)
            is_lost = not draining.is_draining()
        else:
            return


class Keeper:
    """The runs of one table that this process holds. Use `with keeper.keeping(run, guard)`."""

    def __init__(self, table: type[Run], on_stuck: Callable[[Run], None] = lambda _: None) -> None:
        self._table = table
        self._on_stuck = on_stuck
        self._lock = threading.Lock()
        self._poked = threading.Event()
        self._kept: dict[Lease, _Kept] = {}
        self._thread: threading.Thread | None = None

    def keeping(
        self,
        run: Run,
        guard: Guard,
        *,
        is_unwatched: Callable[[datetime | None], bool] | None = None,
    ) -> "_Kept":
        """Return a context in which the run's lease is renewed and its guard informed.

        `is_unwatched` decides from the row's `viewed_at` whether nobody looks any more.
        """
        return _Kept(self, run, guard, is_unwatched)

    @property
    def number_kept(self) -> int:
        """How many runs this process holds now."""
        return len(self._kept)

    def stop_all(self, reason: StopReason) -> None:
        """Stop every run of this process."""
        with self._lock:
            kept = list(self._kept.values())
        for one in kept:
            one.guard.stop(reason)

    def settle_all(self) -> None:
        """Settle the rows of all runs that are still here, in their place: the process ends now."""
        with self._lock:
            kept = list(self._kept.values())
        for one in kept:
            self._settle(one)

    def add(self, kept: "_Kept") -> None:
        """Begin to keep; called by the context."""
        with self._lock:
            self._kept[kept.lease] = kept
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
                self._thread.start()

    def remove(self, kept: "_Kept") -> None:
        """Keep no longer; called by the context."""
        with self._lock:
            self._kept.pop(kept.lease, None)
        self._poked.set()

    def look_now(self) -> None:
        """Look at the rows without waiting for the next turn."""
        self._poked.set()

    def _run(self) -> None:
        beat = 0.0
        while True:
            self._poked.wait(LOOK_SECONDS)
            self._poked.clear()
            with self._lock:
                kept = list(self._kept.values())
                if not kept:
                    self._thread = None
                    break
            for one in kept:
                if one.is_stuck():
                    self._give_up(one)
            try:
                close_old_connections()
                now = time.monotonic()
                if now >= beat:
                    runs.heartbeat(self._table, [one.lease for one in kept])
                    beat = now + settings.TEPPAN["LEASE_SECONDS"] / 4
                    for one in kept:
                        one.renewed_at = now
                self._look(kept)
            except Exception:  # whatever it is: without this thread every run here would be lost
                logger.warning("Leases could not be renewed; trying again.", exc_info=True)
        connections.close_all()

    def _give_up(self, one: "_Kept") -> None:
        """Settle the row of a run that does not stop, and say so.

        Documented limit: STOP_GRACE_SECONDS after it was told to stop.
        """
        self._settle(one)
        self._on_stuck(one.run)

    def _settle(self, one: "_Kept") -> None:
        """Settle a run's row in its place; whatever the run writes from now on is refused."""
        self.remove(one)
        reason = one.guard.asked[0] if one.guard.asked else StopReason.SHUTDOWN
        logger.error("%s was told to stop (%s) and does not.", one.run, reason.value)
        code = reason.value if reason is StopReason.TIME_LIMIT else None
        is_cancelled = reason is StopReason.CANCELLED
        try:
            close_old_connections()
            runs.settle_stuck(self._table, one.lease, code=code, is_cancelled=is_cancelled)
        except DatabaseError:
            logger.warning("Its row waits for its lease to end.", exc_info=True)

    def _look(self, kept: list["_Kept"]) -> None:
        fields = ["fence", "status", "cancel_requested"]
        fields += ["viewed_at"] if any(one.is_unwatched for one in kept) else []
        ids = [one.lease.run_id for one in kept]
        rows = self._table._default_manager.filter(pk__in=ids).values("pk", *fields)  # noqa: SLF001
        by_id = {row["pk"]: row for row in rows}
        for one in kept:
            one.inform(by_id.get(one.lease.run_id))


class _Kept:
    """One run being kept."""

    def __init__(
        self,
        keeper: Keeper,
        run: Run,
        guard: Guard,
        is_unwatched: Callable[[datetime | None], bool] | None,
    ) -> None:
        self.run = run
        self.lease = run.lease
        self.guard = guard
        self.is_unwatched = is_unwatched
        self._keeper = keeper
        self._control = run.control
        self.renewed_at = time.monotonic()
        started = run.started_at or timezone.now()
        left = settings.TEPPAN["JOB_TIME_LIMIT_SECONDS"]
        left -= (timezone.now() - started).total_seconds()
        self._deadline = time.monotonic() + left
        self._stack = ExitStack()

    def __enter__(self) -> Guard:
        self._keeper.add(self)
        self._stack.callback(self._keeper.remove, self)
        self._stack.enter_context(wakeup.listening(self._control, self._keeper.look_now))
        self._check_clock()
        return self.guard

    def __exit__(self, *exc_info: object) -> None:
        self._timer.cancel()
        self._stack.close()

    def inform(self, row: dict[str, Any] | None) -> None:
        """Compare the row with the lease; stop the run where they part."""
        if row is None or row["fence"] != self.lease.fence or row["status"] != "running":
            self.guard.stop(StopReason.LEASE_LOST)
        elif row["cancel_requested"]:
            self.guard.stop(StopReason.CANCELLED)
        elif self.is_unwatched and self.is_unwatched(row["viewed_at"]):
            self.guard.stop(StopReason.UNWATCHED)

    def is_stuck(self) -> bool:
        """Tell whether the run was told to stop and has not, for longer than it may.

        Looked at by the keeper's thread, and so is the deadline: the run's own loop may hang.
        """
        now = time.monotonic()
        if now >= self._deadline:
            self.guard.stop(StopReason.TIME_LIMIT)
        asked = self.guard.asked
        return asked is not None and now - asked[1] >= settings.TEPPAN["STOP_GRACE_SECONDS"]

    def _check_clock(self) -> None:
        """Stop a run past its deadline, or whose lease may have run out.

        Looked at by the run's own loop: the keeper's thread may hang on a database that is gone.
        """
        now = time.monotonic()
        if now >= self._deadline:
            self.guard.stop(StopReason.TIME_LIMIT)
        elif now - self.renewed_at >= settings.TEPPAN["LEASE_SECONDS"]:
            self.guard.stop(StopReason.LEASE_LOST)
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._check_clock)
