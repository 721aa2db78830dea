"""Starts, cancels and retries scraping jobs: the row first, then a hint to the workers."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.background_loop import submit
from common.errors import Conflict, InvalidInput, NotFound, TooMany
from data_provider import (
    BACKENDS,
    Capabilities,
    InvalidQuery,
    NotConfigured,
    Query,
    Sort,
    TimeFilter,
    Unsupported,
    subreddit_name,
)
from projects.activity import Fact, change_and_fire
from projects.models import Project, User
from scraper import events, known_ground, sources, threads
from scraper.models import ScrapingJob, ScrapingTarget
from scraper.tasks import hint_workers

MOST_TARGETS = 1000

_trial = threading.Lock()
# They share one pace: beyond a few only their answers' latency would be hidden, and that is.
MOST_AT_ONCE = 8


@dataclass(frozen=True)
class StartJob:
    """What a person asks for; names and defaults are those of the REST API."""

    subreddits: Sequence[str]
    mode: str = "bulk"
    backend: str = "auto"
    sort: Sort = "new"
    time_filter: TimeFilter = "all"
    limit: int = 100
    include_comments: bool = False
    comment_limit: int | None = None
    comment_depth: int | None = None
    only_new: bool = False
    min_score: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    on_disconnect: str = "continue"
    parallelism: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)


def start_job(
    owner: User, project: Project, wish: StartJob, *, origin: str, announce: bool = True
) -> ScrapingJob:
    """Create a job and tell the workers; a live job waits for its stream to be opened first.

    Without `announce` the caller drives the job itself; workers only take it if nobody did within
    the time a live job waits for its viewer. Raises InvalidInput, naming the field, for what
    cannot be scraped as asked.
    """
    targets = _distinct_targets(wish)
    _check_ability(wish)
    is_announced = announce and wish.mode == ScrapingJob.Mode.BULK
    job = ScrapingJob(
        owner=owner,
        project=project,
        mode=wish.mode,
        backend=wish.backend,
        config=_config(wish),
        metadata=dict(wish.metadata),
        origin=origin,
    )
    return _create(job, targets, is_announced=is_announced)


def cancel_job(job: ScrapingJob) -> ScrapingJob:
    """Ask for the job's end; at once when nobody works on it. Idempotent."""
    job.cancel()
    return job


def retry_job(job: ScrapingJob, *, origin: str) -> ScrapingJob:
    """Make a new job of the targets that did not complete, each from where it stopped.

    Raises Conflict while the job is not finished, or when there is nothing to repeat.
    """
    if not job.is_terminal:
        raise Conflict("not_finished", "This job is still running; cancel it or wait.")
    left = ScrapingTarget.objects.filter(job=job).exclude(status="completed").order_by("position")
    if not left:
        raise Conflict("nothing_to_retry", "Every target of this job completed.")
    again = ScrapingJob(
        owner=job.owner,
        project=job.project,
        mode=job.mode,
        backend=job.backend,
        config=job.config,
        metadata=job.metadata,
        origin=origin,
        retry_of=job,
    )
    with transaction.atomic():
        is_announced = job.mode == ScrapingJob.Mode.BULK
        _create(again, [_from_where_it_stopped(one) for one in left], is_announced=is_announced)
        for before, after in zip(left, again.targets.order_by("position"), strict=True):
            if before.comments_due:
                after.comments_due = threads.hand_over(before, after)
                after.save(update_fields=["comments_due"])
    return again


def try_backend(name: str) -> dict[str, Any]:
    """Ask a source one cheap question now, and return what came of it.

    Raises NotFound for no source of ours, TooMany while this process tries another one: a trial
    keeps one of its few threads waiting.
    """
    if name not in BACKENDS:
        raise NotFound
    if not _trial.acquire(blocking=False):
        raise TooMany("Another source is being tried; ask again in some seconds.")
    try:
        started = time.monotonic()
        error = submit(sources.try_source(name)).result()
    finally:
        _trial.release()
    return {
        "name": name,
        "ok": error is None,
        "code": error.code if error else None,
        "detail": error.message if error else "The source answers.",
        "took_ms": round((time.monotonic() - started) * 1000),
        "tested_at": timezone.now(),
    }


def _from_where_it_stopped(target: ScrapingTarget) -> ScrapingTarget:
    return ScrapingTarget(
        subreddit=target.subreddit,
        cursor=target.cursor,
        stopped_by=target.stopped_by,
        backend_used=target.backend_used,
        head=target.head,
        oldest_at=target.oldest_at,
        gap=target.gap,
    )


def _create(
    job: ScrapingJob, targets: Sequence[ScrapingTarget], *, is_announced: bool
) -> ScrapingJob:
    """Save a job with its targets, each with where to go on, and its first event."""
    if not is_announced:
        grace = timedelta(seconds=settings.TEPPAN["VIEWER_GRACE_SECONDS"])
        job.available_at = timezone.now() + grace
    with transaction.atomic():
        job.save()
        for position, target in enumerate(targets):
            target.job, target.position = job, position
        ScrapingTarget.objects.bulk_create(targets)
        change_and_fire(job, [Fact(events.QUEUED, {})])
        if is_announced:
            transaction.on_commit(lambda: hint_workers(job.pk))
    return job


def _config(wish: StartJob) -> dict[str, Any]:
    return {
        "sort": wish.sort,
        "time_filter": wish.time_filter,
        "limit": wish.limit,
        "include_comments": wish.include_comments,
        "comment_limit": wish.comment_limit,
        "comment_depth": wish.comment_depth,
        "only_new": wish.only_new,
        "min_score": wish.min_score,
        "since": wish.since and wish.since.isoformat(),
        "until": wish.until and wish.until.isoformat(),
        "on_disconnect": wish.on_disconnect,
        "parallelism": wish.parallelism,
    }


def _distinct_targets(wish: StartJob) -> list[ScrapingTarget]:
    """Return each subreddit once, whatever its spelling."""
    names: dict[str, str] = {}
    for text in wish.subreddits:
        try:
            name = subreddit_name(text)
        except InvalidQuery as error:
            raise InvalidInput(
                "invalid", f"{text[:60]!r}: {error.message}", attr="subreddits"
            ) from error
        names.setdefault(name.casefold(), name)
    if wish.mode == ScrapingJob.Mode.STREAM and len(names) != 1:
        raise InvalidInput(
            "invalid", "A live scrape takes exactly one subreddit.", attr="subreddits"
        )
    if not 1 <= len(names) <= MOST_TARGETS:
        raise InvalidInput("invalid", f"Name 1 to {MOST_TARGETS} subreddits.", attr="subreddits")
    return [ScrapingTarget(subreddit=name) for name in names.values()]


def _query_of(wish: StartJob) -> Query:
    """Return what every target will be asked, whatever its name."""
    return Query(
        subreddit=subreddit_name(wish.subreddits[0]),
        sort=wish.sort,
        time_filter=wish.time_filter,
        limit=wish.limit,
        since=wish.since,
        until=wish.until,
    )


def _problem_with_only_new(wish: StartJob) -> str | None:
    """Return why nothing would tell what is new and what is known."""
    if wish.sort != known_ground.SORT:
        return f"Only a listing by {known_ground.SORT} tells what is new."
    if wish.since or wish.until:
        return "What is new is not selected by date as well: leave out since and until."
    return None


def _problem_with_depth(wish: StartJob, able: Capabilities) -> str | None:
    """Return why a thread would not be read to the depth that is wished."""
    if wish.comment_depth is not None and wish.comment_depth < 1:
        return "Should be at least 1."
    problem = able.problem_with_thread(wish.comment_depth) if wish.include_comments else None
    return problem and f"This source {problem}."


def _check_ability(wish: StartJob) -> None:
    """Refuse what the source cannot do, before anything is promised."""
    if wish.since and wish.until and wish.since >= wish.until:
        raise InvalidInput("invalid", "Should be after since.", attr="until")
    if wish.limit < 1:
        raise InvalidInput("unsupported", "Should be at least 1.", attr="limit")
    try:
        able = sources.capabilities_of(wish.backend, _query_of(wish))
        if wish.backend != sources.AUTO and (reason := sources.reason_not_configured(wish.backend)):
            raise InvalidInput("not_configured", reason, attr="backend")
    except NotConfigured as error:
        raise InvalidInput("not_configured", error.message, attr="backend") from error
    except Unsupported as error:
        raise InvalidInput("unsupported", error.message, attr="backend") from error
    problems = {
        "sort": wish.sort not in able.sorts and f"This source cannot sort by {wish.sort}.",
        "limit": wish.limit > able.max_limit
        and f"This source gives 1 to {able.max_limit} posts of a subreddit.",
        "since": bool(wish.since or wish.until)
        and not able.dates
        and "This source cannot select by date.",
        "include_comments": wish.include_comments
        and not able.comments
        and "This source cannot read comments.",
        "comment_depth": _problem_with_depth(wish, able),
        "only_new": wish.only_new and _problem_with_only_new(wish),
        "parallelism": not 1 <= wish.parallelism <= MOST_AT_ONCE
        and f"Should be 1 to {MOST_AT_ONCE}.",
    }
    for attr, problem in problems.items():
        if problem:
            raise InvalidInput("unsupported", problem, attr=attr)
