"""What scraping keeps for a project, and how it goes when the project is deleted."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Model

from projects.activity import forget
from projects.deletion import Belongings
from projects.runs import TERMINAL
from scraper import indexing
from scraper.models import (
    JobPost,
    PostMetric,
    ScrapedComment,
    ScrapedPost,
    ScrapingJob,
    ScrapingTarget,
    UnindexedPage,
    Watermark,
)


def cancel_jobs(project_id: int) -> None:
    """Ask every running job of the project to end."""
    for job in ScrapingJob.objects.filter(project_id=project_id).exclude(status__in=TERMINAL):
        job.cancel()


def remove_rows(project_id: int, limit: int) -> int:
    """Delete up to `limit` rows of the project, those that point to others first."""
    for table, project in _TABLES:
        ids = table._default_manager.filter(**{project: project_id}).values_list("pk", flat=True)  # noqa: SLF001
        if chunk := list(ids[:limit]):
            return _remove(table, chunk)
    return _remove_logs(project_id, limit) or _remove_jobs(project_id, limit)


def _remove(table: type[Model], ids: Sequence[int]) -> int:
    with transaction.atomic():
        if table is ScrapedPost:
            indexing.forget(ids)
        return table._default_manager.filter(pk__in=ids).delete()[0]  # noqa: SLF001


def _remove_logs(project_id: int, limit: int) -> int:
    streams = [job.stream for job in ScrapingJob.objects.filter(project_id=project_id)]
    return forget(streams, limit)


def _remove_jobs(project_id: int, limit: int) -> int:
    ids = ScrapingJob.objects.filter(project_id=project_id).values_list("pk", flat=True)[:limit]
    return ScrapingJob.objects.filter(pk__in=list(ids)).delete()[0]


_TABLES: Final[tuple[tuple[type[Model], str], ...]] = (
    (JobPost, "job__project_id"),
    (ScrapedComment, "project_id"),
    (UnindexedPage, "project_id"),
    (PostMetric, "post__project_id"),
    (ScrapedPost, "project_id"),
    (Watermark, "project_id"),
    (ScrapingTarget, "job__project_id"),
)

BELONGINGS = Belongings(cancel=cancel_jobs, remove=remove_rows)
