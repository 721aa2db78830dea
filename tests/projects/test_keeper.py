"""A run in the hands of this process: its lease renewed, its end heard at once."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone

from common import wakeup
from projects import runs
from projects.keeper import LOOK_SECONDS, Guard, Keeper, Stopped, StopReason
from scraper.models import ScrapingJob
from tests.scraper.building import claim, claimed_job, let_lease_expire, now_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

pytestmark = pytest.mark.django_db(transaction=True)

# What a busy machine may add to any of the times below.
SLACK_SECONDS = 0.4


# So that what is heard at once cannot have been found by looking.
SELDOM_SECONDS = 6.0


def look_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.keeper.LOOK_SECONDS", SELDOM_SECONDS)


@pytest.fixture(autouse=True)
def long_leases(settings: Any) -> None:
    set_lease(settings, 60)


def set_lease(settings: Any, seconds: float, **others: Any) -> None:
    settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": seconds, **others}


@pytest.fixture
async def keeper() -> AsyncIterator[Keeper]:
    one = Keeper(ScrapingJob)
    yield one
    # Its thread uses the database as long as it lives.
    await sync_to_async(wait_for_end)("keeper")


def wait_for_end(name: str) -> None:
    deadline = time.monotonic() + 5
    while any(thread.name == name for thread in threading.enumerate()):
        assert time.monotonic() < deadline, f"the thread {name} did not end"
        time.sleep(0.01)


async def reason_of_stop(guard: Guard, within: float) -> StopReason:
    """Wait as a run waits for its source; return why it had to stop."""
    with pytest.raises(Stopped) as stopped:
        await asyncio.wait_for(guard.race(asyncio.Event().wait()), within)
    return stopped.value.reason


class TestKeeping:
    async def test_renews_the_lease(self, keeper: Keeper) -> None:
        job = await sync_to_async(claimed_job)()
        soon = timezone.now() + timedelta(seconds=1)
        await ScrapingJob.objects.filter(pk=job.pk).aupdate(lease_until=soon)
        with keeper.keeping(job, Guard()):
            await asyncio.sleep(LOOK_SECONDS + SLACK_SECONDS)
            now = await sync_to_async(now_of)(job)
        assert now.lease_until - timezone.now() > timedelta(seconds=50)

    async def test_renews_it_again_and_again(self, keeper: Keeper, settings: Any) -> None:
        set_lease(settings, 1.2)
        job = await sync_to_async(claimed_job)()
        guard = Guard()
        with keeper.keeping(job, guard):
            for _ in range(4):
                await asyncio.sleep(0.5)
                now = await sync_to_async(now_of)(job)
                assert now.lease_until > timezone.now()
        guard.check()

    async def test_renews_it_no_more_afterwards(self, keeper: Keeper) -> None:
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()):
            assert keeper.number_kept == 1
        assert keeper.number_kept == 0
        await sync_to_async(let_lease_expire)(job)
        await asyncio.sleep(LOOK_SECONDS + SLACK_SECONDS)
        assert await sync_to_async(runs.count_claimable)(ScrapingJob) == 1

    async def test_hears_a_cancel_at_once_when_poked(
        self, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look_seldom(monkeypatch)
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            await asyncio.sleep(0.05)
            started = time.monotonic()
            await sync_to_async(lambda: now_of(job).cancel())()
            assert await reason_of_stop(guard, SELDOM_SECONDS) is StopReason.CANCELLED
        assert time.monotonic() - started < SELDOM_SECONDS / 2

    async def test_hears_a_cancel_within_a_second_without_a_poke(self, keeper: Keeper) -> None:
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            await asyncio.sleep(0.05)
            started = time.monotonic()
            await ScrapingJob.objects.filter(pk=job.pk).aupdate(cancel_requested=True)
            assert await reason_of_stop(guard, 2) is StopReason.CANCELLED
        assert time.monotonic() - started < LOOK_SECONDS + SLACK_SECONDS

    async def test_tells_each_run_its_own_end(self, keeper: Keeper) -> None:
        one, two = [await sync_to_async(claimed_job)() for _ in range(2)]
        with keeper.keeping(one, Guard()) as first, keeper.keeping(two, Guard()) as second:
            await sync_to_async(lambda: now_of(two).cancel())()
            assert await reason_of_stop(second, 2) is StopReason.CANCELLED
            first.check()

    @pytest.mark.parametrize("loss", ["taken over", "ended", "gone"])
    async def test_stops_what_is_not_ours_any_more(self, keeper: Keeper, loss: str) -> None:
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            await sync_to_async(LOSSES[loss])(job)
            keeper.look_now()
            assert await reason_of_stop(guard, 2) is StopReason.LEASE_LOST

    async def test_stops_past_the_time_limit(self, keeper: Keeper, settings: Any) -> None:
        set_lease(settings, 60, JOB_TIME_LIMIT_SECONDS=1)
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            assert await reason_of_stop(guard, 3) is StopReason.TIME_LIMIT

    async def test_counts_the_time_before_a_take_over(self, keeper: Keeper, settings: Any) -> None:
        set_lease(settings, 60, JOB_TIME_LIMIT_SECONDS=1000)
        job = await sync_to_async(claimed_job)()
        job.started_at = timezone.now() - timedelta(seconds=1001)
        with keeper.keeping(job, Guard()) as guard:
            assert await reason_of_stop(guard, 1) is StopReason.TIME_LIMIT

    async def test_stops_what_nobody_watches(self, keeper: Keeper) -> None:
        job = await sync_to_async(claimed_job)(mode="stream", viewed_at=timezone.now())
        asked: list[datetime | None] = []

        def is_unwatched(viewed_at: datetime | None) -> bool:
            asked.append(viewed_at)
            return len(asked) > 1

        with keeper.keeping(job, Guard(), is_unwatched=is_unwatched) as guard:
            assert await reason_of_stop(guard, 3) is StopReason.UNWATCHED
        assert asked[0] == job.viewed_at

    async def test_stops_all_when_the_process_leaves(self, keeper: Keeper) -> None:
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            keeper.stop_all(StopReason.SHUTDOWN)
            assert await reason_of_stop(guard, 1) is StopReason.SHUTDOWN


LOSSES: dict[str, Callable[[ScrapingJob], object]] = {
    "taken over": lambda job: (let_lease_expire(job), claim(job)),
    "ended": lambda job: job.mark_completed(job.lease),
    "gone": lambda job: job.delete(),
}


class Cutting:
    """A table whose database can be cut off: it fails at once, or never answers."""

    def __init__(self) -> None:
        self.is_cut = False
        self.hangs = False
        self._restored = threading.Event()

    @property
    def _default_manager(self) -> Any:
        if self.hangs:
            self._restored.wait(10)
        if self.is_cut:
            raise OperationalError("the server closed the connection")
        return ScrapingJob._default_manager

    @contextmanager
    def cut(self, *, hangs: bool) -> Iterator[None]:
        self.is_cut, self.hangs = True, hangs
        yield
        self.is_cut = self.hangs = False
        self._restored.set()


class TestCutOff:
    @pytest.mark.parametrize("hangs", [False, True])
    async def test_stops_before_anyone_may_take_over(self, settings: Any, hangs: bool) -> None:
        set_lease(settings, 2)
        table = Cutting()
        keeper = Keeper(table)  # type: ignore[arg-type]
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            await asyncio.sleep(LOOK_SECONDS * 1.5)
            with table.cut(hangs=hangs):
                started = time.monotonic()
                assert await reason_of_stop(guard, 4) is StopReason.LEASE_LOST
        assert time.monotonic() - started <= 2 + LOOK_SECONDS + SLACK_SECONDS
        await sync_to_async(wait_for_end)("keeper")

    async def test_carries_on_when_the_database_is_back_in_time(self, settings: Any) -> None:
        set_lease(settings, 2.5)
        table = Cutting()
        keeper = Keeper(table)  # type: ignore[arg-type]
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            with table.cut(hangs=False):
                await asyncio.sleep(1.2)
            await asyncio.sleep(1.5)
            guard.check()
            assert (await sync_to_async(now_of)(job)).lease_until > timezone.now()
        await sync_to_async(wait_for_end)("keeper")


@pytest.mark.django_db(transaction=False)
class TestGuard:
    async def test_gives_the_result_of_what_it_races(self) -> None:
        assert await Guard().race(asyncio.sleep(0, "result")) == "result"

    async def test_passes_a_failure_on(self) -> None:
        async def fail() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await Guard().race(fail())

    async def test_cancels_what_is_awaited_and_leaves_no_task(self) -> None:
        guard, closed = Guard(), asyncio.Event()

        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                closed.set()

        asyncio.get_running_loop().call_later(0.01, guard.stop, StopReason.CANCELLED)
        with pytest.raises(Stopped):
            await guard.race(hang())
        assert closed.is_set()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_a_cancelled_race_takes_its_work_along(self) -> None:
        started = asyncio.Event()

        async def hang() -> None:
            started.set()
            await asyncio.Event().wait()

        race = asyncio.ensure_future(Guard().race(hang()))
        await started.wait()
        race.cancel()
        with pytest.raises(asyncio.CancelledError):
            await race
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_a_stop_before_the_race_wins(self) -> None:
        guard = Guard()
        guard.stop(StopReason.SHUTDOWN)
        await asyncio.sleep(0)
        with pytest.raises(Stopped):
            guard.check()
        with pytest.raises(Stopped):
            await guard.race(asyncio.Event().wait())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_the_first_reason_counts(self) -> None:
        guard = Guard()
        for reason in (StopReason.TIME_LIMIT, StopReason.CANCELLED):
            guard.stop(reason)
        assert await reason_of_stop(guard, 1) is StopReason.TIME_LIMIT

    async def test_hears_a_stop_from_another_thread(self) -> None:
        guard = Guard()
        threading.Timer(0.02, guard.stop, [StopReason.CANCELLED]).start()
        assert await reason_of_stop(guard, 1) is StopReason.CANCELLED

    def test_may_be_stopped_after_its_loop_has_ended(self) -> None:
        async def make() -> Guard:
            return Guard()

        asyncio.run(make()).stop(StopReason.SHUTDOWN)


class TestPoke:
    async def test_reaches_the_keeper_through_the_run_s_own_name(
        self, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look_seldom(monkeypatch)
        job = await sync_to_async(claimed_job)()
        with keeper.keeping(job, Guard()) as guard:
            await asyncio.sleep(0.05)
            await ScrapingJob.objects.filter(pk=job.pk).aupdate(cancel_requested=True)
            started = time.monotonic()
            wakeup.poke(job.control)
            assert await reason_of_stop(guard, SELDOM_SECONDS) is StopReason.CANCELLED
        assert time.monotonic() - started < SELDOM_SECONDS / 2
