"""Jobs, pages and what became of them, for the tests of scraping and of runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from data_provider import Page
from data_provider.testing import EPOCH
from projects import runs
from projects.activity import LoggedEvent, read_after
from projects.models import Project, User
from scraper.models import JobPost, ScrapedPost, ScrapingJob, ScrapingTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider import Post

CONFIG = {
    "sort": "new",
    "time_filter": "all",
    "limit": 100_000,
    "include_comments": False,
    "comment_limit": None,
    "comment_depth": None,
    "only_new": False,
    "min_score": None,
    "since": None,
    "until": None,
    "on_disconnect": "continue",
    "parallelism": 1,
}
TERMINAL_TYPES = {f"scraping.{status}" for status in runs.TERMINAL}


def make_project(name: str = "ada") -> Project:
    """Return a new project of the user of that name."""
    owner, _ = User.objects.get_or_create(username=name)
    return Project.objects.create(owner=owner, name=f"Of {name}")


def make_job(
    project: Project | None = None,
    *subreddits: str,
    config: dict[str, Any] | None = None,
    **fields: Any,
) -> ScrapingJob:
    """Return a job that waits, with its targets."""
    project = project or make_project()
    job = ScrapingJob.objects.create(
        **{
            "owner_id": project.owner_id,
            "project": project,
            "mode": "bulk",
            "backend": "scripted",
            "config": CONFIG | (config or {}),
            **fields,
        }
    )
    for position, name in enumerate(subreddits or ("python",)):
        ScrapingTarget.objects.create(job=job, position=position, subreddit=name)
    return job


def claim(job: ScrapingJob, worker: str = "worker") -> ScrapingJob:
    """Return the job as its new worker holds it, whatever it was."""
    claimed = runs.take(ScrapingJob, job.pk, worker, when=runs.unattended(timezone.now()))
    assert claimed is not None
    return claimed


def claimed_job(project: Project | None = None, *subreddits: str, **fields: Any) -> ScrapingJob:
    """Return a new job in the hands of a worker."""
    return claim(make_job(project, *subreddits, **fields))


def let_lease_expire(job: ScrapingJob) -> None:
    """Make the worker look dead."""
    past = timezone.now() - timedelta(seconds=1)
    ScrapingJob.objects.filter(pk=job.pk).update(lease_until=past)


def target_of(job: ScrapingJob, position: int = 0) -> ScrapingTarget:
    """Return a target as it is now."""
    return ScrapingTarget.objects.get(job=job, position=position)


def now_of(job: ScrapingJob) -> ScrapingJob:
    """Return the job as it is now."""
    return ScrapingJob.objects.get(pk=job.pk)


def make_page(posts: Sequence[Post], cursor: str | None = "next", **fields: Any) -> Page:
    """Return a page; without cursor the last one."""
    return Page(
        **{
            "posts": tuple(posts),
            "cursor": cursor,
            "stopped_by": None if cursor else "exhausted",
            "backend": "scripted",
            "fetched_at": EPOCH,
            **fields,
        }
    )


def events_of(job: ScrapingJob) -> list[LoggedEvent]:
    """Return the job's whole log."""
    return read_after(job.stream, 0, 100_000)


def terminal_events(job: ScrapingJob) -> list[str]:
    """Return the types of the job's terminal events."""
    return [event.type for event in events_of(job) if event.type in TERMINAL_TYPES]


def posts_of(job: ScrapingJob) -> set[str]:
    """Return the fullnames that the job saw."""
    return set(JobPost.objects.filter(job=job).values_list("post__fullname", flat=True))


def stored(fullname: str) -> ScrapedPost:
    """Return a post's row."""
    return ScrapedPost.objects.get(fullname=fullname)
