"""Writes what a run found: one transaction per page, refused when the run is no longer ours.

Rows, the target's cursor, the counters and the events of a page commit together or not at all, so
a crash at any moment leaves a job that goes on from its last page. Nothing here waits for a
network.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from data_provider import CommentThread, Notice, Page, Post, SourceError
from projects.activity import append, change_and_fire, take_numbers
from projects.keeper import Stopped, StopReason
from scraper import events, known_ground, threads, upsert
from scraper.known_ground import Reading
from scraper.models import ScrapingJob, ScrapingTarget

_DONE = ("completed", "partial", "failed", "cancelled")
_MOVED_BY_A_PAGE = (
    "status",
    "cursor",
    "stopped_by",
    "backend_used",
    "posts_scraped",
    "posts_new",
    "comments_due",
    "pages",
    "head",
    "oldest_at",
    "gap",
)

# What a page does to its job's and its target's row, by hand: the ORM takes ten to twenty times as
# long to spell them (1.2 ms in all), half as long as a page takes to store.
_JOBS = ScrapingJob._meta.db_table  # noqa: SLF001
_TAKE_PAGE = f"""
UPDATE {_JOBS} SET event_seq = event_seq + 2, requests_made = requests_made + %s, losses = 0
WHERE id = %s AND fence = %s AND status = 'running' AND NOT cancel_requested
RETURNING event_seq
"""  # noqa: S608 -- a constant
_COUNT = f"""
UPDATE {_JOBS} SET posts_scraped = posts_scraped + %s, posts_new = posts_new + %s
WHERE id = %s
RETURNING posts_scraped, posts_new
"""  # noqa: S608 -- a constant
_FIELDS: list[Any] = [ScrapingTarget._meta.get_field(name) for name in _MOVED_BY_A_PAGE]  # noqa: SLF001
_MOVE = f"""
UPDATE {ScrapingTarget._meta.db_table}
SET {", ".join(f"{name} = %s" for name in _MOVED_BY_A_PAGE)}
WHERE id = %s
"""  # noqa: S608, SLF001 -- a constant


@dataclass(frozen=True)
class Committed:
    """What one page added: the job's totals after it, and its event number.

    `thread` names the post where it was a post's comments that were added.
    """

    seq: int
    posts_scraped: int
    posts_new: int
    thread: str | None = None


def open_targets(job: ScrapingJob) -> list[ScrapingTarget]:
    """Return the targets that are not finished, in order."""
    targets = ScrapingTarget.objects.filter(job=job).exclude(status__in=_DONE)
    return list(targets.order_by("position"))


def commit_page(
    job: ScrapingJob,
    target: ScrapingTarget,
    page: Page,
    posts: Sequence[Post],
    reading: Reading | None = None,
) -> Committed:
    """Store a page's `posts` and where the target goes on; the target is changed in place.

    With the `reading` that the page belongs to, the known ground moves when the target ends.
    Raises Stopped when a cancel was requested or the lease is lost; then nothing was written.
    """
    after = copy(target)
    with transaction.atomic():
        seq = _take_page(job, page)
        added, new = upsert.store_posts(job, seq, posts, page)
        if job.config["include_comments"]:
            after.comments_due += threads.mark_due(job, target, seq)
        is_over = page.cursor is None and not after.comments_due
        after.status = _status_at_end(after) if is_over else "running"
        after.cursor = page.cursor or ""
        after.stopped_by = page.stopped_by or ""
        after.backend_used = page.backend
        after.posts_scraped += added
        after.posts_new += new
        # A source that works on an order says so in pages without posts: nothing was read yet.
        after.pages += bool(page.posts or page.cursor is None)
        if reading:
            _note_reading(job, after, reading)
        _move(after)
        committed = Committed(seq, *_count(job, added, new))
        stored = events.page_stored(posts=added, posts_scraped=committed.posts_scraped)
        append(job.stream, seq, [stored, after.changed()])
    # Only now: what was not committed must not be saved with the target later.
    for name in _MOVED_BY_A_PAGE:
        setattr(target, name, getattr(after, name))
    job.posts_scraped, job.posts_new = committed.posts_scraped, committed.posts_new
    return committed


def commit_thread(
    job: ScrapingJob, target: ScrapingTarget, due: threads.DuePost, thread: CommentThread
) -> Committed:
    """Store a post's comments; the target is changed in place. Raises Stopped as `commit_page`."""
    found, after = len(thread.comments), copy(target)
    with transaction.atomic():
        changes = {
            "comments_scraped": F("comments_scraped") + found,
            "requests_made": F("requests_made") + thread.requests,
            "losses": 0,
        }
        seq = _take(job, 1, changes)
        threads.store_thread(
            job,
            due,
            thread.comments,
            expected=thread.expected,
            fetched_at=thread.fetched_at,
            backend=thread.backend,
        )
        after.comments_scraped += found
        after.comments_due -= 1
        after.save(update_fields=["comments_scraped", "comments_due"])
        append(job.stream, seq, [after.changed()])
    target.comments_scraped, target.comments_due = after.comments_scraped, after.comments_due
    return Committed(seq, job.posts_scraped, job.posts_new, due.fullname)


def skip_thread(
    job: ScrapingJob, target: ScrapingTarget, due: threads.DuePost, error: SourceError
) -> None:
    """Give up one thread that cannot be read, and remember it against the target. Raises Stopped.

    The target goes on, and ends partial.
    """
    with transaction.atomic():
        threads.clear(due)
        target.comments_due -= 1
        target.error_code = error.code
        target.error_detail = f"The comments of {due.fullname} could not be read: {error.message}"
        target.error_sample = error.sample or ""
        _commit_target(job, target)


def finish_target(job: ScrapingJob, target: ScrapingTarget) -> None:
    """End a target whose listing and comments are all read. Raises Stopped."""
    if target.status == "running":
        target.status = _status_at_end(target)
        _commit_target(job, target)


def start_target(job: ScrapingJob, target: ScrapingTarget, backend: str) -> None:
    """Mark a target as being worked on by a source, "" while AUTO has not chosen one.

    Raises Stopped as `commit_page`.
    """
    backend = backend or target.backend_used
    if target.status == "running" and target.backend_used == backend:
        return
    target.status = "running"
    target.backend_used = backend
    _commit_target(job, target)


def fail_target(job: ScrapingJob, target: ScrapingTarget, error: SourceError) -> None:
    """End a target that cannot go on: partial when it has pages. Raises Stopped."""
    end_target(job, target, error.code, error.message, sample=error.sample or "")


def end_target(
    job: ScrapingJob, target: ScrapingTarget, code: str, detail: str, *, sample: str = ""
) -> None:
    """End a target with a reason: partial when it has pages, else failed. Raises Stopped."""
    target.end_with(code, detail, sample=sample)
    _commit_target(job, target)


def record_notice(job: ScrapingJob, notice: Notice) -> None:
    """Append a notice to the log. Raises Stopped."""
    if change_and_fire(job, [events.noticed(notice)], when=_ours(job)) is None:
        raise Stopped(_reason_of_refusal(job))


def finish(job: ScrapingJob) -> None:
    """End the job as its targets say. Raises Stopped when a cancel came first."""
    status, code, detail = outcome(list(ScrapingTarget.objects.filter(job=job)))
    if status == "completed":
        done = job.mark_completed(job.lease)
    elif status == "partial":
        done = job.mark_partial(job.lease)
    else:
        done = job.mark_failed(job.lease, code, detail)
    if not done:
        raise Stopped(_reason_of_refusal(job))


def cut_short(job: ScrapingJob, code: str, detail: str) -> None:
    """End a job that must not go on, its unfinished targets with the reason. Raises Stopped."""
    if not open_targets(job):
        finish(job)
    elif not job.end(job.status_if_cut(), _ours(job), code=code, detail=detail):
        raise Stopped(_reason_of_refusal(job))


def outcome(targets: Sequence[ScrapingTarget]) -> tuple[str, str, str]:
    """Return the job's status by its targets', with code and detail when it failed."""
    statuses = {target.status for target in targets}
    if statuses <= {"completed"}:
        return "completed", "", ""
    if statuses == {"failed"} and not any(target.posts_scraped for target in targets):
        first = targets[0]
        detail = first.error_detail
        if len(targets) > 1:
            detail = f"None of {len(targets)} subreddits could be read. First: {detail}"
        return "failed", first.error_code, detail
    return "partial", "", ""


def _status_at_end(target: ScrapingTarget) -> str:
    """Return the status of a target that is through: partial when threads were skipped."""
    return "partial" if target.error_code else "completed"


def _commit_target(job: ScrapingJob, target: ScrapingTarget) -> None:
    with transaction.atomic():
        seq = _take(job, 1)
        target.save()
        append(job.stream, seq, [target.changed()])


def _take(job: ScrapingJob, count: int, changes: dict[str, Any] | None = None) -> int:
    seq = take_numbers(job, count, when=_ours(job), changes=changes)
    if seq is None:
        raise Stopped(_reason_of_refusal(job))
    return seq


def _take_page(job: ScrapingJob, page: Page) -> int:
    """Take the numbers of a page's two events under the lease, as `take_numbers` does."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_PAGE, [page.requests, job.pk, job.fence])
        row = cursor.fetchone()
    if row is None:
        raise Stopped(_reason_of_refusal(job))
    last: int = row[0]
    return last - 1


def _move(target: ScrapingTarget) -> None:
    """Save where a target goes on, and how far its listing was read."""
    values = [
        field.get_db_prep_save(getattr(target, name), connection)
        for name, field in zip(_MOVED_BY_A_PAGE, _FIELDS, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [*values, target.pk])


def _note_reading(job: ScrapingJob, target: ScrapingTarget, reading: Reading) -> None:
    """Note how far the listing was read: its head once, its end for whoever goes on."""
    target.head = known_ground.head_as_json(reading)
    target.oldest_at = reading.oldest_at
    if target.stopped_by:
        known_ground.settle(job, target, reading)


def _count(job: ScrapingJob, added: int, new: int) -> tuple[int, int]:
    """Add a page to the job's totals and return them."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [added, new, job.pk])
        scraped, known_new = cursor.fetchone()
    return scraped, known_new


def _ours(job: ScrapingJob) -> Q:
    return job.lease.held & Q(cancel_requested=False)


def _reason_of_refusal(job: ScrapingJob) -> StopReason:
    is_ours = ScrapingJob.objects.filter(job.lease.held, cancel_requested=True).exists()
    return StopReason.CANCELLED if is_ours else StopReason.LEASE_LOST
