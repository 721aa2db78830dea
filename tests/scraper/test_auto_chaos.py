"""A job of a thousand posts by AUTO, while walls and outages come and go at every source."""

from __future__ import annotations

import random
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async

from common.executors import run_in_database_thread
from data_provider import MemoryHealth, ProviderConfig, Query, get_scraper
from data_provider.sandbox.tokens import SCRIPT_CLIENT
from data_provider.testing import ManualClock
from projects.keeper import Guard
from scraper.models import JobPost
from scraper.runner import run_job
from tests.scraper.building import (
    claim,
    claimed_job,
    events_of,
    let_lease_expire,
    now_of,
    posts_of,
    target_of,
)

if TYPE_CHECKING:
    from data_provider import ScraperBackend
    from data_provider.sandbox.testing import SandboxServer
    from scraper.models import ScrapingJob

pytestmark = pytest.mark.django_db(transaction=True)

# Each source by the paths that only it asks for.
PATHS = {
    "oauth": r"^/r/python/new$",
    "native_json": r"\.json$",
    "archive": r"^/api/posts/search$",
    "rss": r"\.rss$",
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "wall_403"},
    {"action": "challenge_200"},
    {"action": "relayout"},
    {"action": "status", "status": 503},
    {"action": "status", "status": 429, "retry_after": 300},
    {"action": "truncate"},
    {"action": "reset"},
)
# What comes and goes while a page is asked for: at once, after one answer, or only for one.
MOMENTS: tuple[dict[str, Any], ...] = ({}, {}, {"nth": 2}, {"times": 1})
# What even the spared source has to bear, once: asking again helps.
HICCUPS: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 503, "times": 1},
    {"action": "truncate", "times": 1},
    {"action": "reset", "times": 1},
    {"action": "reset", "nth": 2},
)
LIMIT = 1000


class Weather:
    """Strikes all sources but one after each page, another one each time; the one hiccups."""

    def __init__(self, server: SandboxServer, seed: int) -> None:
        self._server = server
        self._dice = random.Random(seed)

    def change(self) -> None:
        self._server.clear_faults()
        spared = self._dice.choice(list(PATHS))
        struck = [path for name, path in PATHS.items() if name != spared]
        faults = [
            {"path": path, **self._dice.choice(FAULTS), **self._dice.choice(MOMENTS)}
            for path in struck
        ]
        if self._dice.random() < 0.5:
            faults.append({"path": PATHS[spared], **self._dice.choice(HICCUPS)})
        self._server.add_faults(*faults)


class Sources:
    """Opens AUTO as each process would: with sources of its own, and the health of all."""

    def __init__(self, url: str) -> None:
        self._clock = ManualClock()
        self._book = MemoryHealth(self._clock)
        self._config = ProviderConfig(
            reddit_www_url=url,
            reddit_oauth_url=url,
            reddit_token_url=f"{url}/api/v1/access_token",
            reddit_client_id=SCRIPT_CLIENT[0],
            reddit_client_secret=SCRIPT_CLIENT[1],
            archive_url=url,
            auto_order=tuple(PATHS),
        )

    def open(self, name: str, _: object) -> ScraperBackend:
        assert name == "auto"
        # An hour later every wall may be gone, and every window is a new one.
        self._clock.advance(3600)
        return get_scraper(name, self._config, self._clock, self._book)


async def scrape(job: ScrapingJob, sources: Sources, weather: Weather, restarts: set[int]) -> None:
    """Work the job to its end; the worker dies after as many pages as `restarts` says."""
    pages = 0
    while True:
        async with aclosing(run_job(job, sources.open, Guard())) as steps:
            async for _ in steps:
                pages += 1
                await run_in_database_thread(weather.change)
                if pages in restarts:
                    await run_in_database_thread(let_lease_expire, job)
                    job = await sync_to_async(claim)(job)
                    break
            else:
                return


def changes_without_notice(job: ScrapingJob) -> list[tuple[str, str]]:
    """Walk the log: which changes of `backend_used` do the notices since the last page not tell?

    Several sources may have been tried for one page: then each notice goes on where the one before
    ended. Whoever takes over a job begins again with the source of its last page.
    """
    serving, at, found = "", "", []
    for event in events_of(job):
        if event.type == "job.noticed" and event.data.get("backend_to"):
            assert event.data["code"]
            assert event.data["detail"]
            if event.data["backend_from"] in (at, serving) or not serving:
                at = event.data["backend_to"]
        elif event.type == "target.changed" and (used := event.data["backend_used"]):
            if serving and used not in (serving, at):
                found.append((serving, used))
            serving = at = used
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_gives_all_posts_once_and_explains_each_change(
    sandbox: SandboxServer, seed: int
) -> None:
    config = ProviderConfig(sandbox_url=sandbox.url)
    async with get_scraper("sandbox", config) as reference:
        wanted = await reference.scrape_subreddit_posts(Query(subreddit="python", limit=LIMIT))
    job = await sync_to_async(claimed_job)(None, "python", backend="auto", config={"limit": LIMIT})
    weather, dice = Weather(sandbox, seed), random.Random(seed)
    restarts = {dice.randrange(1, 10), dice.randrange(10, 20)} if seed % 2 else set()
    await scrape(job, Sources(sandbox.url), weather, restarts)

    ended = await sync_to_async(now_of)(job)
    target = await sync_to_async(target_of)(job)
    assert (ended.status, target.error_detail) == ("completed", "")
    assert (ended.posts_scraped, target.stopped_by) == (LIMIT, "limit")
    assert await sync_to_async(posts_of)(job) == {post.id for post in wanted}
    assert await JobPost.objects.filter(job=job).acount() == LIMIT
    log = await sync_to_async(events_of)(job)
    served = {event.data["backend_used"] for event in log if event.type == "target.changed"}
    assert len(served - {None}) >= 3
    assert await sync_to_async(changes_without_notice)(job) == []
