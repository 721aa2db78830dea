"""Reads jobs and posts as the outside sees them: plain dictionaries, no model instances."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from common.errors import NotFound
from projects.models import User
from projects.runs import TERMINAL, claimable
from scraper.events import target_entry
from scraper.models import JobPost, ScrapedPost, ScrapingJob, ScrapingTarget

POST_FIELDS = (
    "fullname",
    "subreddit",
    "title",
    "author",
    "selftext",
    "url",
    "permalink",
    "domain",
    "score",
    "upvote_ratio",
    "num_comments",
    "flair",
    "over_18",
    "spoiler",
    "stickied",
    "locked",
    "is_self",
    "post_type",
    "thumbnail",
    "media",
    "crosspost_parent",
    "removed",
    "edited_at",
    "created_at",
    "fetched_at",
    "backend",
)


def jobs_visible_to(user: User) -> QuerySet[ScrapingJob]:
    """Return the jobs a user may see."""
    return ScrapingJob.objects.filter(owner=user, project__deleted_at__isnull=True)


def job_of(user: User, job_id: int) -> ScrapingJob:
    """Return one job. Raises NotFound, the same whether it is foreign or missing."""
    try:
        return jobs_visible_to(user).get(pk=job_id)
    except ScrapingJob.DoesNotExist:
        raise NotFound from None


def jobs_still_visible(job_ids: Iterable[int]) -> set[int]:
    """Return those of the jobs whose project was not deleted."""
    visible = ScrapingJob.objects.filter(pk__in=job_ids, project__deleted_at__isnull=True)
    return set(visible.values_list("pk", flat=True))


def unattended_streams(job_ids: Iterable[int]) -> list[int]:
    """Return those of the jobs that are live ones which nobody drives although somebody could."""
    now = timezone.now()
    opened = Q(status="pending", cancel_requested=False) | claimable(now)
    return list(
        ScrapingJob.objects.filter(opened, mode="stream", pk__in=job_ids).values_list(
            "pk", flat=True
        )
    )


def job_as_json(job: ScrapingJob, targets: Sequence[ScrapingTarget]) -> dict[str, Any]:
    """Return a job as REST and the stream's snapshot show it."""
    progress = progress_of(job, targets)
    failed = [target for target in targets if target.error_code]
    return {
        "id": job.pk,
        "project": job.project_id,
        "mode": job.mode,
        "backend": job.backend,
        "status": job.status,
        "cancel_requested": job.cancel_requested,
        "config": job.config,
        "posts_scraped": job.posts_scraped,
        "posts_new": job.posts_new,
        "comments_scraped": job.comments_scraped,
        "requests_made": job.requests_made,
        "progress": progress,
        "eta_seconds": eta_seconds(job, progress, timezone.now()),
        "targets": [target_entry(target) for target in targets],
        "errors": [error_entry(target) for target in failed],
        "event_seq": job.event_seq,
        "attempt": job.attempt,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "origin": job.origin,
        "retry_of": job.retry_of_id,
        "metadata": job.metadata,
    }


def job_detail(job_id: int) -> dict[str, Any]:
    """Return a job with its targets, read afresh. Raises NotFound once it is gone."""
    job = ScrapingJob.objects.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return jobs_as_json([job])[0]


def jobs_as_json(jobs: Sequence[ScrapingJob]) -> list[dict[str, Any]]:
    """Return jobs with their targets; one query however many."""
    targets: dict[int, list[ScrapingTarget]] = {job.pk: [] for job in jobs}
    for target in ScrapingTarget.objects.filter(job__in=jobs).order_by("job", "position"):
        targets[target.job_id].append(target)
    return [job_as_json(job, targets[job.pk]) for job in jobs]


def error_entry(target: ScrapingTarget) -> dict[str, str]:
    """Return one entry of a job's `errors`."""
    return {
        "subreddit": target.subreddit,
        "code": target.error_code,
        "detail": target.error_detail,
    }


def progress_of(job: ScrapingJob, targets: Sequence[ScrapingTarget]) -> float:
    """Return the share of the job that is done, 0 to 1; it never decreases."""
    if job.status in ("completed", "partial"):
        return 1.0
    if not targets:
        return 0.0
    limit = job.config["limit"]
    done = sum(
        1.0
        if target.status in ("completed", "partial", "failed")
        else min(target.posts_scraped / limit, 1.0)
        for target in targets
    )
    return round(done / len(targets), 4)


def eta_seconds(job: ScrapingJob, progress: float, now: datetime) -> float | None:
    """Return the expected seconds to the end at the pace so far; null when there is none yet."""
    if job.status in TERMINAL or not progress or job.started_at is None:
        return None
    elapsed = (now - job.started_at).total_seconds()
    return round(elapsed * (1 - progress) / progress, 1)


def post_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a post as REST shows it, from a row with POST_FIELDS."""
    post = {"id": row["fullname"], **row}
    del post["fullname"]
    return post


def posts_of_events(job_id: int, seqs: Sequence[int]) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """Return for each page event its posts with their place in it, as they are now."""
    names = [f"post__{name}" for name in POST_FIELDS]
    rows = JobPost.objects.filter(job_id=job_id, seq__in=seqs).order_by("seq", "n")
    found: dict[int, list[tuple[int, dict[str, Any]]]] = {seq: [] for seq in seqs}
    for seq, n, fullname, *values in rows.values_list("seq", "n", *names):
        post = {"id": fullname, **dict(zip(POST_FIELDS[1:], values, strict=True))}
        found[seq].append((n, post))
    return found


def posts_of_project(project_id: int) -> QuerySet[ScrapedPost]:
    """Return the posts a project holds."""
    return ScrapedPost.objects.filter(project_id=project_id)
