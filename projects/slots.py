"""The workers' door for one kind of run: a message wakes the slots, they take whose turn it is.

A run waits for others most of its time, so a slot is a task on the process's event loop and not a
thread: runs that are kept waiting do not keep the others out. A thread in every worker process
sweeps: it ends what nobody will end, and looks for what no message announced.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.db.models import Q

from common.background_loop import submit
from common.executors import run_in_database_thread
from common.wakeup import seconds_between_looks
from projects import runs
from projects.keeper import LOOK_SECONDS, Guard, Keeper, StopReason, outliving_database
from projects.runs import Run

R = TypeVar("R", bound=Run)

IsUnwatched = Callable[[datetime | None], bool]

# Two looks a second would be as good; a run waits this long at most for a lost message.
SWEEP_SECONDS = 1.0
# Upstream's pace is used up by a few; the others wait, at the price of a connection each.
RUNS_AT_ONCE = 32
# The last slots of a process are for users of whom it works on nothing.
SHARE_FOR_OTHERS = 4
# Of the time that a worker has to stop, for giving back in their place the runs that do not let go.
_SETTLE_SECONDS = 1.0
# After this the process ends, whatever still holds it.
_EXIT_SECONDS = 5.0

logger = logging.getLogger(__name__)


def leave_process() -> None:
    """Ask this process to end as a signal would, and end it if that does not help."""
    threading.Thread(target=_exit_soon, name="exit", daemon=True).start()
    os.kill(os.getpid(), signal.SIGTERM)


def _exit_soon() -> None:
    threading.Event().wait(_EXIT_SECONDS)
    os._exit(os.EX_SOFTWARE)


class Slots(Generic[R]):
    """The places in which this process works on runs of one table, on its event loop.

    `work(run, guard)` does a claimed run's work and settles how it ends; `number` bounds the runs
    at once. `watch_of(run)` tells how a run that may stop without viewers knows it, see
    `Keeper.keeping`. `leave()` ends the process, which whoever started it starts again: called
    when a run does not stop, after its row was settled for it.
    """

    def __init__(
        self,
        table: type[R],
        work: Callable[[R, Guard], Awaitable[None]],
        *,
        number: int = RUNS_AT_ONCE,
        watch_of: Callable[[R], IsUnwatched | None] = lambda _: None,
        leave: Callable[[], None] = leave_process,
    ) -> None:
        self._table = table
        self._work = work
        self._watch_of = watch_of
        self._number = number
        self._leave = leave
        self._keeper = Keeper(table, on_stuck=self._restart)
        self._stopping = threading.Event()
        self._taking = asyncio.Lock()
        self._running: dict[asyncio.Task[None], R] = {}
        self._refilling: set[asyncio.Task[None]] = set()
        self._suspect: R | None = None

    def wake(self) -> None:
        """Take the runs whose turn it is, as far as there are free slots; returns at once."""
        if not self._stopping.is_set():
            submit(self._fill())

    def work_until_idle(self) -> None:
        """Work on the runs whose turn it is until there is none, and return then."""
        submit(self._fill_until_idle()).result()

    def start(self) -> None:
        """Begin to sweep; called once when the worker process is ready."""
        threading.Thread(target=self._sweep_until_stopped, name="sweep", daemon=True).start()

    def stop(self) -> None:
        """Give every run back and take no more; called when the process is asked to leave."""
        self._stopping.set()
        self._keeper.stop_all(StopReason.SHUTDOWN)
        left = threading.Event()
        submit(self._wait_for_all(left))
        if not left.wait(settings.TEPPAN["STOP_SECONDS"] - _SETTLE_SECONDS):
            self._keeper.settle_all()

    async def _fill(self) -> None:
        async with self._taking:
            name = runs.worker_name("worker")
            while (eligible := self._eligible()) is not None:
                try:
                    run = await run_in_database_thread(
                        runs.take_next, self._table, name, eligible=eligible
                    )
                except DatabaseError:
                    logger.warning("Could not take work; the sweep tries again.", exc_info=True)
                    return
                if run is None:
                    return
                self._begin(run)

    def _eligible(self) -> Q | None:
        """Return what a free slot may take; None when there is none to be had."""
        free = self._number - len(self._running)
        if free <= 0 or self._stopping.is_set() or self._suspect is not None:
            return None
        if free > self._number // SHARE_FOR_OTHERS:
            return Q()
        return ~Q(owner__in={run.owner_id for run in self._running.values()})

    def _begin(self, run: R) -> None:
        others = set(self._running)
        if runs.is_suspect(run):
            self._suspect = run
            logger.warning("%s has lost %s workers: it runs alone for now.", run, run.losses)
            self._keeper.stop_all(StopReason.SHUTDOWN)
        else:
            others = set()
        task = asyncio.get_running_loop().create_task(self._drive(run, others))
        self._running[task] = run
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        run = self._running.pop(task)
        if self._suspect is run:
            self._suspect = None
        self._refill()

    def _refill(self) -> None:
        task = asyncio.get_running_loop().create_task(self._fill())
        self._refilling.add(task)
        task.add_done_callback(self._refilling.discard)

    async def _drive(self, run: R, others: set[asyncio.Task[None]]) -> None:
        guard = Guard()
        try:
            async with outliving_database(run, guard):
                with self._keeper.keeping(run, guard, is_unwatched=self._watch_of(run)):
                    if self._stopping.is_set() or self._suspect not in (None, run):
                        guard.stop(StopReason.SHUTDOWN)
                    if self._suspect is run:
                        await self._work_alone(run, guard, others)
                    else:
                        await self._work(run, guard)
        except Exception:
            logger.exception("%s broke off; it will be taken over.", run)

    async def _work_alone(self, run: R, guard: Guard, others: set[asyncio.Task[None]]) -> None:
        if others:
            await asyncio.wait(others, timeout=settings.TEPPAN["STOP_GRACE_SECONDS"])
        watching = asyncio.create_task(self._watch(run))
        try:
            await self._work(run, guard)
        finally:
            watching.cancel()

    async def _watch(self, run: R) -> None:
        """Let others in again when the suspect got on, or did no harm for as long as a lease."""
        loop = asyncio.get_running_loop()
        until = loop.time() + runs.lease_length().total_seconds()
        while loop.time() < until and await run_in_database_thread(runs.has_losses, run):
            await asyncio.sleep(LOOK_SECONDS)
        self._suspect = None
        self._refill()

    async def _fill_until_idle(self) -> None:
        await self._fill()
        while pending := {*self._running, *self._refilling}:
            await asyncio.wait(pending)

    async def _wait_for_all(self, left: threading.Event) -> None:
        async with self._taking:
            while self._running:
                await asyncio.wait(self._running)
        left.set()

    def _restart(self, run: Run) -> None:
        logger.critical("%s does not stop; this process ends, so that another one begins.", run)
        self._leave()

    def _sweep_until_stopped(self) -> None:
        pause = seconds_between_looks(SWEEP_SECONDS)
        while not self._stopping.wait(pause):
            close_old_connections()
            try:
                runs.sweep(self._table)
                waiting = runs.count_claimable(self._table)
            except DatabaseError:
                logger.warning("Could not look for work; trying again.", exc_info=True)
                # When the database is back, who lives says so before anybody is taken for dead.
                self._stopping.wait(2 * LOOK_SECONDS)
                continue
            if waiting:
                self.wake()
        connections.close_all()
