"""The event log: each fact once, with its change, numbered without gaps in the order of commits."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from projects.activity import (
    Fact,
    append,
    change_and_fire,
    fire_event,
    read_after,
    take_numbers,
)
from projects.models import Event
from scraper.models import ScrapingJob
from tests.scraper.building import events_of, make_job, now_of
from tests.threads import at_once

pytestmark = pytest.mark.django_db
with_threads = pytest.mark.django_db(transaction=True)

WRITERS = 8
FACTS_EACH = 60


class TestFireEvent:
    def test_numbers_from_one(self) -> None:
        job = make_job()
        assert [fire_event(job, "a.done", {"n": n}) for n in range(3)] == [1, 2, 3]
        assert [(event.seq, event.data["n"]) for event in events_of(job)] == [
            (1, 0),
            (2, 1),
            (3, 2),
        ]
        assert now_of(job).event_seq == 3

    def test_numbers_each_stream_for_itself(self) -> None:
        one, two = make_job(), make_job()
        assert [fire_event(job, "a.done", {}) for job in (one, two, one)] == [1, 1, 2]

    def test_keeps_data_as_it_is(self) -> None:
        job = make_job()
        text = "\u2028 \U0001f680 \r\n ' \" \\ %s"
        data = {"text": text, "big": 2**53 + 1, "deep": [{"a": None}]}
        fire_event(job, "a.done", data)
        (event,) = events_of(job)
        assert (event.type, event.data) == ("a.done", data)

    def test_a_refused_change_leaves_no_fact(self) -> None:
        job = make_job()
        refused = change_and_fire(
            job, [Fact("a.done", {})], when=Q(status="running"), changes={"attempt": 5}
        )
        assert refused is None
        assert (events_of(job), now_of(job).event_seq, now_of(job).attempt) == ([], 0, 0)

    def test_a_change_and_its_facts_come_together(self) -> None:
        job = make_job()
        facts = [Fact("a.done", {}), Fact("b.done", {})]
        last = change_and_fire(
            job, facts, when=Q(status="pending"), changes={"attempt": F("attempt") + 1}
        )
        assert (last, now_of(job).attempt) == (2, 1)
        assert [event.type for event in events_of(job)] == ["a.done", "b.done"]

    def test_a_change_without_facts_takes_no_number(self) -> None:
        job = make_job()
        fire_event(job, "a.done", {})
        assert change_and_fire(job, [], changes={"attempt": 2}) == 1
        assert (now_of(job).attempt, len(events_of(job))) == (2, 1)

    def test_a_rollback_leaves_none_and_gives_the_number_back(self) -> None:
        job = make_job()
        with transaction.atomic():
            fire_event(job, "a.done", {})
            transaction.set_rollback(True)
        assert events_of(job) == []
        assert fire_event(job, "b.done", {}) == 1

    def test_a_number_cannot_be_used_twice(self) -> None:
        job = make_job()
        fire_event(job, "a.done", {})
        with pytest.raises(IntegrityError), transaction.atomic():
            append(job.stream, 1, [Fact("b.done", {})])

    def test_wakes_readers_only_after_the_commit(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        job = make_job()
        with django_capture_on_commit_callbacks() as callbacks:
            fire_event(job, "a.done", {})
            assert change_and_fire(job, [Fact("a.done", {})], when=Q(status="failed")) is None
        assert len(callbacks) == 1


class TestReadAfter:
    def test_gives_so_many_from_there_in_order(self) -> None:
        job = make_job()
        for number in range(7):
            fire_event(job, "a.done", {"n": number})
        assert [event.seq for event in read_after(job.stream, 2, 3)] == [3, 4, 5]
        assert [event.seq for event in read_after(job.stream, 7, 3)] == []

    @with_threads
    def test_a_reader_that_follows_by_number_sees_all_of_many_writers(self) -> None:
        """One that followed a global id missed 236 of 480 events: commits come out of order."""
        job = make_job()
        done = threading.Event()

        def work(index: int) -> list[int]:
            if index == WRITERS:
                return follow(job, done)
            try:
                write(job, index)
            finally:
                writing.release()
            return []

        writing = threading.Semaphore(0)
        watcher = threading.Thread(
            target=lambda: ([writing.acquire() for _ in range(WRITERS)], done.set())
        )
        watcher.start()
        *written, seen = at_once(WRITERS + 1, work)
        watcher.join()
        assert written == [[]] * WRITERS
        assert seen == list(range(1, WRITERS * FACTS_EACH + 1))
        assert now_of(job).event_seq == len(seen) == Event.objects.count()
        for writer in range(WRITERS):
            own = [event.data["n"] for event in events_of(job) if event.data["by"] == writer]
            assert len(own) == FACTS_EACH
            assert all(before <= after for before, after in pairwise(own))


def write(job: ScrapingJob, writer: int) -> None:
    """Append facts two at a time."""
    mine = ScrapingJob.objects.get(pk=job.pk)
    for number in range(FACTS_EACH // 2):
        with transaction.atomic():
            first = take_numbers(mine, 2)
            assert first is not None
            append(mine.stream, first, [Fact("a.done", {"by": writer, "n": number})] * 2)


def follow(job: ScrapingJob, done: threading.Event) -> list[int]:
    """Return the numbers seen by reading after the last one seen, until all is written."""
    seen: list[int] = []
    while True:
        was_done = done.is_set()
        batch = read_after(job.stream, seen[-1] if seen else 0, 50)
        seen += [event.seq for event in batch]
        if was_done and not batch:
            return seen
