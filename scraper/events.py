"""What scraping tells the log: each fact's name, and how its data is built."""

from typing import Any

from data_provider import Notice
from projects.activity import Fact
from scraper.models import ScrapingTarget

# A page's posts are not in its data: they are the JobPost rows that carry its number.
PAGE_STORED = "page.stored"
TARGET_CHANGED = "target.changed"
NOTICED = "job.noticed"
QUEUED = "job.queued"


def target_entry(target: ScrapingTarget) -> dict[str, Any]:
    """Return one entry of a job's `targets`, as REST and the stream show it."""
    error = {"code": target.error_code, "detail": target.error_detail}
    return {
        "subreddit": target.subreddit,
        "status": target.status,
        "posts_scraped": target.posts_scraped,
        "posts_new": target.posts_new,
        "backend_used": target.backend_used or None,
        "exhausted": target.stopped_by == "exhausted",
        "stopped_by": target.stopped_by or None,
        "error": error if target.error_code else None,
    }


def target_changed(target: ScrapingTarget) -> Fact:
    """Return the fact that a target is as it is now."""
    return Fact(TARGET_CHANGED, target_entry(target))


def noticed(notice: Notice) -> Fact:
    """Return the fact that something worth telling happened on the way."""
    return Fact(NOTICED, notice.model_dump())
