"""SQLite has one writer at a time: nobody who waits for it may see an error."""

from __future__ import annotations

import itertools
import threading
import time
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from common.frames import START
from data_provider.testing import make_posts
from projects import runs
from scraper import selectors, store
from scraper.log import read_entries
from scraper.models import ScrapingJob
from scraper.services import StartJob, cancel_job, start_job
from tests.scraper.building import claimed_job, make_page, make_project, now_of, target_of
from tests.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from projects.models import Project

# A tenth of the scenario's minute: the same mix, long enough for hundreds of collisions.
SECONDS = 6.0
API_WRITERS, CLAIMERS, SCRAPERS, READERS = 4, 1, 1, 2
LONGEST_WRITE_SECONDS = 1.0
# What passes between two requests of one client.
PAUSE_SECONDS = 0.03


class Traffic:
    """What the threads do until the time is over; each returns how long its writes took."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.until = time.monotonic() + SECONDS
        kinds = [self.ask] * API_WRITERS + [self.work] * CLAIMERS
        self.roles = kinds + [self.scrape] * SCRAPERS + [self.follow] * READERS

    def play(self, index: int) -> list[float]:
        took: list[float] = []
        pause = threading.Event()
        for number in itertools.count():
            if time.monotonic() >= self.until:
                break
            for write in self.roles[index](number):
                began = time.monotonic()
                write()
                took.append(time.monotonic() - began)
            pause.wait(PAUSE_SECONDS)
        return took

    def ask(self, number: int) -> Iterator[Callable[[], object]]:
        wish = StartJob(["python", "rust"], backend="sandbox")
        jobs: list[ScrapingJob] = []
        yield lambda: jobs.append(
            start_job(self.project.owner, self.project, wish, origin="api", announce=False)
        )
        now = timezone.now()
        yield lambda: ScrapingJob.objects.filter(pk=jobs[0].pk).update(available_at=now)
        if number % 3 == 0:
            yield lambda: cancel_job(jobs[0])

    def work(self, _: int) -> Iterator[Callable[[], object]]:
        taken: list[ScrapingJob | None] = []
        yield lambda: taken.append(runs.take_next(ScrapingJob, "worker"))
        if job := taken[0]:
            yield lambda: runs.heartbeat(ScrapingJob, [job.lease])
            yield lambda: job.mark_completed(job.lease) or job.mark_cancelled(job.lease)
        yield lambda: runs.sweep(ScrapingJob)

    def scrape(self, number: int) -> Iterator[Callable[[], object]]:
        far = timezone.now() + timedelta(hours=1)
        job = claimed_job(self.project, available_at=far)
        for page_number in range(3):
            page = make_page(make_posts(50, 40 * (number + page_number)))
            yield partial(store.commit_page, job, target_of(job), page, page.posts)
        yield lambda: store.cut_short(job, "time_limit", "x")

    def follow(self, _: int) -> Iterator[Callable[[], object]]:
        yield self.read

    def read(self) -> None:
        for job in ScrapingJob.objects.order_by("-pk")[:3]:
            read_entries(job.pk, START)
            selectors.job_detail(job.pk)
        list(selectors.posts_of_project(self.project.pk).order_by("-created_at")[:50])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sandbox")
def test_j33_writers_claims_and_readers_meet_no_lock_error(engine: str) -> None:
    if engine != "sqlite":
        pytest.skip("the other engine locks rows, not the database")
    traffic = Traffic(make_project())
    results = at_once(len(traffic.roles), traffic.play)
    failed = [result for result in results if isinstance(result, Exception)]
    assert not failed, failed
    writes = sorted(took for result in results[:-READERS] for took in result)  # type: ignore[union-attr]
    assert len(writes) > 100
    assert writes[int(len(writes) * 0.99)] < LONGEST_WRITE_SECONDS
    job = ScrapingJob.objects.filter(posts_scraped__gt=0).first()
    assert job is not None
    assert now_of(job).status == "partial"
