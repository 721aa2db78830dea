"""What is read of jobs to show them: the columns that are shown, however many targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from common.errors import NotFound
from scraper import selectors
from scraper.models import ScrapingTarget
from tests.scraper.building import make_job, now_of

if TYPE_CHECKING:
    from scraper.models import ScrapingJob

pytestmark = pytest.mark.django_db

# What only a worker needs, and is the most of a target.
UNSEEN = ("head", "cursor", "error_sample")


@pytest.fixture
def job() -> ScrapingJob:
    job = make_job(None, "one", "two", "three", config={"limit": 10}, posts_scraped=7)
    type(job).objects.update(status="running", started_at=timezone.now())
    ScrapingTarget.objects.update(
        cursor="after", head=[["t3_p1", "2026-01-01T00:00:00Z"]], error_sample="<html>"
    )
    ScrapingTarget.objects.filter(position=0).update(
        status="partial", posts_scraped=5, error_code="private", error_detail="It is private."
    )
    ScrapingTarget.objects.filter(position=1).update(posts_scraped=2, comments_due=1)
    return now_of(job)


class TestJobs:
    def test_are_read_without_what_is_not_shown(
        self, job: ScrapingJob, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1) as queries:
            (shown,) = selectors.jobs_as_json([job])
        assert [one["subreddit"] for one in shown["targets"]] == ["one", "two", "three"]
        assert [one["code"] for one in shown["errors"]] == ["private"]
        assert not [name for name in UNSEEN if f'"{name}"' in queries[0]["sql"]]


class TestJobCounters:
    def test_are_those_of_the_whole_job(
        self, job: ScrapingJob, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(2) as queries:
            counters = selectors.job_counters(job.pk)
        assert not [one for one in queries if "error_detail" in one["sql"] or "gap" in one["sql"]]
        whole = selectors.job_detail(job.pk)
        assert counters["posts_scraped"] == 7
        assert counters["progress"] == whole["progress"] == round(1.1 / 3, 4)
        assert counters["eta_seconds"] == pytest.approx(whole["eta_seconds"], abs=5)

    def test_are_of_no_job_that_is_gone(self) -> None:
        with pytest.raises(NotFound):
            selectors.job_counters(1)
