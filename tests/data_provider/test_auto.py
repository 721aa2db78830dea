"""AUTO: asks whoever can and is ready, explains every change, and gives each post once."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    AuthenticationFailed,
    Blocked,
    Capabilities,
    Challenge,
    CursorLost,
    Exhausted,
    InvalidQuery,
    LayoutChanged,
    MemoryHealth,
    Network,
    NotConfigured,
    NotFound,
    Notice,
    Outcome,
    Page,
    Private,
    ProviderConfig,
    Query,
    Quota,
    RateLimited,
    ScraperBackend,
    Unsupported,
)
from data_provider.auto import AutoBackend
from data_provider.testing import ManualClock, ScriptedBackend, make_comment, make_posts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider import Post, SourceError

PAGES = [make_posts(10, 10 * page) for page in range(5)]
ALL = [f"t3_p{number}" for number in range(50)]


class Scripted(ScriptedBackend):
    """Plays its script; an error in it is raised every time until it is taken out."""

    def __init__(self, name: str, script: Sequence[Any], **options: Any) -> None:
        super().__init__(script, name=name, **options)

    def fail(self, step: int, error: SourceError | None) -> None:
        """Answer a step with an error, or with its posts again."""
        self._errors = {**getattr(self, "_errors", {}), step: error}

    async def _play(self, number: int) -> list[Post] | None:
        error: SourceError | None = getattr(self, "_errors", {}).get(number)
        if error is not None:
            raise error
        return await super()._play(number)


def auto(*sources: ScraperBackend, clock: ManualClock, book: Any = None) -> AutoBackend:
    by_name = {source.name: source for source in sources}

    def open_source(name: str) -> ScraperBackend:
        if name not in by_name:
            raise NotConfigured(name)
        return by_name[name]

    for source in sources:
        source.clock = clock
    config = ProviderConfig(auto_order=("absent", *by_name))
    return AutoBackend(config, clock, open_source, book)


async def read(
    source: AutoBackend, cursor: str | None = None, **query: Any
) -> tuple[list[Page], list[Notice]]:
    wanted = Query(subreddit="python", **{"limit": 1000, **query})
    async with aclosing(source.scrape_subreddit_posts_stream(wanted, cursor)) as stream:
        items = [item async for item in stream]
    pages = [item for item in items if isinstance(item, Page)]
    return pages, [item for item in items if isinstance(item, Notice)]


def ids(pages: Sequence[Page]) -> list[str]:
    return [post.id for page in pages for post in page.posts]


def changes(notices: Sequence[Notice]) -> list[tuple[str, str | None, str | None]]:
    return [(n.code, n.backend_from, n.backend_to) for n in notices if n.backend_to]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


class TestChoice:
    async def test_is_the_first_in_order_that_can(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        pages, notices = await read(auto(first, second, clock=clock))
        assert ids(pages) == ALL
        assert {page.backend for page in pages} == {"first"}
        assert (notices, second.opened) == ([], 0)
        assert pages[-1].stopped_by == "exhausted"

    async def test_leaves_out_what_cannot(self, clock: ManualClock) -> None:
        few = Scripted("few", PAGES, capabilities=Capabilities(max_limit=10))
        able = Scripted("able", PAGES)
        pages, notices = await read(auto(few, able, clock=clock))
        assert ({page.backend for page in pages}, notices) == ({"able"}, [])
        with pytest.raises(Unsupported, match="few gives at most 10 posts"):
            await read(auto(few, clock=clock))

    async def test_of_none_names_the_setting(self, clock: ManualClock) -> None:
        with pytest.raises(NotConfigured) as caught:
            await read(auto(clock=clock))
        assert caught.value.setting == "TEPPAN_AUTO_ORDER"

    async def test_says_why_a_better_source_is_passed_over(self, clock: ManualClock) -> None:
        book = MemoryHealth(clock)
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        source = auto(first, second, clock=clock, book=book)
        await book.record(first.lane, Outcome(0.1, Blocked("whoa there")))
        pages, notices = await read(source)
        assert (ids(pages), first.opened) == (ALL, 0)
        assert changes(notices) == [("blocked", "first", "second")]
        assert "whoa there" in notices[0].detail

    def test_together_they_can_what_one_of_them_can(self, clock: ManualClock) -> None:
        one = Scripted("one", [], capabilities=Capabilities(max_limit=10, dates=True))
        two = Scripted("two", [], capabilities=Capabilities(sorts=frozenset(("new",)), search=True))
        able = auto(one, two, clock=clock).capabilities
        assert (able.max_limit, able.dates, able.search, able.comments) == (1000, True, True, False)


class TestChange:
    @pytest.mark.parametrize("step", range(5))
    @pytest.mark.parametrize(
        "error", [Blocked("wall"), Challenge("?"), LayoutChanged("new"), AuthenticationFailed("no")]
    )
    async def test_at_any_page_gives_each_post_once(
        self, clock: ManualClock, step: int, error: SourceError
    ) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(step, error)
        pages, notices = await read(auto(first, second, clock=clock))
        assert ids(pages) == ALL
        assert changes(notices) == [(error.code, "first", "second")]
        assert clock.waits == []
        assert {page.backend for page in pages} == ({"first", "second"} if step else {"second"})

    async def test_keeps_to_the_limit_and_to_its_reason(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(2, Blocked("wall"))
        pages, _ = await read(auto(first, second, clock=clock), limit=33)
        assert (ids(pages), pages[-1].stopped_by) == (ALL[:33], "limit")

    async def test_skips_what_was_posted_since(self, clock: ManualClock) -> None:
        first = Scripted("first", PAGES)
        late = [post.model_copy(update={"id": f"t3_late{n}"}) for n, post in enumerate(PAGES[0])]
        late = [
            post.model_copy(update={"created_at": PAGES[0][0].created_at.replace(year=2027)})
            for post in late
        ]
        second = Scripted("second", [late, *PAGES])
        first.fail(2, Blocked("wall"))
        pages, _ = await read(auto(first, second, clock=clock))
        assert ids(pages) == ALL

    async def test_to_a_listing_that_ends_too_early_is_no_end(self, clock: ManualClock) -> None:
        first, short, whole = (
            Scripted("first", PAGES),
            Scripted("short", [[PAGES[0][0].model_copy(update={"id": "t3_x"})]]),
            Scripted("whole", PAGES),
        )
        first.fail(3, Blocked("wall"))
        pages, notices = await read(auto(first, short, whole, clock=clock))
        assert [name for name in ids(pages) if name != "t3_x"] == ALL
        assert changes(notices)[-1] == ("cursor_lost", "short", "whole")

    async def test_by_ranked_listings_gives_each_post_once_too(self, clock: ManualClock) -> None:
        shuffled = [list(reversed(page)) for page in reversed(PAGES)]
        first, second = Scripted("first", PAGES), Scripted("second", shuffled)
        first.fail(2, Blocked("wall"))
        pages, _ = await read(auto(first, second, clock=clock), sort="top")
        assert sorted(ids(pages)) == sorted(ALL)

    @pytest.mark.parametrize("error", [NotFound("no"), Private("members only")])
    async def test_does_not_help_against_the_fate_of_the_target(
        self, clock: ManualClock, error: SourceError
    ) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(0, error)
        with pytest.raises(type(error)):
            await read(auto(first, second, clock=clock))
        assert second.opened == 0

    async def test_helps_where_a_source_does_not_know_every_subreddit(
        self, clock: ManualClock
    ) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.knows_fate = False
        first.fail(0, NotFound("never heard of it"))
        pages, notices = await read(auto(first, second, clock=clock))
        assert (ids(pages), changes(notices)) == (ALL, [("not_found", "first", "second")])

    async def test_of_a_wrong_question_is_none(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(0, InvalidQuery("what?"))
        with pytest.raises(InvalidQuery):
            await read(auto(first, second, clock=clock))
        assert second.opened == 0


class TestWait:
    async def test_for_a_rate_limit_is_none_while_another_is_ready(
        self, clock: ManualClock
    ) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(2, RateLimited("slow down", retry_after=300))
        pages, notices = await read(auto(first, second, clock=clock))
        assert (ids(pages), clock.waits) == (ALL, [])
        assert changes(notices) == [("rate_limited", "first", "second")]

    async def test_for_the_first_that_may_be_asked_again(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(1, RateLimited("slow down", retry_after=300))
        second.fail(0, RateLimited("slow down", retry_after=40))
        source = auto(first, second, clock=clock)
        second_asked = []

        def recover(_: float) -> None:
            second_asked.append(second.opened)
            second.fail(0, None)

        sleep = clock.sleep

        async def sleep_and_recover(seconds: float) -> None:
            recover(seconds)
            await sleep(seconds)

        clock.sleep = sleep_and_recover  # type: ignore[method-assign]
        pages, notices = await read(source)
        assert (ids(pages), clock.waits) == (ALL, [40])
        waiting = next(notice for notice in notices if notice.retry_after)
        assert (waiting.backend_from, waiting.retry_after) == ("second", 40)
        assert waiting.code == "rate_limited"

    async def test_is_for_the_same_source_where_that_may_help(self, clock: ManualClock) -> None:
        first = ScriptedBackend([PAGES[0], Network("reset"), *PAGES[1:]], name="first")
        second = Scripted("second", PAGES)
        pages, notices = await read(auto(first, second, clock=clock))
        assert (ids(pages), clock.waits, second.opened) == (ALL, [1.0], 0)
        assert [notice.code for notice in notices] == ["network"]

    async def test_ends_after_five_tries_with_the_next_source(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(2, Network("reset"))
        pages, notices = await read(auto(first, second, clock=clock))
        assert (ids(pages), clock.waits) == (ALL, [1, 2, 4, 8])
        assert changes(notices) == [("network", "first", "second")]
        assert pages[2].requests == 6


class TestOwnPace:
    """Our own rate has no place now: nobody refused anything."""

    class Paced(Scripted):
        """Has a place for one page in `interval` seconds."""

        interval = 0.0
        next_at = 0.0

        async def _play(self, number: int) -> list[Post] | None:
            left = self.next_at - self.clock.monotonic()
            if left > 0:
                raise RateLimited("no place", retry_after=left, is_own_pace=True)
            self.next_at = self.clock.monotonic() + self.interval
            return await super()._play(number)

    async def test_is_waited_for_when_it_is_near(self, clock: ManualClock) -> None:
        first, second = self.Paced("first", PAGES), Scripted("second", PAGES)
        first.interval = 6
        book = MemoryHealth(clock)
        pages, notices = await read(auto(first, second, clock=clock, book=book))
        assert (ids(pages), clock.waits, second.opened) == (ALL, [6] * 4, 0)
        assert changes(notices) == []
        health = (await book.look([first.lane]))[first.lane]
        assert (health.state, health.last_error) == ("healthy", None)

    async def test_that_is_far_gives_another_one_a_turn(self, clock: ManualClock) -> None:
        first, second = self.Paced("first", PAGES), Scripted("second", PAGES)
        first.interval = 60
        pages, notices = await read(auto(first, second, clock=clock))
        assert (ids(pages), clock.waits) == (ALL, [])
        assert changes(notices) == [("rate_limited", "first", "second")]

    async def test_is_waited_for_however_long_where_there_is_no_other(
        self, clock: ManualClock
    ) -> None:
        only = self.Paced("only", PAGES)
        only.interval = 700
        pages, notices = await read(auto(only, clock=clock))
        assert (ids(pages), clock.waits) == (ALL, [700] * 4)
        assert {notice.code for notice in notices} == {"rate_limited"}


class TestEnd:
    async def test_of_all_sources_carries_all_attempts(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(0, Blocked("wall"))
        second.fail(0, LayoutChanged("new"))
        with pytest.raises(Exhausted) as caught:
            await read(auto(first, second, clock=clock))
        assert [(name, error.code) for name, error in caught.value.attempts] == [
            ("first", "blocked"),
            ("second", "layout_changed"),
        ]
        assert not caught.value.is_retryable

    async def test_of_all_sources_tells_the_retries_too(self, clock: ManualClock) -> None:
        first = ScriptedBackend([Network("1"), Network("2"), Blocked("wall")], name="first")
        second = Scripted("second", PAGES)
        second.fail(0, LayoutChanged("new"))
        told = r"first: network \(2 times\), first: blocked, second: layout_changed"
        with pytest.raises(Exhausted, match=told) as caught:
            await read(auto(first, second, clock=clock))
        assert [(name, error.message) for name, error in caught.value.attempts] == [
            ("first", "1"),
            ("first", "2"),
            ("first", "wall"),
            ("second", "new"),
        ]
        assert not caught.value.is_retryable

    async def test_of_the_only_source_is_its_own_error(self, clock: ManualClock) -> None:
        only = Scripted("only", PAGES)
        only.fail(1, CursorLost("gone"))
        with pytest.raises(CursorLost):
            await read(auto(only, clock=clock))

    async def test_comes_when_waiting_would_take_too_long(self, clock: ManualClock) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(0, RateLimited("slow", retry_after=700))
        second.fail(0, RateLimited("slow", retry_after=900))
        with pytest.raises(Exhausted) as caught:
            await read(auto(first, second, clock=clock))
        assert caught.value.is_retryable
        assert clock.waits == []


class TestBreaker:
    async def test_spares_others_a_wall_that_one_has_met(self, clock: ManualClock) -> None:
        book = MemoryHealth(clock)
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        source = auto(first, second, clock=clock, book=book)
        first.fail(0, Blocked("wall"))
        await read(source)
        opened = first.opened
        await read(source)
        assert first.opened == opened
        clock.advance(61)
        first.fail(0, None)
        pages, notices = await read(source)
        assert ({page.backend for page in pages}, notices) == ({"first"}, [])

    async def test_lets_one_try_at_a_time(self, clock: ManualClock) -> None:
        book = MemoryHealth(clock)
        await book.record("a", Outcome(0.1, Blocked("wall")))
        clock.advance(61)
        assert (await book.look(["a"]))["a"].needs_probe
        assert [await book.claim_probe("a") for _ in range(3)] == [True, False, False]
        clock.advance(31)
        assert await book.claim_probe("a")


class TestResume:
    @pytest.mark.parametrize("pages_before", [1, 2, 3, 4])
    async def test_goes_on_with_the_source_that_served(
        self, clock: ManualClock, pages_before: int
    ) -> None:
        first, second = Scripted("first", PAGES), Scripted("second", PAGES)
        first.fail(1, Blocked("wall"))
        whole, _ = await read(auto(first, second, clock=clock))
        fresh = [Scripted("first", PAGES), Scripted("second", PAGES)]
        edge = 0
        while len(ids(whole[: edge + 1])) < 10 * pages_before:
            edge += 1
        rest, notices = await read(auto(*fresh, clock=clock), whole[edge].cursor)
        assert ids(whole[: edge + 1]) + ids(rest) == ALL
        assert {page.backend for page in rest} == {whole[edge].backend}
        assert notices == []

    async def test_with_another_source_loses_and_doubles_nothing(self, clock: ManualClock) -> None:
        whole, _ = await read(auto(Scripted("first", PAGES), clock=clock))
        other = auto(Scripted("second", PAGES), clock=clock)
        rest, notices = await read(other, whole[2].cursor)
        assert ids(whole[:3]) + ids(rest) == ALL
        assert changes(notices) == [("not_configured", "first", "second")]

    async def test_refuses_what_is_no_cursor_of_its_own(self, clock: ManualClock) -> None:
        with pytest.raises(InvalidQuery):
            await read(auto(Scripted("first", PAGES), clock=clock), "nonsense")


class TestOtherQuestions:
    async def test_about_comments_go_to_whoever_can(self, clock: ManualClock) -> None:
        mute = Scripted("mute", PAGES, capabilities=Capabilities())
        walled = Scripted("walled", PAGES, threads={"t3_p0": Blocked("wall")})
        able = Scripted("able", PAGES, threads={"t3_p0": [make_comment(1)]})
        source = auto(mute, walled, able, clock=clock)
        stream = source.scrape_comments_stream("t3_p0")
        items = [item async for item in stream]
        assert changes([item for item in items if isinstance(item, Notice)]) == [
            ("blocked", "walled", "able")
        ]
        thread = items[-1]
        assert not isinstance(thread, Notice)
        assert ([c.id for c in thread.comments], thread.backend) == (["t1_c1"], "able")
        assert mute.read == []

    async def test_about_comments_go_to_who_knows_their_tree_even_if_another_serves(
        self, clock: ManualClock
    ) -> None:
        threads = {"t3_p0": [make_comment(1)]}
        flat = Capabilities(comments=True, has_comment_tree=False)
        serving = Scripted("serving", PAGES, threads=threads, capabilities=flat)
        able = Scripted("able", PAGES, threads=threads)
        source = auto(serving, able, clock=clock)
        await read(source)
        await source.comments("t3_p0")
        assert source.serving == "able"

    async def test_about_comments_go_to_a_flat_source_where_nobody_else_can(
        self, clock: ManualClock
    ) -> None:
        threads = {"t3_p0": [make_comment(1)]}
        flat = Capabilities(comments=True, has_comment_tree=False)
        serving = Scripted("serving", PAGES, threads=threads, capabilities=flat)
        walled = Scripted("walled", PAGES, threads={"t3_p0": Blocked("wall")})
        source = auto(serving, walled, clock=clock)
        assert [one.id for one in await source.comments("t3_p0")] == ["t1_c1"]
        assert source.serving == "serving"

    async def test_about_a_depth_go_to_no_source_that_knows_none(self, clock: ManualClock) -> None:
        flat = Capabilities(comments=True, has_comment_tree=False)
        serving = Scripted("serving", PAGES, capabilities=flat)
        walled = Scripted("walled", PAGES, threads={"t3_p0": Blocked("wall")})
        with pytest.raises(Blocked):
            await auto(serving, walled, clock=clock).thread("t3_p0", depth=1)
        alone = auto(serving, clock=clock)
        assert not alone.capabilities.has_comment_tree
        with pytest.raises(Unsupported, match="how deep"):
            await alone.thread("t3_p0", depth=1)
        assert (serving.read, walled.read) == ([], ["t3_p0"])

    async def test_that_nobody_can_answer_are_refused(self, clock: ManualClock) -> None:
        source = auto(Scripted("mute", PAGES, capabilities=Capabilities()), clock=clock)
        with pytest.raises(Unsupported, match="subreddit search"):
            await source.search_subreddits("python")
        with pytest.raises(Unsupported, match="cannot read comments"):
            await source.comments("t3_p0")

    async def test_of_a_post_that_is_gone_are_not_asked_twice(self, clock: ManualClock) -> None:
        first = Scripted("first", PAGES, threads={"t3_p0": NotFound("gone")})
        second = Scripted("second", PAGES)
        with pytest.raises(NotFound):
            await auto(first, second, clock=clock).comments("t3_p0")
        assert second.read == []


class TestHealth:
    async def test_tells_of_success_walls_and_limits(self, clock: ManualClock) -> None:
        book = MemoryHealth(clock)
        assert (await book.look(["a"]))["a"].state == "unknown"
        await book.record("a", Outcome(0.2))
        await book.record("a", Outcome(0.4))
        health = (await book.look(["a"]))["a"]
        assert (health.state, health.success_rate) == ("healthy", 1.0)
        assert health.p50_ms == pytest.approx(300)
        await book.record("a", Outcome(0.1, RateLimited("slow", retry_after=30)))
        health = (await book.look(["a"]))["a"]
        assert (health.state, health.ready_in, health.success_rate) == ("limited", 30, 1.0)
        clock.advance(31)
        await book.record("a", Outcome(0.1, Blocked("wall")))
        health = (await book.look(["a"]))["a"]
        assert (health.state, health.ready_in) == ("open", 60)
        assert health.last_error is not None
        assert health.last_error.code == "blocked"
        clock.advance(61)
        assert (await book.look(["a"]))["a"].state == "degraded"

    async def test_knows_a_quota_as_long_as_its_window(self, clock: ManualClock) -> None:
        book = MemoryHealth(clock)
        await book.record("a", Outcome(0.1, quota=Quota(3.0, 42.0)))
        await book.record("b", Outcome(0.1, quota=Quota(3.0)))
        clock.advance(30)
        seen = await book.look(["a", "b"])
        assert (seen["a"].quota, seen["b"].quota) == (Quota(3.0, 12.0), Quota(3.0))
        clock.advance(30)
        seen = await book.look(["a", "b"])
        assert (seen["a"].quota, seen["b"].quota) == (None, Quota(3.0))
        clock.advance(600)
        assert (await book.look(["b"]))["b"].quota is None

    async def test_opens_after_five_faults_in_a_row_and_longer_each_time(
        self, clock: ManualClock
    ) -> None:
        book = MemoryHealth(clock)
        for _ in range(4):
            await book.record("a", Outcome(0.1, Network("reset")))
        assert (await book.look(["a"]))["a"].ready_in == 0
        waits = []
        for _ in range(6):
            await book.record("a", Outcome(0.1, Network("reset")))
            waits.append((await book.look(["a"]))["a"].ready_in)
            clock.advance(waits[-1])
        assert waits == [60, 120, 240, 480, 900, 900]

    async def test_is_not_hurt_by_what_is_nobody_s_fault(self, clock: ManualClock) -> None:
        book = MemoryHealth(clock)
        for error in (NotFound("no"), Unsupported("no"), NotConfigured("X"), CursorLost("no")):
            await book.record("a", Outcome(0.1, error))
        health = (await book.look(["a"]))["a"]
        assert (health.success_rate, health.last_error) == (1.0, None)

    async def test_is_written_down_by_a_source_asked_directly(self, clock: ManualClock) -> None:
        book, source = MemoryHealth(clock), ScriptedBackend([PAGES[0], Network("x"), PAGES[1]])
        source.health = book
        await source.scrape_subreddit_posts(Query(subreddit="python", limit=1000))
        health = (await book.look([source.lane]))[source.lane]
        assert [ok for ok, _ in health.outcomes] == [True, False, True]
