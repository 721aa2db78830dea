"""What watched jobs need: live ones are noted as seen, and driven when they lost their driver."""

from django.utils import timezone

from common.executors import run_in_database_thread, run_in_reading_thread
from projects.viewers import Kind
from scraper import drives, selectors
from scraper.models import ScrapingJob


async def _attend(job_ids: list[int]) -> None:
    await run_in_database_thread(_note_viewed, job_ids)
    for job_id in await run_in_reading_thread(selectors.unattended_streams, job_ids):
        drives.open_drive(job_id)


def _note_viewed(job_ids: list[int]) -> None:
    watched = ScrapingJob.objects.filter(pk__in=job_ids, mode="stream", status="running")
    watched.update(viewed_at=timezone.now())


JOBS = Kind(selectors.jobs_still_visible, _attend)
