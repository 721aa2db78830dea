"""The slots of a worker process: who gets one, who is left out, and what of the stubborn."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, OperationalError, connections
from django.utils import timezone

from data_provider.testing import make_posts
from projects import runs
from projects.keeper import Guard, Stopped, StopReason
from projects.slots import Slots
from scraper import store
from scraper.models import ScrapingJob
from tests.scraper.building import (
    let_lease_expire,
    make_job,
    make_page,
    make_project,
    now_of,
    target_of,
    terminal_events,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 20.0


@pytest.fixture(autouse=True)
def times(settings: Any) -> None:
    settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": 60, "STOP_GRACE_SECONDS": 1.0}


def eventually(is_so: Callable[[], Any]) -> None:
    """Return once it is so; the machine may take its time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)


class Work:
    """Holds every run until it is let go, and does as it is told when it has to stop."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.running: set[int] = set()
        self.together: list[frozenset[int]] = []
        self.let_go: set[int] = set()
        self.is_free = False

    async def __call__(self, job: ScrapingJob, guard: Guard) -> None:
        self.begun.append(job.pk)
        self.running.add(job.pk)
        self.together.append(frozenset(self.running))
        try:
            while not (self.is_free or job.pk in self.let_go):
                await guard.race(asyncio.sleep(0.01))
            await asyncio.to_thread(_in_thread, job.mark_completed, job.lease)
        except Stopped as stop:
            settle = job.mark_cancelled if stop.reason is StopReason.CANCELLED else job.release
            await asyncio.to_thread(_in_thread, settle, job.lease)
        finally:
            self.running.discard(job.pk)


def _in_thread(function: Callable[..., Any], *arguments: Any) -> None:
    try:
        function(*arguments)
    finally:
        connections.close_all()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def slots(work: Work) -> Iterator[Slots[ScrapingJob]]:
    made = Slots(ScrapingJob, work, number=8, leave=lambda: None)
    yield made
    made.stop()


def statuses(*jobs: ScrapingJob) -> list[str]:
    return [now_of(job).status for job in jobs]


class TestSlots:
    def test_runs_that_are_kept_waiting_do_not_keep_a_thread(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        jobs = [make_job(make_project(f"user{n}")) for n in range(7)]
        threads = threading.active_count()
        slots.wake()
        eventually(lambda: len(work.running) == 7)
        assert threading.active_count() <= threads + 8, "the loop, its keeper, the database's"
        last = make_job(make_project("last"))
        work.let_go.add(last.pk)
        slots.wake()
        eventually(lambda: now_of(last).status == "completed")
        assert statuses(*jobs) == ["running"] * 7

    def test_are_never_more_than_there_are(self, work: Work, slots: Slots[ScrapingJob]) -> None:
        for number in range(12):
            make_job(make_project(f"user{number}"))
        slots.wake()
        eventually(lambda: len(work.running) == 8)
        slots.wake()
        work.let_go.update(work.begun[:2])
        eventually(lambda: len(work.begun) == 10)
        assert max(len(together) for together in work.together) == 8

    def test_a_freed_slot_takes_the_next_without_another_message(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        work.is_free = True
        jobs = [make_job(make_project("ada")) for _ in range(20)]
        slots.wake()
        eventually(lambda: set(statuses(*jobs)) == {"completed"})

    def test_j28_a_thousand_of_one_user_leave_room_for_another_s_one(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        greedy = make_project("ada")
        now = timezone.now()
        jobs = ScrapingJob.objects.bulk_create(
            ScrapingJob(
                owner=greedy.owner,
                project=greedy,
                mode="bulk",
                backend="scripted",
                available_at=now,
            )
            for _ in range(1000)
        )
        slots.wake()
        eventually(lambda: len(work.running) == 6)
        one = make_job(make_project("bob"))
        slots.wake()
        eventually(lambda: one.pk in work.running)
        assert work.begun[:6] == [job.pk for job in jobs[:6]]
        assert len(work.begun) == 7

    def test_work_until_idle_returns_when_nothing_waits(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        work.is_free = True
        jobs = [make_job(make_project(name)) for name in "abc" * 5]
        slots.work_until_idle()
        assert set(statuses(*jobs)) == {"completed"}

    def test_stop_gives_all_back_and_takes_no_more(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        jobs = [make_job(make_project(f"user{n}")) for n in range(3)]
        slots.wake()
        eventually(lambda: len(work.running) == 3)
        slots.stop()
        assert not work.running
        assert runs.count_claimable(ScrapingJob) == 3
        slots.wake()
        assert [now_of(job).losses for job in jobs] == [0, 0, 0]


def make_lost(times: int, *, name: str = "mallory") -> ScrapingJob:
    """Return a job whose workers died so many times in a row."""
    job = make_job(make_project(name))
    for _ in range(times):
        taken = runs.take(ScrapingJob, job.pk, "dead", when=runs.unattended(timezone.now()))
        assert taken is not None
        let_lease_expire(taken)
    return job


def get_on(job: ScrapingJob) -> None:
    """Commit a page of a job, as its worker would."""
    mine = now_of(job)
    page = make_page(make_posts(1))
    store.commit_page(mine, target_of(mine), page, page.posts)


class TestSuspect:
    """What has lost two workers in a row may be what kills them: it gets one chance, alone."""

    def test_j07_runs_alone_and_the_others_are_given_back_without_a_loss(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        others = [make_job(make_project(f"user{n}")) for n in range(3)]
        slots.wake()
        eventually(lambda: len(work.running) == 3)
        suspect = make_lost(2)
        slots.wake()
        eventually(lambda: suspect.pk in work.running)
        assert work.together[-1] == {suspect.pk}
        assert [now_of(job).losses for job in others] == [0, 0, 0]
        assert runs.count_claimable(ScrapingJob) == 3, "another process may take them"
        slots.wake()
        time.sleep(0.1)
        assert work.running == {suspect.pk}

    def test_j07_lets_the_others_in_again_once_it_got_on(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        suspect, other = make_lost(2), make_job()
        slots.wake()
        eventually(lambda: work.running == {suspect.pk})
        get_on(suspect)
        eventually(lambda: work.running == {suspect.pk, other.pk})

    def test_j07_lets_the_others_in_when_it_did_no_harm_for_a_lease(
        self, work: Work, slots: Slots[ScrapingJob], settings: Any
    ) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": 2}
        suspect, other = make_lost(2), make_job()
        slots.wake()
        eventually(lambda: suspect.pk in work.running)
        eventually(lambda: other.pk in work.running)

    def test_j07_one_loss_is_no_suspicion(self, work: Work, slots: Slots[ScrapingJob]) -> None:
        jobs = [make_lost(1, name=name) for name in ("ada", "bob")]
        slots.wake()
        eventually(lambda: work.running == {job.pk for job in jobs})

    def test_j07_who_only_died_with_others_is_cleared_one_after_the_other(
        self, work: Work, slots: Slots[ScrapingJob]
    ) -> None:
        work.is_free = True
        jobs = [make_lost(2, name=f"user{n}") for n in range(5)]
        slots.work_until_idle()
        assert set(statuses(*jobs)) == {"completed"}
        assert {len(together) for together in work.together} == {1}

    def test_j07_alone_and_dead_again_it_is_condemned(self) -> None:
        job = make_lost(3)
        assert runs.take_next(ScrapingJob, "w") is None
        assert runs.sweep(ScrapingJob) == 1
        assert (now_of(job).status, now_of(job).error_code) == ("failed", "worker_lost")


class Stubborn:
    """Does not stop: it swallows its cancellation, or holds the whole loop."""

    def __init__(self, *, holds_loop: bool = False) -> None:
        self.holds_loop = holds_loop
        self.begun = threading.Event()
        self.released = threading.Event()

    async def __call__(self, job: ScrapingJob, guard: Guard) -> None:
        self.begun.set()
        if self.holds_loop:
            self.released.wait(PATIENCE_SECONDS)
        while not self.released.is_set():
            with contextlib.suppress(asyncio.CancelledError, Stopped):
                await asyncio.sleep(0.02)


class TestStubborn:
    @pytest.fixture(params=[False, True], ids=["swallows", "holds the loop"])
    def stubborn(self, request: pytest.FixtureRequest) -> Iterator[Stubborn]:
        made = Stubborn(holds_loop=request.param)
        yield made
        made.released.set()

    @pytest.fixture
    def left(self, stubborn: Stubborn) -> Iterator[threading.Event]:
        left = threading.Event()
        self.slots = Slots(ScrapingJob, stubborn, number=4, leave=left.set)
        yield left
        stubborn.released.set()
        self.slots.stop()

    def begin(self, stubborn: Stubborn) -> ScrapingJob:
        job = make_job()
        self.slots.wake()
        assert stubborn.begun.wait(PATIENCE_SECONDS)
        return job

    def test_j24_a_cancel_is_obeyed_in_its_place_and_the_process_begins_anew(
        self, stubborn: Stubborn, left: threading.Event
    ) -> None:
        job = self.begin(stubborn)
        now_of(job).cancel()
        eventually(lambda: now_of(job).status == "cancelled")
        assert left.wait(PATIENCE_SECONDS)
        assert terminal_events(job) == ["scraping.cancelled"]

    def test_j37_the_deadline_ends_it_with_its_targets(
        self, stubborn: Stubborn, left: threading.Event, settings: Any
    ) -> None:
        job = self.begin(stubborn)
        get_on(job)
        # As if it had begun long ago: the deadline counts from the first start of a job.
        kept = next(iter(self.slots._keeper._kept.values()))
        kept._deadline = time.monotonic()
        eventually(lambda: now_of(job).is_terminal)
        assert now_of(job).status == "partial"
        assert left.wait(PATIENCE_SECONDS)
        target = target_of(job)
        assert (target.status, target.error_code, target.cursor) == (
            "partial",
            "time_limit",
            "next",
        )
        assert terminal_events(job) == ["scraping.partial"]

    def test_j24_told_to_leave_its_row_is_given_back(
        self, stubborn: Stubborn, left: threading.Event
    ) -> None:
        job = self.begin(stubborn)
        self.slots.stop()
        eventually(lambda: runs.count_claimable(ScrapingJob) == 1)
        assert (now_of(job).status, now_of(job).losses) == ("running", 0)
        taken = runs.take_next(ScrapingJob, "another")
        assert taken is not None

    def test_j04_what_it_writes_later_is_refused(
        self, stubborn: Stubborn, left: threading.Event
    ) -> None:
        job = self.begin(stubborn)
        mine = now_of(job)
        now_of(job).cancel()
        eventually(lambda: now_of(job).status == "cancelled")
        page = make_page([])
        with pytest.raises(Stopped):
            store.commit_page(mine, target_of(mine), page, page.posts)
        assert not mine.mark_completed(mine.lease)


class TestLostDatabase:
    """A process that lives and has its database again is no dead worker, however often."""

    @pytest.fixture(params=["raises", "gives up"])
    def work(self, request: pytest.FixtureRequest) -> LosesDatabase:
        return LosesDatabase(is_told=request.param == "gives up")

    @pytest.fixture
    def slots(self, work: LosesDatabase, settings: Any) -> Iterator[Slots[ScrapingJob]]:
        settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": 2}
        made = Slots(ScrapingJob, work, number=4, leave=lambda: None)
        yield made
        made.stop()

    def test_does_not_condemn_what_it_breaks_off(
        self, work: LosesDatabase, slots: Slots[ScrapingJob], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        is_back = iter((False, False, True, False))
        release = ScrapingJob.release

        def release_when_back(self: ScrapingJob, *arguments: Any) -> bool:
            if not next(is_back, True):
                raise OperationalError("the server closed the connection unexpectedly")
            return release(self, *arguments)

        monkeypatch.setattr(ScrapingJob, "release", release_when_back)
        job = make_job()

        def is_completed() -> bool:
            slots.wake()
            return now_of(job).status == "completed"

        eventually(is_completed)
        assert work.times == runs.POISON_LOSSES + 2
        assert (now_of(job).attempt, now_of(job).losses) == (work.times, 0)

    def test_does_not_excuse_what_the_database_complains_of(self) -> None:
        job = make_job()

        async def work(_: ScrapingJob, __: Guard) -> None:
            raise IntegrityError("a value is missing")

        slots = Slots(ScrapingJob, work, number=4, leave=lambda: None)
        slots.work_until_idle()
        slots.stop()
        # Its lease runs out, and that is a loss.
        left = now_of(job)
        assert (left.status, bool(left.worker)) == ("running", True)


class LosesDatabase:
    """Loses its database so often that as many dead workers would condemn it, then is done."""

    def __init__(self, *, is_told: bool) -> None:
        self.is_told = is_told
        self.times = 0

    async def __call__(self, job: ScrapingJob, guard: Guard) -> None:
        self.times += 1
        if self.times >= runs.POISON_LOSSES + 2:
            await asyncio.to_thread(_in_thread, job.mark_completed, job.lease)
        elif self.is_told:
            guard.stop(StopReason.LEASE_LOST)
        else:
            raise OperationalError("the server closed the connection unexpectedly")


class TestDeadline:
    def test_j37_counts_from_the_first_start_however_often_it_changed_hands(
        self, settings: Any
    ) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "JOB_TIME_LIMIT_SECONDS": 3600}
        job = make_job(started_at=timezone.now() - timedelta(hours=2))
        ended: list[StopReason] = []

        async def work(_: ScrapingJob, guard: Guard) -> None:
            try:
                await guard.race(asyncio.sleep(PATIENCE_SECONDS))
            except Stopped as stop:
                ended.append(stop.reason)

        slots = Slots(ScrapingJob, work, number=1, leave=lambda: None)
        slots.wake()
        eventually(lambda: ended == [StopReason.TIME_LIMIT])
        slots.stop()
        assert job.pk
