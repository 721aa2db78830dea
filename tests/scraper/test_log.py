"""A job's log, read from any place in it, gives exactly the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.frames import START, Position, frame, parse_cursor
from data_provider import Notice, Private
from data_provider.testing import make_post, make_posts
from scraper import listing, store
from scraper.log import Entry, read_entries
from tests.scraper.building import claim, claimed_job, make_page, make_project, target_of
from tests.sse import Parser

if TYPE_CHECKING:
    from scraper.models import ScrapingJob

pytestmark = pytest.mark.django_db

# Numbers of posts that come on each page; -1 is a notice, -2 a take-over.
STEPS = st.lists(st.integers(-2, 4), max_size=14)


def job_with(steps: list[int]) -> ScrapingJob:
    """Return an ended job that lived through the steps; its pages overlap."""
    job, first = claimed_job(make_project()), 0
    for step in steps:
        if step == -1:
            store.record_notice(job, Notice(code="rate_limited", detail="Slow."))
        elif step == -2:
            job.release(job.lease)
            job = claim(job)
        else:
            page = make_page(make_posts(step, first), f"after-{first}")
            store.commit_page(job, target_of(job), page, page.posts)
            first += max(step - 1, 0)
    store.fail_target(job, target_of(job), Private("Members only."))
    store.finish(job)
    return job


def read_all(job: ScrapingJob, after: Position = START) -> list[Entry]:
    """Follow the log batch by batch, as a reader does."""
    entries: list[Entry] = []
    while True:
        batch = read_entries(job.pk, after)
        assert batch.reached >= after
        entries += batch.entries
        after = batch.reached
        if batch.is_last:
            return entries


class TestReadEntries:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def test_s10_from_every_position_gives_exactly_the_rest(self, steps: list[int]) -> None:
        job = job_with(steps)
        whole = read_all(job)
        places = [entry.position for entry in whole]
        assert places == sorted(set(places))
        posts = [entry.data["id"] for entry in whole if entry.type == "post"]
        assert len(posts) == len(set(posts)), "each post once per job"
        assert [entry.type for entry in whole if entry.is_terminal] == [whole[-1].type]
        for index, entry in enumerate(whole):
            resumed = read_all(job, parse_cursor(str(entry.position)))
            assert [one.position for one in resumed] == places[index + 1 :]

    def test_a_place_inside_a_page_gives_its_other_posts(self) -> None:
        job = job_with([4])
        seq = read_all(job)[0].position.seq
        rest = read_all(job, Position(seq, 2))
        assert [entry.data.get("id") for entry in rest[:3]] == ["t3_p2", "t3_p3", None]

    def test_tells_target_after_the_posts_of_its_page(self) -> None:
        types = [entry.type for entry in read_all(job_with([2, -1, -2, 2]))]
        assert types == [
            *["post", "post", "target", "notice", "notice"],
            *["post", "target", "target", "complete"],
        ]

    def test_shows_a_post_as_it_is_now(self) -> None:
        project = make_project()
        first, second = claimed_job(project), claimed_job(project)
        for job, title in ((first, "old"), (second, "new")):
            page = make_page([make_post(1, title=title)])
            store.commit_page(job, target_of(job), page, page.posts)
        for job in (first, second):
            (post,) = [entry for entry in read_all(job) if entry.type == "post"]
            assert post.data["title"] == "new"

    def test_reads_a_long_log_in_few_small_steps(
        self, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = job_with([1] * 30)
        # Not among Django's queries where the driver is asked directly.
        read, statements = listing._read, []
        monkeypatch.setattr(listing, "_read", lambda *call: statements.append(call) or read(*call))
        with django_assert_max_num_queries(2):
            batch = read_entries(job.pk, START)
        assert len(statements) == 1
        assert not batch.is_last
        assert len(batch.entries) <= 10


class TestFrames:
    def test_s04_a_hostile_title_is_one_post_in_its_place(self) -> None:
        job = claimed_job()
        title = "x\r\nevent: done\r\ndata: {}\r\n\r\nid: 9\n\n:c\u2028\u2029\u0085\ufeff"
        page = make_page([make_post(1, title=title), make_post(2)])
        store.commit_page(job, target_of(job), page, page.posts)
        parser = Parser()
        sent = b"".join(frame(one.type, one.data, one.position) for one in read_all(job))
        messages = parser.feed(sent)
        assert [message.event for message in messages] == ["post", "post", "target"]
        assert messages[0].json()["title"] == title
        assert [message.id for message in messages] == [
            str(entry.position) for entry in read_all(job)
        ]
