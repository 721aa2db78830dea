"""The workers' door of scraping: tasks are hints, `projects.slots` takes whose turn it is."""

from contextlib import aclosing

from celery import Task, shared_task

from common.hints import send_hint
from projects.keeper import Guard, StopReason
from projects.slots import IsUnwatched, Slots
from scraper.models import ScrapingJob
from scraper.runner import is_unwatched, run_job, scrape_subreddit_posts_task
from scraper.sources import open_source

__all__ = ["hint_workers", "run_scraping_job_task", "scrape_subreddit_posts_task", "slots"]

_TASK = "scraper.run_scraping_job"


def hint_workers(job_id: int) -> None:
    """Tell a free slot that a job waits. A broker that is gone is no error: the sweep finds it."""
    send_hint(_TASK, job_id)


@shared_task(bind=True, name=_TASK)
def run_scraping_job_task(self: "Task[..., None]", scraping_job_id: int) -> None:
    """Work on the jobs whose turn it is; the id is only the occasion.

    Each is one run of `run_job`, which works through its subreddits by
    `scrape_subreddit_posts_task`, inline. As a message this only wakes the slots, which are not
    Celery's threads; called directly it returns when nothing waits.
    """
    if self.request.called_directly:
        slots.work_until_idle()
    else:
        slots.wake()


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


slots = Slots(ScrapingJob, _work, watch_of=_watch_of)
