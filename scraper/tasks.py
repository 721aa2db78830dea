"""The workers' door of scraping: tasks are hints, `projects.slots` takes whose turn it is."""

import logging
from contextlib import aclosing

import kombu.exceptions
from celery import shared_task

from projects.keeper import Guard, StopReason
from projects.slots import IsUnwatched, Slots
from scraper.models import ScrapingJob
from scraper.runner import is_unwatched, run_job
from scraper.sources import open_source

logger = logging.getLogger(__name__)


def hint_workers(job_id: int) -> None:
    """Tell a free slot that a job waits. A broker that is gone is no error: the sweep finds it."""
    try:
        run_scraping_job_task.delay(job_id)
    except (kombu.exceptions.OperationalError, OSError) as error:
        logger.warning("The broker did not take job %s (%s); a sweep will.", job_id, error)


@shared_task(name="scraper.run_scraping_job")
def run_scraping_job_task(scraping_job_id: int) -> None:
    """Work on the jobs whose turn it is until there is none; the id is only the occasion."""
    slots.work_until_idle()


async def _work(job: ScrapingJob, guard: Guard) -> None:
    watch = _watch_of(job)
    if watch and watch(job.viewed_at):
        guard.stop(StopReason.UNWATCHED)
    async with aclosing(run_job(job, open_source, guard)) as pages:
        async for _ in pages:
            pass


def _watch_of(job: ScrapingJob) -> IsUnwatched | None:
    """Tell how a live job that stops without viewers knows it: nobody may ever have opened it."""
    is_live = job.mode == ScrapingJob.Mode.STREAM and job.config["on_disconnect"] == "stop"
    return is_unwatched if is_live else None


slots = Slots(ScrapingJob, _work, hint_workers, watch_of=_watch_of)
