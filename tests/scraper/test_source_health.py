"""One book of health for all processes, and what a process does while Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import redis
from django.conf import settings

from data_provider import Blocked, Network, Outcome, Query, RateLimited, ScraperBackend
from data_provider.testing import ScriptedBackend, make_posts
from scraper import source_health
from scraper.source_health import SharedHealth
from scraper.sources import backend_reports, open_source
from tests.scraper.conftest import PATIENCE_SECONDS
from tests.services import free_port

if TYPE_CHECKING:
    from data_provider.sandbox.testing import SandboxServer
    from tests.callers import Caller

LANE = "somebody@direct"


@pytest.fixture
def books() -> tuple[SharedHealth, SharedHealth]:
    """Two processes of one installation, where waits are not scaled."""
    one, two = (SharedHealth(settings.REDIS_URL, 1.0, PATIENCE_SECONDS) for _ in range(2))
    return one, two


class TestSharedHealth:
    async def test_of_one_process_is_seen_by_all(
        self, books: tuple[SharedHealth, SharedHealth]
    ) -> None:
        one, two = books
        await one.record(LANE, Outcome(0.2))
        await two.record(LANE, Outcome(0.4, Network("reset")))
        for book in books:
            health = (await book.look([LANE]))[LANE]
            assert (health.success_rate, health.failures_in_a_row) == (0.5, 1)
            assert health.last_error is not None
            assert health.last_error.code == "network"

    async def test_opens_one_breaker_for_all(
        self, books: tuple[SharedHealth, SharedHealth]
    ) -> None:
        one, two = books
        await one.record(LANE, Outcome(0.1, Blocked("wall")))
        assert 30 < (await two.look([LANE]))[LANE].ready_in <= 60
        await two.record(LANE, Outcome(0.1))
        assert (await one.look([LANE]))[LANE].ready_in == 0

    async def test_lets_one_process_probe(self, books: tuple[SharedHealth, SharedHealth]) -> None:
        assert [await book.claim_probe(LANE) for book in books] == [True, False]
        await books[0].record(LANE, Outcome(0.1))
        assert await books[1].claim_probe(LANE)

    async def test_counts_scaled_seconds(self) -> None:
        quick = SharedHealth(settings.REDIS_URL, 0.01, PATIENCE_SECONDS)
        await quick.record(LANE, Outcome(0.1, RateLimited("slow", retry_after=60)))
        left = (await quick.look([LANE]))[LANE].ready_in
        assert 0 < left <= 60
        usual = SharedHealth(settings.REDIS_URL, 1.0, PATIENCE_SECONDS)
        assert (await usual.look([LANE]))[LANE].ready_in > 30

    async def test_without_redis_is_this_process_s_own(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        alone = SharedHealth(f"redis://127.0.0.1:{free_port()}/0", 1.0)
        for _ in range(3):
            await alone.record(LANE, Outcome(0.1, Blocked("wall")))
        health = (await alone.look([LANE]))[LANE]
        assert health.state == "open"
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert await alone.claim_probe(LANE)

    async def test_of_another_version_is_unknown(
        self, books: tuple[SharedHealth, SharedHealth]
    ) -> None:
        redis.Redis.from_url(settings.REDIS_URL).set("teppan:source-health:" + LANE, b'{"at": 1}')
        assert (await books[0].look([LANE]))[LANE].state == "unknown"
        await books[0].record(LANE, Outcome(0.1))
        assert (await books[1].look([LANE]))[LANE].state == "healthy"


class TestReports:
    async def test_show_how_a_source_fares(self) -> None:
        source = open_source("rss")
        await source_health.shared_health().record(source.lane, Outcome(0.25))
        await source_health.shared_health().record(source.lane, Outcome(0.25, Blocked("wall")))
        health = {report["name"]: report["health"] for report in backend_reports()}
        assert (health["rss"]["state"], health["rss"]["success_rate"]) == ("open", 0.5)
        assert health["rss"]["p50_ms"] == 250.0
        assert health["rss"]["last_error"]["code"] == "blocked"
        assert health["oauth"] == {
            "state": "unknown", "success_rate": None, "p50_ms": None, "last_error": None,
            "quota": None,
        }  # fmt: skip

    @pytest.mark.django_db
    def test_are_served(self, owner: Caller) -> None:
        answer = owner.get("/api/scraper/backends/")
        assert {entry["health"]["state"] for entry in answer.json()} == {"unknown"}

    async def test_are_fed_by_sources_chosen_by_name(self) -> None:
        source: ScraperBackend = ScriptedBackend([make_posts(2)])
        source.health = source_health.shared_health()
        async for _ in source.observed_pages(Query(subreddit="python")):
            pass
        seen = await source_health.shared_health().look([source.lane])
        assert seen[source.lane].state == "healthy"


@pytest.mark.django_db
class TestTrial:
    def test_says_that_a_source_answers(self, owner: Caller, sandbox: SandboxServer) -> None:
        answer = owner.post("/api/scraper/backends/sandbox/test/")
        assert answer.status_code == 200
        result = answer.json()
        assert (result["name"], result["ok"], result["code"]) == ("sandbox", True, None)
        assert len(sandbox.requests()) == 1

    def test_names_what_stands_in_the_way(self, owner: Caller, sandbox: SandboxServer) -> None:
        sandbox.add_faults({"action": "wall_403"})
        result = owner.post("/api/scraper/backends/sandbox/test/").json()
        assert (result["ok"], result["code"]) == (False, "blocked")
        result = owner.post("/api/scraper/backends/oauth/test/").json()
        assert (result["ok"], result["code"]) == (False, "not_configured")
        assert "TEPPAN_REDDIT_CLIENT_ID" in result["detail"]

    def test_of_no_source_is_not_found(self, owner: Caller) -> None:
        assert owner.post("/api/scraper/backends/nothing/test/").status_code == 404
