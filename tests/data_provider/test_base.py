from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from data_provider import (
    BACKENDS,
    Blocked,
    Capabilities,
    CursorLost,
    Exhausted,
    InvalidQuery,
    InvalidResponse,
    LayoutChanged,
    Network,
    NotConfigured,
    NotFound,
    Notice,
    Page,
    ProviderConfig,
    Query,
    RateLimited,
    SourceError,
    SystemClock,
    Timeout,
    Unsupported,
    Upstream,
    get_scraper,
    subreddit_name,
)
from data_provider.pacing import Pacer
from data_provider.testing import HANG, ManualClock, ScriptedBackend, make_posts

QUERY = Query(subreddit="python", limit=1000)


async def items_of(source: ScriptedBackend, cursor: str | None = None) -> list[Any]:
    async with aclosing(source.scrape_subreddit_posts_stream(QUERY, cursor)) as stream:
        return [item async for item in stream]


class TestStream:
    @pytest.mark.parametrize(
        "fault", [Network("x"), Timeout("x"), Upstream("x", status=502), InvalidResponse("x")]
    )
    async def test_tries_a_transient_fault_five_times_per_page(
        self, clock: ManualClock, fault: SourceError
    ) -> None:
        script = [*[fault] * 4, make_posts(2), *[fault] * 4, make_posts(2, 2)]
        items = await items_of(ScriptedBackend(script, clock=clock))
        assert clock.waits == [1, 2, 4, 8] * 2
        assert [type(item) for item in items] == ([Notice] * 4 + [Page]) * 2
        assert [item.requests for item in items if isinstance(item, Page)] == [5, 5]

    async def test_raises_the_last_cause_and_keeps_what_it_gave(self, clock: ManualClock) -> None:
        faults = [Network("1"), Timeout("2"), Network("3"), Network("4"), Upstream("5", status=500)]
        source = ScriptedBackend([make_posts(3), *faults], clock=clock)
        given = []
        with pytest.raises(Upstream):
            async with aclosing(source.scrape_subreddit_posts_stream(QUERY)) as stream:
                given = [item async for item in _kept(stream, given)]
        assert len(given[0].posts) == 3
        assert source.opened == source.closed == 5

    @pytest.mark.parametrize(
        "fault",
        [Blocked("x"), NotFound("x"), LayoutChanged("x"), CursorLost("x"), NotConfigured("X")],
    )
    async def test_raises_at_once_what_waiting_cannot_mend(
        self, clock: ManualClock, fault: SourceError
    ) -> None:
        with pytest.raises(type(fault)):
            await items_of(ScriptedBackend([fault, make_posts(1)], clock=clock))
        assert clock.waits == []

    async def test_follows_the_words_of_a_rate_limit_for_ten_minutes_per_page(
        self, clock: ManualClock
    ) -> None:
        limits = [RateLimited("x", retry_after=250)] * 2
        source = ScriptedBackend(
            [*limits, make_posts(1), *limits, RateLimited("x", retry_after=101)], clock=clock
        )
        with pytest.raises(RateLimited):
            await items_of(source)
        assert clock.waits == [250] * 4

    async def test_does_not_begin_a_wait_that_it_cannot_finish(self, clock: ManualClock) -> None:
        with pytest.raises(RateLimited):
            await items_of(ScriptedBackend([RateLimited("x", retry_after=601)], clock=clock))
        assert clock.waits == []

    async def test_backs_off_by_itself_when_a_rate_limit_has_no_word(
        self, clock: ManualClock
    ) -> None:
        limits = [RateLimited("x"), RateLimited("x", retry_after=0), RateLimited("x")]
        await items_of(ScriptedBackend([*limits, make_posts(1)], clock=clock))
        assert clock.waits == [1, 2, 4]

    async def test_spreads_its_tries(self) -> None:
        waits = []
        for jitter in (0.0, 0.999):
            clock = ManualClock(jitter=jitter)
            await items_of(ScriptedBackend([Network("x"), make_posts(1)], clock=clock))
            waits += clock.waits
        assert waits[0] == 0.75
        assert waits[1] == pytest.approx(1.25, abs=0.01)

    async def test_gives_no_post_twice(self, clock: ManualClock) -> None:
        source = ScriptedBackend([make_posts(3), make_posts(3, 1)], clock=clock)
        pages = await items_of(source)
        assert [[post.id for post in page.posts] for page in pages] == [
            ["t3_p0", "t3_p1", "t3_p2"], ["t3_p3"],
        ]  # fmt: skip

    async def test_reopens_at_the_last_cursor(self, clock: ManualClock) -> None:
        source = ScriptedBackend([make_posts(1), Network("x"), make_posts(1, 1)], clock=clock)
        await items_of(source)
        assert source.cursors == [None, "1:1"]

    async def test_closes_the_pages_when_it_is_cancelled(self, clock: ManualClock) -> None:
        source = ScriptedBackend([make_posts(1), HANG], clock=clock)
        task = asyncio.create_task(items_of(source))
        await source.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (source.opened, source.closed) == (1, 1)

    async def test_refuses_what_the_source_cannot_do(self, clock: ManualClock) -> None:
        able = Capabilities(sorts=frozenset(["new"]), max_limit=25)
        source = ScriptedBackend([make_posts(1)], clock=clock, capabilities=able)
        for query in (
            Query(subreddit="python", sort="top", limit=5),
            Query(subreddit="python", limit=26),
            Query(subreddit="python", limit=5, until="2026-01-01T00:00:00Z"),
        ):
            with pytest.raises(Unsupported):
                await source.scrape_subreddit_posts(query)
        assert source.opened == 0


async def _kept(stream: Any, kept: list[Any]) -> Any:
    async for item in stream:
        kept.append(item)
        yield item


class TestSubredditName:
    @pytest.mark.parametrize(
        "text",
        [
            "Python", "r/Python", "/r/Python/", " Python ", "https://www.reddit.com/r/Python/top/?t=day",
            "old.reddit.com/r/Python", "http://reddit.com/r/Python#x", "https://reddit.com/r/Python/comments/1/x/",
        ],
    )  # fmt: skip
    def test_is_found_in(self, text: str) -> None:
        assert subreddit_name(text) == "Python"

    @pytest.mark.parametrize("text", ["aww", "ff", "u_some-body", "a" * 21, "1abc"])
    def test_may_be(self, text: str) -> None:
        assert subreddit_name(text) == text

    @pytest.mark.parametrize(
        "text",
        [
            "", "a", "_abc", "a" * 22, "a b", "a+b", "a/b", "a\nb", "\uff41\uff42\uff43",
            "../x", "r/", "abc\x00",
            "https://evil.example/r/python", "https://reddit.com.evil.example/r/python",
            "https://www.reddit.com/user/x", "http://[", "https://notreddit.com/r/python",
        ],
    )  # fmt: skip
    def test_may_not_be(self, text: str) -> None:
        with pytest.raises(InvalidQuery):
            subreddit_name(text)


class TestQuery:
    @pytest.mark.parametrize(
        "fields",
        [
            {"limit": 0}, {"limit": "x"}, {"sort": "best"}, {"time_filter": "decade"},
            {"subreddit": "a"},
            {"since": "2026-01-01T00:00:00"}, {"unknown": 1},
            {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        ],
    )  # fmt: skip
    def test_speaks_of_its_mistakes_in_our_own_tree(self, fields: dict[str, Any]) -> None:
        with pytest.raises(InvalidQuery):
            Query(**({"subreddit": "python"} | fields))


class TestErrors:
    def test_are_retryable_when_any_attempt_was(self) -> None:
        assert Exhausted([("a", Blocked("x")), ("b", Network("x"))]).is_retryable
        assert not Exhausted([("a", Blocked("x"))]).is_retryable

    def test_cut_their_sample(self) -> None:
        assert len((LayoutChanged("x", sample="é" * 5000).sample or "").encode()) <= 2048
        assert LayoutChanged("x", sample=b"a\x00\xffb").sample == "ab"


class TestSystemClock:
    async def test_counts_scaled_waits_as_whole_ones(self) -> None:
        clock = SystemClock(scale=0.001)
        before = clock.monotonic()
        await clock.sleep(10)
        assert 9 < clock.monotonic() - before < 1000
        assert clock.now().utcoffset() is not None
        assert 0 <= clock.random() < 1

    def test_does_not_stand_still(self) -> None:
        with pytest.raises(ValueError, match="above 0"):
            SystemClock(scale=0)


class TestRegistry:
    def test_names_the_missing_setting(self) -> None:
        with pytest.raises(NotConfigured, match="TEPPAN_SANDBOX_URL") as caught:
            get_scraper("sandbox", ProviderConfig())
        assert caught.value.setting == "TEPPAN_SANDBOX_URL"

    def test_refuses_other_names(self) -> None:
        assert "nothing" not in BACKENDS
        with pytest.raises(Unsupported):
            get_scraper("nothing", ProviderConfig())

    async def test_does_not_touch_the_network(self) -> None:
        async with get_scraper("native_json", ProviderConfig()) as source:
            assert source.name == "native_json"


class TestPacer:
    async def test_keeps_the_rate(self, clock: ManualClock) -> None:
        pacer = Pacer(clock, requests_per_minute=60)
        for _ in range(4):
            await pacer.wait()
        assert clock.waits == [1, 1, 1]

    async def test_tells_of_long_waits_instead_of_sleeping(self, clock: ManualClock) -> None:
        pacer = Pacer(clock, requests_per_minute=1)
        await pacer.wait()
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await pacer.wait()
            assert caught.value.retry_after == 60
        clock.advance(60)
        await pacer.wait()
        assert clock.waits == []

    async def test_shares_the_rate_among_those_who_wait_together(self, clock: ManualClock) -> None:
        pacer = Pacer(clock, requests_per_minute=120)
        await asyncio.gather(*(pacer.wait() for _ in range(3)))
        assert sum(clock.waits) == pytest.approx(1.0, abs=0.51)

    async def test_asks_again_after_an_hour_whatever_it_was_told(self, clock: ManualClock) -> None:
        pacer = Pacer(clock)
        await pacer.refused(1e9)
        clock.advance(3600)
        await pacer.wait()
        assert clock.waits == []

    async def test_has_no_rate_by_default(self, clock: ManualClock) -> None:
        pacer = Pacer(clock)
        for _ in range(100):
            await pacer.wait()
        assert clock.waits == []
