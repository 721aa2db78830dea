"""The workers' door for one kind of run: a message wakes a slot, the slot takes whose turn it is.

A thread in every worker process sweeps: it ends what nobody will end, and wakes a free slot when
there is work that no message announced (the broker lost it, or its worker died).
"""

import logging
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Generic, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from common.background_loop import submit
from projects import runs
from projects.keeper import Guard, Keeper, StopReason
from projects.runs import Run

R = TypeVar("R", bound=Run)

IsUnwatched = Callable[[datetime | None], bool]

# Two looks a second would be as good; a run waits this long at most for a lost message.
SWEEP_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Slots(Generic[R]):
    """The places in which this process works on runs of one table, on its event loop.

    `work(run, guard)` does a claimed run's work and settles how it ends; `hint(run_id)` sends the
    message by which a slot wakes. `number` bounds the runs at once; None leaves it to Celery.
    `watch_of(run)` tells how a run that may stop without viewers knows it, see `Keeper.keeping`.
    """

    def __init__(
        self,
        table: type[R],
        work: Callable[[R, Guard], Awaitable[None]],
        hint: Callable[[int], None],
        *,
        number: int | None = None,
        watch_of: Callable[[R], IsUnwatched | None] = lambda _: None,
    ) -> None:
        self._table = table
        self._work = work
        self._hint = hint
        self._watch_of = watch_of
        self._number: int = number or settings.TEPPAN["WORKER_SLOTS"]
        self._free = threading.BoundedSemaphore(self._number) if number else None
        self._keeper = Keeper(table)
        self._stopping = threading.Event()

    def work_until_idle(self) -> None:
        """Work on the runs whose turn it is until there is none; returns when all slots are taken.

        Whoever works takes what waits when it is done, so a message that comes then is not lost.
        """
        if self._free is None:
            self._take_turns()
        elif self._free.acquire(blocking=False):
            try:
                self._take_turns()
            finally:
                self._free.release()

    def start(self) -> None:
        """Begin to sweep; called once when the worker process is ready."""
        threading.Thread(target=self._sweep_until_stopped, name="sweep", daemon=True).start()

    def stop(self) -> None:
        """Give every run back and take no more; called when the process is asked to leave."""
        self._stopping.set()
        self._keeper.stop_all(StopReason.SHUTDOWN)

    def _take_turns(self) -> None:
        name = runs.worker_name("worker")
        while not self._stopping.is_set() and (run := runs.take_next(self._table, name)):
            submit(self._drive(run)).result()
            close_old_connections()

    async def _drive(self, run: R) -> None:
        guard = Guard()
        try:
            with self._keeper.keeping(run, guard, is_unwatched=self._watch_of(run)):
                if self._stopping.is_set():
                    guard.stop(StopReason.SHUTDOWN)
                await self._work(run, guard)
        except Exception:
            logger.exception("%s broke off; it will be taken over.", run)
            raise

    def _sweep_until_stopped(self) -> None:
        pause = SWEEP_SECONDS * min(settings.TEPPAN["TIME_SCALE"], 1.0)
        while not self._stopping.wait(pause):
            close_old_connections()
            try:
                runs.sweep(self._table)
                waiting = runs.count_claimable(self._table)
            except DatabaseError:
                logger.warning("Could not look for work; trying again.", exc_info=True)
                continue
            for _ in range(min(waiting, max(self._number - self._keeper.number_kept, 0))):
                self._hint(0)
        connections.close_all()
