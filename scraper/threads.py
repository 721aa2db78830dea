"""Which posts of a target still need their comments read, and a thread's way into its rows.

A post's mark is set in the transaction of its page and cleared in that of its thread, so a crash
between the two leaves it due, and nothing is counted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from data_provider import Comment
from scraper.comment_upsert import store_comments
from scraper.models import JobPost, ScrapedPost, ScrapingJob, ScrapingTarget


@dataclass(frozen=True)
class DuePost:
    """A post whose comments are to be read; `expected` is their number as Reddit gives it."""

    mark_id: int
    post_id: int
    fullname: str
    expected: int | None


def mark_due(job: ScrapingJob, target: ScrapingTarget, seq: int) -> int:
    """Mark the posts of a page that may have comments; return how many those are."""
    talked_about = Q(post__num_comments=None) | Q(post__num_comments__gt=0)
    page = JobPost.objects.filter(talked_about, job_id=job.pk, seq=seq)
    marks = JobPost.objects.filter(pk__in=page.values("pk"))
    return marks.update(comments_due_for=target)


def due_posts(target: ScrapingTarget) -> list[DuePost]:
    """Return the posts that the target still has to read the comments of, in their order."""
    marks = JobPost.objects.filter(comments_due_for=target).order_by("seq", "n")
    rows = marks.values_list("pk", "post_id", "post__fullname", "post__num_comments")
    return [DuePost(*row) for row in rows]


def hand_over(before: ScrapingTarget, after: ScrapingTarget) -> int:
    """Let another target read what this one left due; return how many posts those are."""
    left = JobPost.objects.filter(comments_due_for=before)
    return left.update(comments_due_for=after)


def store_thread(
    job: ScrapingJob,
    due: DuePost,
    comments: Sequence[Comment],
    *,
    expected: int | None,
    fetched_at: datetime,
    backend: str,
) -> None:
    """Store a post's comments and how complete they are, and clear its mark.

    `expected` is the thread's own count, for posts whose listing had none.
    """
    post = ScrapedPost(pk=due.post_id, project_id=job.project_id)
    store_comments(post, comments, fetched_at=fetched_at, backend=backend)
    ScrapedPost.objects.filter(pk=due.post_id).update(
        comments_fetched=len(comments),
        comments_expected=expected if due.expected is None else due.expected,
        comments_fetched_at=fetched_at,
    )
    clear(due)


def clear(due: DuePost) -> None:
    """Forget that a post's comments are due."""
    JobPost.objects.filter(pk=due.mark_id).update(comments_due_for=None)
