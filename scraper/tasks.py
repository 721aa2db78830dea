"""The workers' door: a message wakes a slot, the slot takes whichever job's turn it is.

A thread in every worker process sweeps: it ends what nobody will end, and wakes a free slot when
there is work that no message announced (the broker lost it, or its worker died).
"""

import logging
import threading
from contextlib import aclosing

import kombu.exceptions
from celery import shared_task
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from common.background_loop import submit
from projects import runs
from projects.keeper import Guard, Keeper, StopReason
from scraper.models import ScrapingJob
from scraper.runner import is_unwatched, run_job
from scraper.sources import open_source

# Two looks a second would be as good; a job waits this long at most for a lost message.
SWEEP_SECONDS = 1.0

logger = logging.getLogger(__name__)

keeper = Keeper(ScrapingJob)
_stopping = threading.Event()


def hint_workers(job_id: int) -> None:
    """Tell a free slot that a job waits. A broker that is gone is no error: the sweep finds it."""
    try:
        run_scraping_job_task.delay(job_id)
    except (kombu.exceptions.OperationalError, OSError) as error:
        logger.warning("The broker did not take job %s (%s); a sweep will.", job_id, error)


@shared_task(name="scraper.run_scraping_job")
def run_scraping_job_task(scraping_job_id: int) -> None:
    """Work on the jobs whose turn it is until there is none; the id is only the occasion."""
    name = runs.worker_name("worker")
    while not _stopping.is_set() and (job := runs.take_next(ScrapingJob, name)):
        submit(_drive(job)).result()
        close_old_connections()


def start_worker() -> None:
    """Begin to sweep; called once when the worker process is ready."""
    threading.Thread(target=_sweep_until_stopped, name="sweep", daemon=True).start()


def stop_worker() -> None:
    """Give every running job back and take no more; called when the process is asked to leave."""
    _stopping.set()
    keeper.stop_all(StopReason.SHUTDOWN)


async def _drive(job: ScrapingJob) -> None:
    guard = Guard()
    # A live job that stops without viewers does so here too: nobody may ever have opened it.
    watch = is_unwatched if _stops_unwatched(job) else None
    try:
        with keeper.keeping(job, guard, is_unwatched=watch):
            if _stopping.is_set():
                guard.stop(StopReason.SHUTDOWN)
            elif watch and watch(job.viewed_at):
                guard.stop(StopReason.UNWATCHED)
            async with aclosing(run_job(job, open_source, guard)) as pages:
                async for _ in pages:
                    pass
    except Exception:
        logger.exception("%s broke off; it will be taken over.", job)
        raise


def _stops_unwatched(job: ScrapingJob) -> bool:
    return job.mode == ScrapingJob.Mode.STREAM and job.config["on_disconnect"] == "stop"


def _sweep_until_stopped() -> None:
    pause = SWEEP_SECONDS * min(settings.TEPPAN["TIME_SCALE"], 1.0)
    while not _stopping.wait(pause):
        close_old_connections()
        try:
            runs.sweep(ScrapingJob)
            waiting = runs.count_claimable(ScrapingJob)
        except DatabaseError:
            logger.warning("Could not look for work; trying again.", exc_info=True)
            continue
        for _ in range(min(waiting, _free_slots())):
            hint_workers(0)
    connections.close_all()


def _free_slots() -> int:
    slots: int = settings.TEPPAN["WORKER_SLOTS"]
    return max(slots - keeper.number_kept, 0)
