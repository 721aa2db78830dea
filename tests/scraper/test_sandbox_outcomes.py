"""Whole jobs over HTTP against the simulated Reddit: how each of its misbehaviours ends."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async

from common.executors import run_in_database_thread
from data_provider import get_scraper
from data_provider.testing import ManualClock
from projects.keeper import Guard, Keeper
from scraper.models import JobPost, ScrapingJob
from scraper.runner import run_job
from scraper.sources import provider_config
from tests.scraper.building import claimed_job, events_of, now_of, target_of, terminal_events

if TYPE_CHECKING:
    from data_provider import ScraperBackend
    from data_provider.sandbox.testing import SandboxServer

pytestmark = pytest.mark.django_db(transaction=True)


def without_waiting(name: str, _: object) -> ScraperBackend:
    """Open the source as the installation does, on a clock that nobody waits for."""
    # What all processes share counts real seconds.
    alone = provider_config().model_copy(update={"paces": None})
    return get_scraper(name, alone, ManualClock())


async def scrape(subreddit: str, guard: Guard | None = None, limit: int = 1000) -> ScrapingJob:
    job = await sync_to_async(claimed_job)(
        None, subreddit, backend="sandbox", config={"limit": limit}
    )
    async for _ in run_job(job, without_waiting, guard or Guard()):
        pass
    return await sync_to_async(now_of)(job)


@pytest.mark.usefixtures("sandbox")
class TestEnding:
    @pytest.mark.parametrize(
        ("subreddit", "code"),
        [
            ("private", "private"),
            ("banned", "banned"),
            ("quarantined", "quarantined"),
            ("surely_not_there_1", "not_found"),
            ("walled", "blocked"),
            ("challenge", "challenge"),
            ("relayout", "layout_changed"),
            ("truncated", "invalid_response"),
            ("reset", "network"),
        ],
    )
    async def test_fails_by_its_name(self, subreddit: str, code: str) -> None:
        ended = await scrape(subreddit)
        target = await sync_to_async(target_of)(ended)
        assert (ended.status, ended.error_code) == ("failed", code)
        assert (target.status, target.error_code) == ("failed", code)
        assert ended.error_detail
        assert await sync_to_async(terminal_events)(ended) == ["scraping.failed"]

    async def test_a_changed_layout_leaves_a_sample(self) -> None:
        ended = await scrape("relayout")
        assert (await sync_to_async(target_of)(ended)).error_sample

    @pytest.mark.parametrize(
        ("subreddit", "posts"), [("empty", 0), ("tiny", 7), ("flaky", 300), ("ratelimited", 300)]
    )
    async def test_completes_what_has_an_end(self, subreddit: str, posts: int) -> None:
        ended = await scrape(subreddit)
        target = await sync_to_async(target_of)(ended)
        assert (ended.status, ended.posts_scraped) == ("completed", posts)
        assert target.stopped_by == "exhausted"

    async def test_tells_of_every_rate_limit(self) -> None:
        ended = await scrape("ratelimited")
        log = await sync_to_async(events_of)(ended)
        codes = [event.data["code"] for event in log if event.type == "job.noticed"]
        assert codes
        assert set(codes) == {"rate_limited"}

    async def test_lost_ground_is_partial_and_never_complete(self) -> None:
        ended = await scrape("cursorlost")
        target = await sync_to_async(target_of)(ended)
        assert (ended.status, target.error_code) == ("partial", "cursor_lost")
        assert 0 < ended.posts_scraped < 300

    async def test_a_lost_page_that_comes_back_loses_nothing(self) -> None:
        ended = await scrape("cursorlost_once")
        assert (ended.status, ended.posts_scraped) == ("completed", 300)

    async def test_a_moving_listing_gives_no_post_twice(self) -> None:
        ended = await scrape("moving", limit=500)
        rows = JobPost.objects.filter(job=ended).values_list("seq", "n")
        assert (ended.status, ended.posts_scraped) == ("completed", 500)
        assert len({row async for row in rows}) == 500

    async def test_stops_at_the_limit(self) -> None:
        ended = await scrape("huge", limit=150)
        assert (ended.status, ended.posts_scraped) == ("completed", 150)
        assert (await sync_to_async(target_of)(ended)).stopped_by == "limit"


class TestCancel:
    async def test_j19_a_connection_that_never_answers_is_left_within_a_second(
        self, sandbox: SandboxServer
    ) -> None:
        job = await sync_to_async(claimed_job)(None, "stalled", backend="sandbox")
        keeper, guard = Keeper(ScrapingJob), Guard()

        async def work() -> None:
            async for _ in run_job(job, without_waiting, guard):
                pass

        with keeper.keeping(job, guard):
            running = asyncio.ensure_future(work())
            async with asyncio.timeout(5):
                while not await run_in_database_thread(sandbox.requests):
                    await asyncio.sleep(0.02)
            started = time.monotonic()
            await run_in_database_thread(lambda: now_of(job).cancel())
            await asyncio.wait_for(running, 5)
        assert time.monotonic() - started < 1
        assert (await sync_to_async(now_of)(job)).status == "cancelled"
        assert asyncio.all_tasks() == {asyncio.current_task()}
