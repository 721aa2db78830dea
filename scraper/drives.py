"""Live jobs that this web process drives, each in a task of its own that no request owns.

Whoever opens the stream of a job that nobody works on starts the drive; every viewer, the first
one too, only follows the log.
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
from projects.keeper import Guard, Keeper, StopReason
from scraper.models import ScrapingJob
from scraper.runner import is_unwatched, run_job
from scraper.sources import open_source

logger = logging.getLogger(__name__)

keeper = Keeper(ScrapingJob)

_tasks: set[asyncio.Task[None]] = set()


async def open_drive(job_id: int) -> bool:
    """Drive the job from this process if nobody works on it; whether it does now."""
    if draining.is_draining():
        return False
    job = await run_in_database_thread(_take, job_id)
    if job is None:
        return False
    _start(_drive(job))
    return True


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


async def _drive(job: ScrapingJob) -> None:
    guard = Guard()
    try:
        with keeper.keeping(job, guard, is_unwatched=is_unwatched):
            async for _ in run_job(job, open_source, guard):
                pass
    except Exception:
        logger.exception("The drive of %s broke off; a worker will take over.", job)
