from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    AuthenticationFailed,
    Banned,
    Blocked,
    Challenge,
    InvalidResponse,
    LayoutChanged,
    LoginRequired,
    Network,
    NotConfigured,
    NotFound,
    Private,
    ProviderConfig,
    Quarantined,
    Query,
    RateLimited,
    ScraperBackend,
    SourceError,
    Timeout,
    Unsupported,
    Upstream,
    get_scraper,
)
from data_provider.http import Answer, name_of_proxy
from data_provider.statuses import require_json
from data_provider.testing import EPOCH, ManualClock
from data_provider.walls import find_wall
from tests.data_provider.scripted_server import Reply, ScriptedServer, as_json, listing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.data_provider.conftest import Recordings

WELCOME = b"<html><head><title>Reddit</title></head><h1>Welcome to Reddit</h1>" + b"x" * 318_000
SEARCH = {"location": "/subreddits/search.json?q=x"}


@pytest.fixture
async def source(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[ScraperBackend]:
    config = ProviderConfig(
        reddit_www_url=server.url, read_timeout_seconds=1, total_timeout_seconds=2
    )
    async with get_scraper("native_json", config, clock) as backend:
        yield backend


async def failure(source: ScraperBackend) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await anext(source.pages(Query(subreddit="python")))
    return caught.value


class TestAnswer:
    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply(status=404), NotFound),
            (as_json({"message": "Not Found", "error": 404}, 404), NotFound),
            (as_json({"reason": "banned", "error": 404}, 404), Banned),
            (as_json({"reason": "private", "error": 403}, 403), Private),
            (as_json({"reason": "quarantined", "error": 403}, 403), Quarantined),
            (as_json({"message": "Forbidden", "error": 403}, 403), Blocked),
            (Reply(b"<html>no</html>", 403), Blocked),
            (as_json({"error": 401}, 401), AuthenticationFailed),
            (Reply(status=302, headers=SEARCH), NotFound),
            (Reply(status=302, headers={"location": "https://x.example/login/?d"}), LoginRequired),
            (Reply(status=301, headers={"location": "/r/other"}), LayoutChanged),
            (Reply(status=302, headers={"location": "http://[bad"}), LayoutChanged),
            (Reply(status=429), RateLimited),
            (Reply(status=500), Upstream),
            (Reply(b"<html>busy</html>", 503), Upstream),
            (Reply(status=418), Unsupported),
            (Reply(b"<html>hello</html>"), InvalidResponse),
            (Reply(b""), InvalidResponse),
            (Reply(WELCOME), LoginRequired),
            (Reply(b"<title>Reddit - Prove your humanity</title>"), Challenge),
            (Reply(b"\n<p>You've been blocked by network security.</p>"), Blocked),
            (Reply(fault="hang"), Timeout),
            (Reply(fault="drip", headers={"content-length": "9999"}), Timeout),
            (Reply(fault="reset"), Network),
            (Reply(json.dumps(listing(range(50))).encode(), fault="truncate"), Network),
            (Reply(json.dumps(listing(range(50))).encode()[:900]), InvalidResponse),
            (Reply(b"not gzip", headers={"content-encoding": "gzip"}), InvalidResponse),
        ],
    )
    async def test_is_named_for_what_it_is(
        self, server: ScriptedServer, source: ScraperBackend, reply: Reply, error: type[SourceError]
    ) -> None:
        server.answer_in_turn(reply)
        assert type(await failure(source)) is error
        assert len(server.requests) == 1

    async def test_is_a_network_fault_where_nobody_listens(self, clock: ManualClock) -> None:
        config = ProviderConfig(reddit_www_url="http://127.0.0.1:1")
        async with get_scraper("native_json", config, clock) as source:
            assert isinstance(await failure(source), Network)

    async def test_larger_than_the_cap_is_not_kept(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        bomb = gzip.compress(b" " * 5_000_000)
        server.answer_in_turn(Reply(bomb, headers={"content-encoding": "gzip"}))
        config = ProviderConfig(reddit_www_url=server.url, max_body_bytes=1_000_000)
        async with get_scraper("native_json", config, clock) as source:
            error = await failure(source)
        assert (type(error), "larger" in error.message) == (InvalidResponse, True)

    async def test_is_not_asked_for_at_an_impossible_address(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        with pytest.raises(Unsupported):
            await source.search_posts("x" * 70_000)
        assert server.requests == []

    async def test_is_unpacked(self, server: ScriptedServer, source: ScraperBackend) -> None:
        body = gzip.compress(json.dumps(listing(range(3))).encode())
        server.answer_in_turn(Reply(body, headers={"content-encoding": "gzip"}))
        assert len(await source.scrape_subreddit_posts(Query(subreddit="python"))) == 3

    async def test_about_a_wall_in_a_post_is_no_wall(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        answer = listing([1])
        answer["data"]["children"][0]["data"]["title"] = (
            "<title>Blocked</title> whoa there, pardner!"
        )
        server.answer_in_turn(as_json(answer))
        assert len(await source.scrape_subreddit_posts(Query(subreddit="python"))) == 1

    async def test_never_makes_us_follow_a_redirect(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(Reply(status=302, headers={"location": f"{server.url}/elsewhere"}))
        await failure(source)
        assert [request.path for request in server.requests] == ["/r/python/new.json"]


class TestRecordedErrors:
    def test_are_named_by_status_and_body(self, recordings: Recordings) -> None:
        expected = {400: Unsupported, 401: AuthenticationFailed, 404: NotFound, 409: Unsupported,
                    413: Unsupported, 415: Unsupported, 429: RateLimited, 403: Blocked,
                    200: Challenge}  # fmt: skip
        for recording in recordings.of_kind("error"):
            answer = Answer(recording.status, recording.headers, recording.body, recording.url)
            with pytest.raises(expected[recording.status]):
                require_json(answer, EPOCH)

    def test_of_redirects_are_never_listings(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("redirect"):
            answer = Answer(recording.status, recording.headers, recording.body, recording.url)
            to_search = "/subreddits/search" in recording.headers["location"]
            with pytest.raises(NotFound if to_search else LayoutChanged):
                require_json(answer, EPOCH)

    def test_of_walls_keep_a_small_sample(self, recordings: Recordings) -> None:
        wall = find_wall(recordings.named("error/old_network_policy_block_403.html").body)
        assert isinstance(wall, Blocked)
        assert "pardner" in (wall.sample or "")

    @pytest.mark.parametrize(
        "kind", ["old_html_listing", "shreddit_listing", "shreddit_post", "rss"]
    )
    def test_do_not_include_real_content(self, recordings: Recordings, kind: str) -> None:
        for recording in recordings.of_kind(kind):
            assert find_wall(recording.body) is None, recording.name


class TestFindWall:
    @pytest.mark.parametrize(
        "content",
        [
            b'<shreddit-post id="t3_x">',
            b'<div class=" thing id-t3_x">',
            b"<entry>",
            b'<p id="noresults">',
        ],
    )
    def test_takes_a_page_with_posts_for_content_whatever_it_quotes(self, content: bytes) -> None:
        quote = b"<html><p>They said: blocked by network security, prove your humanity.</p>"
        assert isinstance(find_wall(quote), Challenge)
        assert find_wall(quote + content) is None

    def test_takes_a_page_without_known_words_for_no_wall(self) -> None:
        assert find_wall(b"<html><title>Reddit</title></html>") is None


class TestProxy:
    TARGETS = ("http://reddit.invalid", "https://reddit.invalid")

    def config(self, target: str, proxy: str) -> ProviderConfig:
        return ProviderConfig(reddit_www_url=target, proxy_url=proxy, connect_timeout_seconds=2)

    @pytest.mark.parametrize("target", TARGETS)
    async def test_that_is_down_is_named_and_not_the_target(
        self, clock: ManualClock, target: str
    ) -> None:
        config = self.config(target, "http://somebody:secret@127.0.0.1:1")
        async with get_scraper("native_json", config, clock) as source:
            error = await failure(source)
        assert type(error) is Network
        assert "127.0.0.1:1 (TEPPAN_PROXY_URL)" in error.message
        assert "secret" not in error.message
        assert "reddit.invalid" not in error.message
        assert not error.was_sent

    @pytest.mark.parametrize("target", TARGETS)
    async def test_that_asks_for_a_log_in_is_named_and_not_the_target(
        self, server: ScriptedServer, clock: ManualClock, target: str
    ) -> None:
        server.answer_in_turn(Reply(status=407))
        async with get_scraper("native_json", self.config(target, server.url), clock) as source:
            error = await failure(source)
        assert type(error) is Network
        assert "TEPPAN_PROXY_URL" in error.message
        assert "407" in error.message
        assert not error.was_sent
        assert len(server.requests) == 1

    async def test_passes_on_what_the_target_says(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        server.answer_in_turn(as_json({"reason": "private", "error": 403}, 403))
        config = self.config("http://reddit.invalid", server.url)
        async with get_scraper("native_json", config, clock) as source:
            assert type(await failure(source)) is Private

    async def test_is_not_blamed_for_the_targets_certificate(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        # It opens the tunnel and then speaks no TLS.
        server.answer_in_turn(Reply(status=200), Reply(b"no TLS"))
        config = self.config("https://reddit.invalid", server.url)
        async with get_scraper("native_json", config, clock) as source:
            error = await failure(source)
        assert isinstance(error, (Network, Timeout))
        assert "reddit.invalid" in error.message
        assert "TEPPAN_PROXY_URL" not in error.message

    async def test_without_a_port_is_called_as_it_is_set(self) -> None:
        config = self.config("http://x", "http://somebody:secret@proxy.invalid")
        assert name_of_proxy(config) == "The proxy proxy.invalid (TEPPAN_PROXY_URL)"

    @pytest.mark.parametrize("name", ["native_json", "rss", "archive", "selenium", "auto"])
    @pytest.mark.parametrize(
        "address",
        ["ftp://h:1", "socks5://h:1", "h", "h:1", "http://h:None", "http://:1", "http://[h", ""],
    )
    def test_that_cannot_be_one_is_a_matter_of_settings(
        self, clock: ManualClock, name: str, address: str
    ) -> None:
        with pytest.raises(NotConfigured, match="should look like") as caught:
            get_scraper(name, self.config("http://x", address), clock)
        assert caught.value.setting == "TEPPAN_PROXY_URL"

    async def test_that_no_client_takes_is_a_matter_of_settings(self, clock: ManualClock) -> None:
        config = self.config("http://x", "http://\x01host:1")
        async with get_scraper("native_json", config, clock) as source:
            error = await failure(source)
        assert isinstance(error, NotConfigured)
        assert "should look like" in error.message
        assert error.setting == "TEPPAN_PROXY_URL"


class TestWindow:
    async def test_that_is_used_up_keeps_the_next_request_back(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        used_up = as_json(listing([1]), x_ratelimit_remaining="0.0", x_ratelimit_reset="120")
        server.answer_in_turn(used_up, as_json(listing([2])))
        await source.scrape_subreddit_posts(Query(subreddit="python"))
        error = await failure(source)
        assert isinstance(error, RateLimited)
        assert error.retry_after == 120
        assert len(server.requests) == 1
        clock.advance(120)
        assert await source.scrape_subreddit_posts(Query(subreddit="python"))

    async def test_is_waited_for_within_a_stream(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        headers = {"x_ratelimit_remaining": "0.4", "x_ratelimit_reset": "300"}
        server.answer_in_turn(as_json(listing([1], "t3_p1"), **headers), as_json(listing([2])))
        assert len(await source.scrape_subreddit_posts(Query(subreddit="python"))) == 2
        assert clock.waits == [300]

    async def test_with_requests_left_costs_no_wait(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        headers = {"x_ratelimit_remaining": "988.0", "x_ratelimit_reset": "300"}
        server.answer_in_turn(as_json(listing([1], "t3_p1"), **headers), as_json(listing([2])))
        await source.scrape_subreddit_posts(Query(subreddit="python"))
        assert clock.waits == []

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"retry_after": "12"}, 12),
            ({"retry_after": "Sun, 01 Nov 2026 00:00:30 GMT"}, 30),
            ({"retry_after": "Sat, 31 Oct 2026 00:00:30 GMT"}, None),
            ({"retry_after": "-1"}, None),
            ({"retry_after": "soon", "x_ratelimit_reset": "44"}, 44),
            ({"retry_after": "0"}, None),
            ({"retry_after": "nan"}, None),
            ({}, None),
        ],
    )
    async def test_ends_when_upstream_says(
        self, server: ScriptedServer, source: ScraperBackend, headers: Any, seconds: float | None
    ) -> None:
        server.answer_in_turn(as_json({"error": 429}, 429, **headers))
        error = await failure(source)
        assert isinstance(error, RateLimited)
        assert error.retry_after == seconds
