"""What scraping tells the log besides the life of its runs: each fact's name and data."""

from typing import Any

from data_provider import Notice
from projects.activity import Fact
from scraper.models import ScrapingTarget

# A page's posts are not in its data: they are the JobPost rows that carry its number.
PAGE_STORED = "page.stored"
NOTICED = "job.noticed"
QUEUED = "job.queued"
TARGET_CHANGED = ScrapingTarget.CHANGED


def page_stored(**counts: int) -> Fact:
    """Return the fact that a page was stored, with its counts."""
    return Fact(PAGE_STORED, counts)


def noticed(notice: Notice) -> Fact:
    """Return the fact that something worth telling happened on the way."""
    data: dict[str, Any] = notice.model_dump()
    return Fact(NOTICED, data)
