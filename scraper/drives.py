"""Live jobs that this web process drives, each in a task of its own that no request owns.

Whoever opens the stream of a job that nobody works on has it driven; every viewer, the first one
too, only follows the log, and waits neither for the claim nor for what it waits for.

A drive that does not stop when it is told to is settled in its place and cancelled. Its process
stays, unlike a worker's: it serves everybody's streams, and what the drive still writes is refused.
"""

import asyncio
import contextvars
import logging
from collections.abc import Coroutine
from typing import Any

from django.utils import timezone

from common import draining
from common.executors import run_in_database_thread
from projects import runs
from projects.keeper import Guard, Keeper, StopReason, outliving_database
from scraper.models import ScrapingJob
from scraper.runner import is_unwatched, run_job
from scraper.sources import open_source

logger = logging.getLogger(__name__)

_tasks: set[asyncio.Task[None]] = set()
_driving: dict[runs.Lease, asyncio.Task[Any] | None] = {}
_claiming: set[int] = set()


def _cancel(job: runs.Run) -> None:
    if task := _driving.get(job.lease):
        task.get_loop().call_soon_threadsafe(task.cancel)


keeper = Keeper(ScrapingJob, on_stuck=_cancel)


def open_drive(job_id: int) -> None:
    """Drive the job from this process if nobody works on it.

    One task claims and drives: a request that ends in between cannot leave a claim behind.
    """
    if not draining.is_draining() and job_id not in _claiming:
        _claiming.add(job_id)
        _start(_claim_and_drive(job_id))


async def stop_all() -> None:
    """Give every live job back, for a worker or another web process to carry on."""
    keeper.stop_all(StopReason.SHUTDOWN)
    if _tasks:
        await asyncio.wait(_tasks)


def _start(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def _take(job_id: int) -> ScrapingJob | None:
    when = runs.unattended(timezone.now()) & runs.NOT_CANCELLED & ~runs.SUSPECT
    job = runs.take(ScrapingJob, job_id, runs.worker_name("web"), when=when)
    if job is not None:
        ScrapingJob.objects.filter(pk=job_id).update(viewed_at=timezone.now())
    return job


async def _claim_and_drive(job_id: int) -> None:
    try:
        if job := await _claim(job_id):
            await _drive(job)
    except Exception:
        logger.exception("The drive of job %s broke off; a worker will take over.", job_id)


async def _claim(job_id: int) -> ScrapingJob | None:
    try:
        return await run_in_database_thread(_take, job_id)
    finally:
        _claiming.discard(job_id)


async def _drive(job: ScrapingJob) -> None:
    guard, lease = Guard(), job.lease
    _driving[lease] = asyncio.current_task()
    try:
        async with outliving_database(job, guard):
            with keeper.keeping(job, guard, is_unwatched=is_unwatched):
                # Claimed while the process was told to end, it was not yet among the stopped.
                if draining.is_draining():
                    guard.stop(StopReason.SHUTDOWN)
                async for _ in run_job(job, open_source, guard):
                    pass
    finally:
        del _driving[lease]
