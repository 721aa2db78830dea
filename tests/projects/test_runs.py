"""The life of a run: claimed once, fenced, released, cancelled, swept, ended exactly once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from projects import runs
from projects.models import Event
from projects.runs import POISON_LOSSES, Lease, Run
from scraper.models import ScrapingJob, ScrapingTarget
from tests.scraper.building import (
    TERMINAL_TYPES,
    claim,
    claimed_job,
    events_of,
    let_lease_expire,
    make_job,
    make_project,
    now_of,
    terminal_events,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
with_threads = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def long_leases(settings: Any) -> None:
    """A lease ends when a test says so, not because the machine is busy."""
    settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": 60}


def take_next(worker: str = "worker") -> ScrapingJob | None:
    return runs.take_next(ScrapingJob, worker)


def die(job: ScrapingJob) -> ScrapingJob:
    """Let the job's worker die and another one take over."""
    let_lease_expire(job)
    return claim(job)


class TestTakeNext:
    def test_takes_the_turn_of_who_has_the_fewest_running(self) -> None:
        first = make_project("ada")
        jobs = [make_job(first) for _ in range(50)]
        waiting = make_job(make_project("bob"))
        assert take_next() == jobs[0]
        assert take_next() == waiting
        assert take_next() == jobs[1]

    def test_takes_the_oldest_of_one_user(self) -> None:
        project = make_project()
        jobs = [make_job(project) for _ in range(3)]
        assert [take_next() for _ in range(4)] == [*jobs, None]

    def test_leaves_what_is_not_due_yet(self) -> None:
        make_job(available_at=timezone.now() + timedelta(seconds=60))
        assert take_next() is None

    def test_leaves_what_is_cancelled(self) -> None:
        make_job(status="running", cancel_requested=True, lease_until=timezone.now())
        assert take_next() is None

    def test_leaves_what_another_holds(self) -> None:
        claimed_job()
        assert take_next() is None

    def test_leaves_what_is_not_eligible(self) -> None:
        make_job(mode="stream")
        assert runs.take_next(ScrapingJob, "w", eligible=runs.Q(mode="bulk")) is None

    def test_takes_over_from_the_dead_with_a_new_fence(self) -> None:
        lost = claimed_job()
        let_lease_expire(lost)
        taken = take_next("another")
        assert taken is not None
        assert (taken.pk, taken.worker, taken.losses) == (lost.pk, "another", 1)
        assert taken.fence > lost.fence
        assert [event.type for event in events_of(taken)] == ["job.started", "job.noticed"]

    @with_threads
    def test_j32_twenty_claimers_take_each_run_once_until_none_is_left(self) -> None:
        jobs = [make_job(make_project(name)) for name in ("ada", "bob") for _ in range(60)]

        def claim_all(index: int) -> list[tuple[int, int]]:
            taken = []
            while job := take_next(f"worker-{index}"):
                taken.append((job.pk, job.fence))
            return taken

        results = at_once(20, claim_all)
        assert not [result for result in results if isinstance(result, Exception)]
        taken = [claim for result in results for claim in result]  # type: ignore[union-attr]
        assert Counter(taken) == {(job.pk, 1): 1 for job in jobs}

    @with_threads
    def test_does_not_give_up_while_others_win(self) -> None:
        project = make_project()
        for _ in range(12):
            make_job(project)
        results = at_once(12, lambda index: take_next(f"worker-{index}"))
        assert None not in results
        assert len({job.pk for job in results if isinstance(job, ScrapingJob)}) == 12


class TestLease:
    """What a worker that was declared dead may still do: nothing."""

    def test_a_zombie_cannot_end_the_run(self) -> None:
        zombie = claimed_job()
        successor = die(zombie)
        ended = [
            zombie.mark_completed(zombie.lease),
            zombie.mark_partial(zombie.lease),
            zombie.mark_failed(zombie.lease, "internal", "x"),
            zombie.mark_cancelled(zombie.lease),
            zombie.release(zombie.lease),
        ]
        assert not any(ended)
        now = now_of(successor)
        assert (now.status, now.fence, now.worker) == ("running", successor.fence, "worker")
        assert not terminal_events(successor)

    def test_a_zombie_cannot_renew(self) -> None:
        zombie = claimed_job()
        successor = die(zombie)
        let_lease_expire(successor)
        runs.heartbeat(ScrapingJob, [zombie.lease])
        assert now_of(zombie).lease_until < timezone.now()  # type: ignore[operator]

    def test_is_renewed_by_a_heartbeat(self, settings: Any) -> None:
        job = claimed_job()
        let_lease_expire(job)
        runs.heartbeat(ScrapingJob, [Lease(10**9, 1), job.lease])
        left = now_of(job).lease_until - timezone.now()  # type: ignore[operator]
        assert 0 < left.total_seconds() <= settings.TEPPAN["LEASE_SECONDS"]

    def test_an_ended_run_has_none(self) -> None:
        job = claimed_job()
        assert job.mark_completed(Lease(job.pk, job.fence))
        runs.heartbeat(ScrapingJob, [job.lease])
        assert now_of(job).lease_until is None


class TestRelease:
    def test_gives_the_run_to_anyone_at_once(self) -> None:
        job = claimed_job()
        assert job.release(job.lease)
        taken = take_next("another")
        assert taken == job

    def test_is_no_loss(self) -> None:
        job = claimed_job()
        for _ in range(POISON_LOSSES + 2):
            assert job.release(job.lease)
            assert runs.sweep(ScrapingJob) == 0
            taken = take_next()
            assert taken is not None
            job = taken
        assert (job.losses, job.status) == (0, "running")

    def test_ends_the_right_to_renew_and_to_write(self) -> None:
        job = claimed_job()
        lease = job.lease
        job.release(lease)
        runs.heartbeat(ScrapingJob, [lease])
        assert runs.count_claimable(ScrapingJob) == 1
        assert not job.mark_completed(lease)


class TestSweep:
    def test_leaves_the_living_alone(self) -> None:
        job = claimed_job()
        assert runs.sweep(ScrapingJob) == 0
        assert now_of(job).status == "running"

    def test_leaves_the_first_losses_to_be_taken_over(self) -> None:
        job = claimed_job()
        for _ in range(POISON_LOSSES - 1):
            let_lease_expire(job)
            assert runs.sweep(ScrapingJob) == 0
            assert runs.count_claimable(ScrapingJob) == 1
            job = claim(job)

    def test_ends_what_kills_its_workers(self) -> None:
        job = claimed_job()
        for _ in range(POISON_LOSSES - 1):
            job = die(job)
        let_lease_expire(job)
        assert take_next() is None, "it must not kill another worker before the sweep comes"
        assert runs.sweep(ScrapingJob) == 1
        now = now_of(job)
        assert (now.status, now.error_code) == ("failed", "worker_lost")
        assert terminal_events(job) == ["scraping.failed"]
        target = ScrapingTarget.objects.get(job=job)
        assert (target.status, target.error_code) == ("failed", "worker_lost")

    def test_ends_as_partial_what_has_results(self) -> None:
        job = claimed_job()
        ScrapingJob.objects.update(posts_scraped=5)
        for _ in range(POISON_LOSSES - 1):
            job = die(job)
        let_lease_expire(job)
        runs.sweep(ScrapingJob)
        assert now_of(job).status == "partial"

    def test_a_release_after_losses_is_not_poison(self) -> None:
        job = claimed_job()
        for _ in range(POISON_LOSSES - 1):
            job = die(job)
        job.release(job.lease)
        assert runs.sweep(ScrapingJob) == 0
        assert take_next() == job

    def test_j22_cancels_what_was_cancelled_before_its_worker_died(self) -> None:
        job = claimed_job()
        job.cancel()
        let_lease_expire(job)
        assert take_next() is None
        assert runs.sweep(ScrapingJob) == 1
        assert now_of(job).status == "cancelled"
        assert terminal_events(job) == ["scraping.cancelled"]
        assert runs.sweep(ScrapingJob) == 0

    @with_threads
    def test_j22_many_sweeps_end_it_once(self) -> None:
        job = claimed_job()
        job.cancel()
        let_lease_expire(job)
        assert sum(at_once(6, lambda _: runs.sweep(ScrapingJob))) == 1  # type: ignore[arg-type]
        assert terminal_events(job) == ["scraping.cancelled"]


class TestCancel:
    def test_j18_ends_a_queued_run_at_once_for_ever(self) -> None:
        job = make_job()
        job.cancel()
        assert (job.status, job.cancel_requested) == ("cancelled", True)
        assert terminal_events(job) == ["scraping.cancelled"]
        assert take_next() is None
        assert ScrapingTarget.objects.get(job=job).status == "cancelled"

    def test_asks_the_worker_of_a_running_one(self) -> None:
        job = claimed_job()
        seen = now_of(job)
        seen.cancel()
        assert (seen.status, seen.cancel_requested) == ("running", True)
        assert not job.mark_completed(job.lease)
        assert job.mark_cancelled(job.lease)
        assert terminal_events(job) == ["scraping.cancelled"]

    def test_j19_ends_at_once_what_waits_for_its_database(self) -> None:
        job = claimed_job()
        job.release(job.lease, timedelta(hours=1))
        assert take_next() is None
        seen = now_of(job)
        seen.cancel()
        assert seen.status == "cancelled"

    def test_j19_asked_for_before_the_database_was_lost_is_swept(self) -> None:
        job = claimed_job()
        now_of(job).cancel()
        job.release(job.lease, timedelta(hours=1))
        assert runs.sweep(ScrapingJob) == 1
        assert now_of(job).status == "cancelled"

    def test_needs_a_request_to_be_marked(self) -> None:
        job = claimed_job()
        assert not job.mark_cancelled(job.lease)
        assert now_of(job).status == "running"

    def test_j21_twice_is_once(self) -> None:
        queued, running = make_job(), claimed_job()
        for job in (queued, running):
            job.cancel()
            before = (now_of(job).event_seq, now_of(job).finished_at)
            job.cancel()
            assert (now_of(job).event_seq, now_of(job).finished_at) == before

    @pytest.mark.parametrize("status", ["completed", "partial", "failed"])
    def test_j21_after_the_end_changes_nothing(self, status: str) -> None:
        job = claimed_job()
        assert {
            "completed": lambda: job.mark_completed(job.lease),
            "partial": lambda: job.mark_partial(job.lease),
            "failed": lambda: job.mark_failed(job.lease, "internal", "x"),
        }[status]()
        before = ScrapingJob.objects.values().get(pk=job.pk)
        job.cancel()
        assert ScrapingJob.objects.values().get(pk=job.pk) == before
        assert job.status == status

    @with_threads
    def test_j20_against_the_finish_ends_once_200_times(self) -> None:
        project = make_project()
        jobs = [claimed_job(project) for _ in range(200)]
        answers: dict[int, tuple[str, bool]] = {}
        start = threading.Barrier(2, timeout=60)

        def race(index: int) -> None:
            dice = random.Random(index)
            for job in jobs:
                mine = ScrapingJob.objects.get(pk=job.pk)
                start.wait()
                time.sleep(dice.choice([0, 0.001, 0.003]))
                if index:
                    mine.cancel()
                    answers[job.pk] = (mine.status, mine.cancel_requested)
                elif not mine.mark_completed(job.lease):
                    assert mine.mark_cancelled(job.lease)

        assert at_once(2, race) == [None, None]
        now = {job.pk: job for job in ScrapingJob.objects.all()}
        outcomes = Counter(job.status for job in now.values())
        assert set(outcomes) == {"completed", "cancelled"}, outcomes
        ends = Event.objects.filter(type__in=TERMINAL_TYPES).values_list("stream", "type")
        assert sorted(ends) == sorted(
            (job.stream, f"scraping.{job.status}") for job in now.values()
        )
        for number, (status, was_requested) in answers.items():
            assert status in ("running", now[number].status)
            assert was_requested == (now[number].status == "cancelled")


class TestEnd:
    @pytest.mark.parametrize("torn_at", ["parts", "event"])
    def test_j27_is_all_or_nothing_and_once(self, torn_at: str) -> None:
        job = claimed_job()
        with pytest.raises(DatabaseError), _torn(torn_at):
            job.mark_failed(job.lease, "internal", "x")
        now = now_of(job)
        assert (now.status, now.event_seq) == ("running", job.event_seq)
        assert not terminal_events(job)
        assert ScrapingTarget.objects.get(job=job).status == "pending"
        assert job.mark_failed(job.lease, "internal", "x")
        assert not job.mark_failed(job.lease, "internal", "x")
        assert terminal_events(job) == ["scraping.failed"]

    def test_never_goes_back(self) -> None:
        job = claimed_job()
        job.mark_completed(job.lease)
        finished_at = now_of(job).finished_at
        let_lease_expire(job)
        attempts: list[Any] = [
            take_next(),
            runs.take(ScrapingJob, job.pk, "w", when=runs.unattended(timezone.now())),
            job.release(job.lease),
            job.mark_failed(job.lease, "internal", "x"),
            runs.sweep(ScrapingJob),
        ]
        assert not any(attempts)
        assert (now_of(job).status, now_of(job).finished_at) == ("completed", finished_at)

    def test_tells_its_targets_before_its_end(self) -> None:
        job = claimed_job(None, "python", "rust")
        job.mark_failed(job.lease, "time_limit", "Too long.")
        types = [event.type for event in events_of(job)]
        assert types == ["job.started", "target.changed", "target.changed", "scraping.failed"]

    def test_is_never_reached_by_a_status_that_is_not_terminal(self) -> None:
        assert {status for status in Run.Status if status not in _OPEN} == runs.TERMINAL


_OPEN = (Run.Status.PENDING, Run.Status.RUNNING)


class _torn:  # noqa: N801 -- reads as a word in `with`
    """Lets the database fail at a statement, as a full disk or a lost server would."""

    def __init__(self, where: str) -> None:
        table = {"parts": ScrapingTarget, "event": Event}[where]._meta.db_table
        self._words = ("UPDATE" if where == "parts" else "INSERT", table)
        self._hook = connection.execute_wrapper(self._fail)

    def _fail(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if all(word in sql for word in self._words):
            raise DatabaseError("the disk is full")
        return execute(sql, params, many, context)

    def __enter__(self) -> None:
        self._hook.__enter__()

    def __exit__(self, *problem: Any) -> None:
        self._hook.__exit__(*problem)
