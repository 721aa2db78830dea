"""Live jobs are claimed and driven by tasks that no request owns, and given back when told to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from scraper import drives
from tests.scraper.building import make_job, now_of, terminal_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from data_provider.sandbox.testing import SandboxServer
    from scraper.models import ScrapingJob

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def patient(settings: Any) -> None:
    """Nobody watches here, and a busy machine takes its time."""
    settings.TEPPAN = {**settings.TEPPAN, "VIEWER_GRACE_SECONDS": 600, "LEASE_SECONDS": 600}


def live_job() -> ScrapingJob:
    return make_job(None, "tiny", mode="stream", backend="sandbox", config={"limit": 100})


async def until_settled() -> None:
    while drives._tasks:
        await asyncio.wait(drives._tasks)


def when_claimed(monkeypatch: pytest.MonkeyPatch, then: Callable[[], Any]) -> None:
    """Have something happen between the claim's commit and the drive's begin."""
    take = drives._take

    def claim(job_id: int) -> ScrapingJob | None:
        job = take(job_id)
        then()
        return job

    monkeypatch.setattr(drives, "_take", claim)


class TestOpenDrive:
    async def test_drives_to_the_end(self, sandbox: SandboxServer) -> None:
        job = await sync_to_async(live_job)()
        drives.open_drive(job.pk)
        await until_settled()
        ended = await sync_to_async(now_of)(job)
        assert (ended.status, ended.attempt, ended.posts_scraped) == ("completed", 1, 7)

    async def test_outlives_a_request_that_is_cancelled_at_any_moment(
        self, sandbox: SandboxServer
    ) -> None:
        jobs = [await sync_to_async(live_job)() for _ in range(11)]

        async def request(job: ScrapingJob) -> None:
            drives.open_drive(job.pk)
            await asyncio.sleep(60)

        for milliseconds, job in enumerate(jobs):
            asked = asyncio.create_task(request(job))
            await asyncio.sleep(milliseconds / 1000)
            asked.cancel()
        await until_settled()
        ended = [await sync_to_async(now_of)(job) for job in jobs]
        assert {(one.status, one.attempt) for one in ended} == {("completed", 1)}

    async def test_claims_once_however_many_ask(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = await sync_to_async(live_job)()
        claims: list[int] = []
        when_claimed(monkeypatch, lambda: claims.append(1))
        for _ in range(20):
            drives.open_drive(job.pk)
        await until_settled()
        assert len(claims) == 1
        drives.open_drive(job.pk)
        await until_settled()
        assert len(claims) == 2

    async def test_a_claim_that_fails_is_no_obstacle_to_the_next(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = await sync_to_async(live_job)()
        with monkeypatch.context() as broken:
            broken.setattr(drives, "_take", lambda _: 1 / 0)
            drives.open_drive(job.pk)
            await until_settled()
        drives.open_drive(job.pk)
        await until_settled()
        assert (await sync_to_async(now_of)(job)).status == "completed"


class TestStopAll:
    async def test_gives_back_what_is_claimed_while_it_begins(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = await sync_to_async(live_job)()
        is_ending: list[bool] = []
        monkeypatch.setattr(drives.draining, "is_draining", lambda: bool(is_ending))
        when_claimed(monkeypatch, lambda: is_ending.append(True))
        drives.open_drive(job.pk)
        await drives.stop_all()
        given_back = await sync_to_async(now_of)(job)
        assert (given_back.status, given_back.worker, given_back.losses) == ("running", "", 0)
        assert sandbox.requests() == []

    async def test_claims_nothing_any_more_afterwards(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = await sync_to_async(live_job)()
        monkeypatch.setattr(drives.draining, "is_draining", lambda: True)
        drives.open_drive(job.pk)
        await until_settled()
        assert (await sync_to_async(now_of)(job)).status == "pending"


class TestStubborn:
    async def test_a_drive_that_does_not_hear_its_cancel_is_settled_and_cancelled(
        self, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "STOP_GRACE_SECONDS": 0.5}

        async def hear_nothing(*_: object) -> AsyncIterator[None]:
            await asyncio.Event().wait()
            yield

        monkeypatch.setattr(drives, "run_job", hear_nothing)
        job = await sync_to_async(live_job)()
        drives.open_drive(job.pk)
        while (await sync_to_async(now_of)(job)).status != "running":
            await asyncio.sleep(0.01)
        await sync_to_async((await sync_to_async(now_of)(job)).cancel)()
        async with asyncio.timeout(20):
            await until_settled()
        assert (await sync_to_async(now_of)(job)).status == "cancelled"
        assert await sync_to_async(terminal_events)(job) == ["scraping.cancelled"]

    async def test_a_drive_that_its_database_broke_off_is_given_back_without_a_loss(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def lose_database(*_: object) -> AsyncIterator[None]:
            raise OperationalError("the server closed the connection unexpectedly")
            yield

        monkeypatch.setattr(drives, "run_job", lose_database)
        job = await sync_to_async(live_job)()
        drives.open_drive(job.pk)
        await until_settled()
        given_back = await sync_to_async(now_of)(job)
        assert (given_back.status, given_back.worker, given_back.losses) == ("running", "", 0)
