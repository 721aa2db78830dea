"""BrightData: one order per request, whatever happens on the way, and records of mixed types."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    AuthenticationFailed,
    CursorLost,
    InvalidResponse,
    LayoutChanged,
    NotConfigured,
    NotFound,
    Notice,
    Page,
    ProviderConfig,
    Query,
    RateLimited,
    SourceError,
    Timeout,
    Unsupported,
    Upstream,
    get_scraper,
)
from data_provider.backends.brightdata import BrightDataBackend
from data_provider.parsing.brightdata import parse_progress, parse_snapshot, parse_triggered
from data_provider.sandbox.brightdata import TOKEN
from tests.data_provider.scripted_server import Reply, Request, ScriptedServer, as_json

if TYPE_CHECKING:
    from data_provider.sandbox.testing import SandboxServer
    from data_provider.testing import ManualClock
    from tests.data_provider.conftest import Recordings

TRIGGER = "/datasets/v3/trigger"


def backend(url: str, clock: ManualClock, token: str = TOKEN) -> BrightDataBackend:
    config = ProviderConfig(brightdata_url=url, brightdata_token=token, read_timeout_seconds=1)
    found = get_scraper("brightdata", config, clock)
    assert isinstance(found, BrightDataBackend)
    return found


async def read(source: BrightDataBackend, cursor: str | None = None, **query: Any) -> list[Page]:
    wanted = Query(**{"subreddit": "python", "limit": 250, **query})
    async with aclosing(source.scrape_subreddit_posts_stream(wanted, cursor)) as items:
        return [item async for item in items if isinstance(item, Page)]


def orders(reddit: SandboxServer) -> int:
    return reddit.counts().get(TRIGGER, 0)


def number_of_posts(pages: list[Page]) -> int:
    return sum(len(page.posts) for page in pages)


class TestOrder:
    async def test_is_placed_once_and_its_id_handed_out_before_the_wait(
        self, reddit: SandboxServer, clock: ManualClock
    ) -> None:
        async with backend(reddit.url, clock) as source:
            pages = await read(source)
        assert orders(reddit) == 1
        assert [len(page.posts) for page in pages][-3:] == [100, 100, 50]
        assert number_of_posts(pages[:-3]) == 0
        assert (pages[-1].stopped_by, pages[-1].expected) == ("limit", 250)
        assert clock.waits == [5, 10]
        (asked,) = [entry for entry in reddit.requests() if entry["path"] == TRIGGER]
        for part in ("type=discover_new", "discover_by=subreddit_url", "limit_per_input=250"):
            assert part in asked["query"]

    async def test_is_resumed_from_every_page_by_another_process_without_a_second_one(
        self, reddit: SandboxServer, clock: ManualClock
    ) -> None:
        async with backend(reddit.url, clock) as source:
            pages = await read(source)
        whole = [post.id for page in pages for post in page.posts]
        for edge in range(1, len(pages) - 1):
            given = number_of_posts(pages[: edge + 1])
            async with backend(reddit.url, clock) as source:
                rest = await read(source, pages[edge].cursor)
            assert [post.id for page in rest for post in page.posts] == whole[given:]
        assert orders(reddit) == 1

    async def test_that_was_perhaps_placed_is_never_placed_again(
        self, reddit: SandboxServer, clock: ManualClock
    ) -> None:
        async with backend(reddit.url, clock) as source:
            stream = source.scrape_subreddit_posts_stream(Query(subreddit="python"))
            async with aclosing(stream) as items:
                first = await anext(items)
        assert isinstance(first, Page)
        # Whoever stored this page may have been killed while it was ordering.
        async with backend(reddit.url, clock) as source:
            with pytest.raises(Timeout, match="control panel") as caught:
                await read(source, first.cursor)
        assert not caught.value.is_retryable
        assert orders(reddit) == 0

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ({"action": "stall"}, "timeout"),
            ({"action": "reset"}, "network"),
            ({"action": "truncate"}, "invalid_response"),
            ({"action": "status", "status": 504}, "upstream"),
            ({"action": "status", "status": 500}, "upstream"),
        ],
    )
    async def test_whose_answer_was_lost_is_not_placed_again(
        self, reddit: SandboxServer, clock: ManualClock, fault: dict[str, Any], code: str
    ) -> None:
        reddit.add_faults({"path": "trigger", **fault})
        async with backend(reddit.url, clock) as source:
            with pytest.raises(SourceError) as caught:
                await read(source)
        assert (caught.value.code, caught.value.is_retryable) == (code, False)
        assert (orders(reddit), clock.waits) == (1, [])

    @pytest.mark.parametrize("status", [429, 503])
    async def test_that_was_refused_is_placed_when_it_is_taken(
        self, reddit: SandboxServer, clock: ManualClock, status: int
    ) -> None:
        reddit.add_faults({"path": "trigger", "action": "status", "status": status, "times": 2})
        async with backend(reddit.url, clock) as source:
            assert number_of_posts(await read(source)) == 250
        assert orders(reddit) == 3

    async def test_that_never_left_is_placed_later(self, clock: ManualClock) -> None:
        async with backend("http://127.0.0.1:1", clock) as source:
            with pytest.raises(SourceError) as caught:
                await read(source)
        assert (caught.value.code, len(clock.waits)) == ("network", 4)

    async def test_is_waited_for_and_not_longer_than_an_hour(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        def route(request: Request) -> Reply:
            if request.path == TRIGGER:
                return as_json({"snapshot_id": "sd_1"})
            return as_json({"status": "running"})

        server.route = route
        async with backend(server.url, clock) as source:
            with pytest.raises(Timeout, match="still works"):
                await read(source)
        assert max(clock.waits) == 30
        assert sum(request.path == TRIGGER for request in server.requests) == 1


class TestRefusal:
    async def test_without_a_token_names_the_setting(self) -> None:
        with pytest.raises(NotConfigured) as caught:
            get_scraper("brightdata", ProviderConfig())
        assert caught.value.setting == "TEPPAN_BRIGHTDATA_TOKEN"

    async def test_of_a_wrong_key_is_final(self, reddit: SandboxServer, clock: ManualClock) -> None:
        async with backend(reddit.url, clock, "wrong") as source:
            with pytest.raises(AuthenticationFailed, match="Invalid token"):
                await read(source)
            assert (len(reddit.requests()), clock.waits) == (1, [])
            with pytest.raises(AuthenticationFailed):
                await source.check_connection()

    async def test_a_good_key_passes_the_test_and_orders_nothing(
        self, reddit: SandboxServer, clock: ManualClock
    ) -> None:
        async with backend(reddit.url, clock) as source:
            await source.check_connection()
        assert (len(reddit.requests()), orders(reddit)) == (1, 0)

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (Reply(b"Snapshot does not exist", 404), CursorLost),
            (as_json({"status": "failed"}), Upstream),
            (as_json({"status": "canceled"}), Upstream),
            (as_json({"state": "?"}), LayoutChanged),
            (Reply(b"dataset is not yours", 422), Unsupported),
        ],
    )
    async def test_has_the_word_of_brightdata(
        self, server: ScriptedServer, clock: ManualClock, reply: Reply, kind: type[SourceError]
    ) -> None:
        server.route = lambda request: (
            as_json({"snapshot_id": "sd_1"}) if request.path == TRIGGER else reply
        )
        async with backend(server.url, clock) as source:
            with pytest.raises(kind):
                await read(source)
        assert clock.waits == []

    async def test_of_too_many_jobs_waits(self, server: ScriptedServer, clock: ManualClock) -> None:
        server.route = lambda _: Reply(b"You have too many running jobs for this dataset", 429)
        async with backend(server.url, clock) as source:
            stream = source.scrape_subreddit_posts_stream(Query(subreddit="python"))
            async with aclosing(stream) as items:
                notice = [await anext(items) for _ in range(2)][1]
        assert isinstance(notice, Notice)
        assert (notice.code, notice.retry_after) == (RateLimited.code, 60)
        assert "too many running jobs" in notice.detail

    async def test_of_a_page_that_is_not_there(
        self, reddit: SandboxServer, clock: ManualClock
    ) -> None:
        async with backend(reddit.url, clock) as source:
            with pytest.raises(NotFound):
                await read(source, subreddit="surely_not_there")
        assert orders(reddit) == 1


class TestParser:
    def test_reads_the_recorded_record(self, recordings: Recordings) -> None:
        recording = recordings.named("brightdata/posts_collect_by_url.json")
        (record,) = recording.value
        (post,) = parse_snapshot(recording.body).posts
        for ours, theirs in {
            "id": "post_id", "title": "title", "author": "user_posted", "url": "url",
            "selftext": "description", "num_comments": "num_comments", "score": "num_upvotes",
            "subreddit": "community_name", "flair": "tag",
        }.items():  # fmt: skip
            assert getattr(post, ours) == record[theirs], ours
        assert post.created_at.isoformat() == "2026-01-02T12:29:58+00:00"
        assert post.permalink == record["url"].removeprefix("https://www.reddit.com")
        assert (post.upvote_ratio, post.over_18, post.media) == (None, False, ())
        assert (post.post_type, post.is_self) == ("text", True)

    def test_reads_what_comes_with_other_types(self) -> None:
        record = {
            "post_id": "abc", "url": "https://www.reddit.com/r/x/comments/abc/y/", "title": "T",
            "community_name": "r/x", "date_posted": "2026-01-02T12:29:58+02:00",
            "num_upvotes": "54", "num_comments": None, "user_posted": "[deleted]",
            "description": "[removed]", "photos": ["https://i.redd.it/1.png", {"url": "no"}, 7],
            "videos": None, "unknown": {"x": 1},
        }  # fmt: skip
        (post,) = parse_snapshot(json.dumps([record]).encode()).posts
        assert (post.id, post.score, post.num_comments) == ("t3_abc", 54, None)
        assert (post.author, post.selftext, post.removed) == (None, "", "removed")
        assert (post.post_type, [media.url for media in post.media]) == (
            "image",
            ["https://i.redd.it/1.png"],
        )
        assert post.created_at.isoformat() == "2026-01-02T10:29:58+00:00"

    def test_reads_one_record_per_line_too(self) -> None:
        failure = {"error": "Page not found", "error_code": "dead_page", "input": {}}
        found = parse_snapshot(json.dumps(failure).encode() + b"\n\n")
        assert (found.posts, found.failures) == ((), (("dead_page", "Page not found"),))

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"[{]", InvalidResponse),
            (b'[{"post_id": "t3_a", "date_posted": 5}]', LayoutChanged),
            (b'[{"post_id": "t3_a", "date_posted": "yesterday"}]', InvalidResponse),
            (b'[{"heading": "new shape"}]', LayoutChanged),
            (b'[{"post_id": 5}]', LayoutChanged),
        ],
    )
    def test_refuses_what_it_does_not_know(self, body: bytes, kind: type[SourceError]) -> None:
        with pytest.raises(kind):
            parse_snapshot(body)

    def test_reads_the_words_of_a_job(self) -> None:
        assert parse_triggered(b'{"snapshot_id": "sd_1"}') == "sd_1"
        assert parse_progress(b'{"status": "Running"}') == "running"
        with pytest.raises(LayoutChanged):
            parse_triggered(b"{}")
