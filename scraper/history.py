"""Reads how a post changed; the changes are written with the pages that show them (`upsert`)."""

from typing import Any

from django.db.models import QuerySet

from common.errors import NotFound
from scraper.models import PostMetric, ScrapedPost

METRIC_FIELDS = (
    "seen_at",
    "seen_before_at",
    "score",
    "score_before",
    "upvote_ratio",
    "upvote_ratio_before",
    "num_comments",
    "num_comments_before",
    "removed",
    "removed_before",
    "edited_at",
    "edited_at_before",
)


def metrics_of_post(project_id: int, fullname: str) -> QuerySet[PostMetric, dict[str, Any]]:
    """Return the rows of a post's observed changes, each with METRIC_FIELDS and its id.

    Raises NotFound when the project has no such post.
    """
    post = ScrapedPost.objects.filter(project_id=project_id, fullname=fullname)
    post_id = post.values_list("pk", flat=True).first()
    if post_id is None:
        raise NotFound
    rows: QuerySet[PostMetric, dict[str, Any]]
    rows = PostMetric.objects.filter(post_id=post_id).values("id", *METRIC_FIELDS)
    return rows
