"""Reads jobs and posts as the outside sees them: plain dictionaries, no model instances."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Lower, TruncDate
from django.utils import timezone

from common.errors import NotFound
from projects.models import User
from projects.runs import TERMINAL, Run, claimable
from scraper.models import (
    JobPost,
    ScrapedComment,
    ScrapedPost,
    ScrapingJob,
    ScrapingTarget,
    UnindexedPage,
)
from scraper.search import FoundPosts, Search

OVERVIEW_DAYS = 90
MOST_SUBREDDITS_SHOWN = 100

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
    "comments_fetched",
    "comments_expected",
    "comments_fetched_at",
)

COMMENT_FIELDS = (
    "fullname",
    "post__fullname",
    "parent_id",
    "depth",
    "author",
    "body",
    "score",
    "is_submitter",
    "stickied",
    "distinguished",
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
        "targets": [target.entry() for target in targets],
        "errors": [target.error_entry() for target in failed],
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


def job_counters(job_id: int) -> dict[str, Any]:
    """Return the counters of a job that change all the time. Raises NotFound once it is gone."""
    fields = ("status", "config", "posts_scraped", "started_at")
    job = ScrapingJob.objects.filter(pk=job_id).only(*fields).first()
    if job is None:
        raise NotFound
    targets = ScrapingTarget.objects.filter(job_id=job_id)
    progress = progress_of(job, targets.only("status", "posts_scraped", "comments_due"))
    return {
        "posts_scraped": job.posts_scraped,
        "progress": progress,
        "eta_seconds": eta_seconds(job, progress, timezone.now()),
    }


def jobs_as_json(jobs: Sequence[ScrapingJob]) -> list[dict[str, Any]]:
    """Return jobs with their targets; one query however many."""
    targets: dict[int, list[ScrapingTarget]] = {job.pk: [] for job in jobs}
    shown = ScrapingTarget.objects.filter(job__in=jobs).defer(*ScrapingTarget.UNSEEN)
    for target in shown.order_by("job", "position"):
        targets[target.job_id].append(target)
    return [job_as_json(job, targets[job.pk]) for job in jobs]


def latest_jobs(project_id: int, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` jobs of a project, the newest first, as REST shows them."""
    jobs = ScrapingJob.objects.filter(project_id=project_id).order_by("-created_at", "-pk")
    return jobs_as_json(list(jobs[:limit]))


def progress_of(job: ScrapingJob, targets: Collection[ScrapingTarget]) -> float:
    """Return the share of the job that is done, 0 to 1; it never decreases."""
    if job.status in ("completed", "partial"):
        return 1.0
    if not targets:
        return 0.0
    limit = job.config["limit"]
    done = sum(
        1.0
        if target.status in ("completed", "partial", "failed")
        else min((target.posts_scraped - target.comments_due) / limit, 1.0)
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
    """Return a post as REST shows it, from a row with POST_FIELDS and perhaps its own `id`."""
    post = {"id": None, **row}
    post["id"] = post.pop("fullname")
    return post


def posts_of_project(project_id: int) -> QuerySet[ScrapedPost, dict[str, Any]]:
    """Return the rows of a project's posts, each with POST_FIELDS and its id."""
    rows: QuerySet[ScrapedPost, dict[str, Any]]
    rows = ScrapedPost.objects.filter(project_id=project_id).values("id", *POST_FIELDS)
    return rows


def posts_matching(
    project_id: int, wish: Mapping[str, Any]
) -> QuerySet[ScrapedPost, dict[str, Any]]:
    """Return the rows of a project's posts that match the filters named as in REST.

    Good for reading all of them; `scraper.listing` is quicker at a page. Raises InvalidInput for a
    `q` without words.
    """
    rows = _filtered(posts_of_project(project_id), wish)
    if "q" in wish:
        rows = rows.filter(pk__in=Search.of(project_id, wish["q"], wish).ids())
    return rows


def posts_found(project_id: int, wish: Mapping[str, Any]) -> FoundPosts:
    """Return the same rows for a `wish` with `q`, to be read page by page. Raises as above."""
    rows = _filtered(ScrapedPost.objects.values("id", *POST_FIELDS), wish)
    return FoundPosts(Search.of(project_id, wish["q"], wish), rows, wish)


def pages_waiting(project_id: int) -> int:
    """Count the project's stored pages that text search does not know yet."""
    return UnindexedPage.objects.filter(project_id=project_id).count()


def _filtered(
    rows: QuerySet[ScrapedPost, dict[str, Any]], wish: Mapping[str, Any]
) -> QuerySet[ScrapedPost, dict[str, Any]]:
    for name in ("subreddit", "author"):
        if name in wish:
            # Spelled as in the index: no engine uses one for a comparison without case.
            rows = rows.alias(**{f"{name}_key": Lower(name)})
            rows = rows.filter(**{f"{name}_key": wish[name].lower()})
    for name, lookup in _POST_FILTERS.items():
        if name in wish:
            rows = rows.filter(**{lookup: wish[name]})
    if "job" in wish:
        rows = rows.filter(pk__in=JobPost.objects.filter(job_id=wish["job"]).values("post_id"))
    return rows


_POST_FILTERS = {
    "flair": "flair",
    "min_score": "score__gte",
    "since": "created_at__gte",
    "until": "created_at__lt",
    "over_18": "over_18",
}


def posts_of_job(job_id: int) -> QuerySet[JobPost, dict[str, Any]]:
    """Return the rows of the posts that a job saw; see `joined_post_as_json`."""
    names = [f"post__{name}" for name in POST_FIELDS]
    rows: QuerySet[JobPost, dict[str, Any]]
    rows = JobPost.objects.filter(job_id=job_id).values("id", "seq", "n", *names)
    return rows


def joined_post_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a post as REST shows it, from a row of `posts_of_job`."""
    return post_as_json({name: row[f"post__{name}"] for name in POST_FIELDS})


def comments_of_post(project_id: int, fullname: str) -> QuerySet[ScrapedComment, dict[str, Any]]:
    """Return the rows of a post's comments, each with COMMENT_FIELDS and its place.

    Raises NotFound when the project has no such post.
    """
    post = ScrapedPost.objects.filter(project_id=project_id, fullname=fullname)
    post_id = post.values_list("pk", flat=True).first()
    if post_id is None:
        raise NotFound
    rows: QuerySet[ScrapedComment, dict[str, Any]]
    stored = ScrapedComment.objects.filter(post_id=post_id)
    rows = stored.values("id", "position", *COMMENT_FIELDS)
    return rows


def comment_as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a comment as REST shows it, from a row with COMMENT_FIELDS."""
    fullname, post, *names = COMMENT_FIELDS
    return {"id": row[fullname], "post_id": row[post], **{name: row[name] for name in names}}


def jobs_matching(user: User, wish: Mapping[str, Any]) -> QuerySet[ScrapingJob]:
    """Return the user's jobs that match `project`, `status`, `mode` and `origin`."""
    return jobs_visible_to(user).filter(**wish)


def job_counts(user: User, wish: Mapping[str, Any]) -> dict[str, int]:
    """Return how many of the user's jobs that match have each status, zeros included."""
    rows = jobs_matching(user, wish).order_by().values("status").annotate(n=Count("pk"))
    return dict.fromkeys(Run.Status.values, 0) | {row["status"]: row["n"] for row in rows}


def overview_of(project_id: int) -> dict[str, Any]:
    """Return what a project holds: counters, posts per day and subreddit, jobs by status."""
    posts = ScrapedPost.objects.filter(project_id=project_id)
    jobs = ScrapingJob.objects.filter(project_id=project_id)
    since = timezone.now() - timedelta(days=OVERVIEW_DAYS)
    days = posts.filter(created_at__gte=since).annotate(date=TruncDate("created_at"))
    by_subreddit = posts.values("subreddit").annotate(
        posts=Count("pk"), last_fetched_at=Max("fetched_at")
    )
    return {
        **posts.aggregate(posts=Count("pk"), authors=Count("author", distinct=True)),
        "subreddits": list(by_subreddit.order_by("-posts")[:MOST_SUBREDDITS_SHOWN]),
        "posts_per_day": list(days.values("date").annotate(posts=Count("pk")).order_by("date")),
        "jobs": dict(jobs.values_list("status").annotate(Count("pk")).order_by()),
        "last_job_at": jobs.aggregate(latest=Max("created_at"))["latest"],
    }
