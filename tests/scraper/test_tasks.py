"""The workers' door: a message is an occasion to take whose turn it is, never an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scraper.models import ScrapingJob
from scraper.tasks import run_scraping_job_task
from tests.scraper.building import events_of, make_job, make_project, now_of, terminal_events
from tests.threads import at_once

if TYPE_CHECKING:
    from data_provider.sandbox.testing import SandboxServer

pytestmark = pytest.mark.django_db(transaction=True)


class TestRunScrapingJobTask:
    def test_j12_a_message_delivered_four_times_at_once_runs_the_job_once(
        self, sandbox: SandboxServer
    ) -> None:
        job = make_job(None, "tiny", backend="sandbox")
        assert at_once(4, lambda _: run_scraping_job_task(job.pk)) == [None] * 4
        now = now_of(job)
        assert (now.status, now.attempt, now.posts_scraped) == ("completed", 1, 7)
        assert terminal_events(job) == ["scraping.completed"]
        assert len(sandbox.requests()) == 1

    def test_j12_a_message_that_comes_again_later_does_nothing(
        self, sandbox: SandboxServer
    ) -> None:
        job = make_job(None, "tiny", backend="sandbox")
        run_scraping_job_task(job.pk)
        before = events_of(job)
        run_scraping_job_task(job.pk)
        assert events_of(job) == before
        assert len(sandbox.requests()) == 1

    def test_one_message_is_enough_for_all_that_waits(self, sandbox: SandboxServer) -> None:
        jobs = [make_job(make_project(name), "tiny", backend="sandbox") for name in "aabc"]
        run_scraping_job_task(0)
        assert {job.status for job in ScrapingJob.objects.all()} == {"completed"}
        assert len(jobs) == len(sandbox.requests())

    def test_a_message_for_a_job_that_is_not_there_is_no_error(self) -> None:
        run_scraping_job_task(10**9)

    def test_j18_a_message_for_a_cancelled_job_starts_nothing(self, sandbox: SandboxServer) -> None:
        job = make_job(None, "tiny", backend="sandbox")
        job.cancel()
        run_scraping_job_task(job.pk)
        assert (now_of(job).status, now_of(job).attempt) == ("cancelled", 0)
        assert sandbox.requests() == []
