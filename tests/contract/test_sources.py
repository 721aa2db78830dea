"""One suite for every source: what a caller may rely on, whichever it asks."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from data_provider import (
    Comment,
    CommentThread,
    NotFound,
    Notice,
    Page,
    Post,
    ProviderConfig,
    Query,
    ScraperBackend,
    SourceError,
    Unsupported,
    get_scraper,
)
from data_provider.sandbox.testing import SandboxServer, running_sandbox
from data_provider.testing import ManualClock
from tests.contract.doors import COMMON_CODES, DOORS, Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


ENDLESS = ("stalled", "reset")
# A thread of 289 comments, some of them of every kind.
TALK = "t3_10q72ng"
# One loop for all: sources that are kept live in it.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def reddit() -> Iterator[SandboxServer]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module", params=DOORS, ids=lambda door: door.label or door.name)
def door(request: pytest.FixtureRequest) -> Door:
    found: Door = request.param
    return found


@dataclass
class Kept:
    """A source that is opened once for all tests, because its start is dear."""

    source: ScraperBackend
    clock: ManualClock


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(door: Door, reddit: SandboxServer) -> AsyncIterator[Kept | None]:
    if not door.is_dear:
        yield None
        return
    clock = ManualClock()
    async with get_scraper(door.name, config_of(door, reddit), clock) as backend:
        yield Kept(backend, clock)


@pytest.fixture
def clock(kept: Kept | None) -> ManualClock:
    clock = kept.clock if kept else ManualClock()
    clock.waits.clear()
    return clock


@pytest_asyncio.fixture(loop_scope="module")
async def source(
    door: Door, reddit: SandboxServer, clock: ManualClock, kept: Kept | None
) -> AsyncIterator[ScraperBackend]:
    reddit.clear_faults()
    reddit.clear_requests()
    if kept:
        yield kept.source
        return
    async with get_scraper(door.name, config_of(door, reddit), clock) as backend:
        yield backend


def config_of(door: Door, reddit: SandboxServer, patience: float | None = None) -> ProviderConfig:
    return ProviderConfig(
        **door.config(reddit.url),
        read_timeout_seconds=patience or door.read_timeout_seconds,
        total_timeout_seconds=20,
    )


async def pages_of(source: ScraperBackend, query: Query, cursor: str | None = None) -> list[Page]:
    async with aclosing(source.scrape_subreddit_posts_stream(query, cursor)) as items:
        return [item async for item in items if isinstance(item, Page)]


def ids(pages: list[Page]) -> list[str]:
    return [post.id for page in pages for post in page.posts]


class TestListing:
    @pytest.mark.parametrize("limit", [1, 99, 100, 101, 250])
    async def test_gives_exactly_the_limit_where_there_is_more(
        self, source: ScraperBackend, limit: int
    ) -> None:
        pages = await pages_of(source, Query(subreddit="python", limit=limit))
        assert len(set(ids(pages))) == len(ids(pages)) == limit
        assert [page.stopped_by for page in pages] == [None] * (len(pages) - 1) + ["limit"]

    @pytest.mark.parametrize("sort", ["hot", "new", "top", "rising", "controversial"])
    async def test_serves_the_sorts_it_names(self, source: ScraperBackend, sort: Any) -> None:
        query = Query(subreddit="tiny", sort=sort)
        if sort not in source.capabilities.sorts:
            with pytest.raises(Unsupported):
                await pages_of(source, query)
            return
        pages = await pages_of(source, query)
        assert len(ids(pages)) == 7
        assert pages[-1].stopped_by == "exhausted"

    async def test_of_an_empty_subreddit_is_one_empty_page(self, source: ScraperBackend) -> None:
        pages = await pages_of(source, Query(subreddit="empty"))
        (only,) = [page for page in pages if page.posts or page.cursor is None]
        assert (only.posts, only.stopped_by, only.cursor) == ((), "exhausted", None)

    async def test_gives_each_post_of_a_moving_subreddit_once(self, source: ScraperBackend) -> None:
        pages = await pages_of(source, Query(subreddit="moving", limit=1000))
        assert len(set(ids(pages))) == len(ids(pages)) > 850

    async def test_goes_beyond_a_thousand_only_where_it_says_so(
        self, source: ScraperBackend, door: Door
    ) -> None:
        query = Query(subreddit="huge", limit=1300)
        if door.has_wall_at_1000:
            with pytest.raises(Unsupported):
                await pages_of(source, query)
        else:
            assert len(set(ids(await pages_of(source, query)))) == 1300

    async def test_keeps_to_dates_where_it_says_so(
        self, source: ScraperBackend, reddit: SandboxServer
    ) -> None:
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
            every = await reference.scrape_subreddit_posts(Query(subreddit="bursts", limit=600))
        since, until = every[450].created_at, every[90].created_at
        query = Query(subreddit="bursts", limit=1000, since=since, until=until)
        if not source.capabilities.dates:
            with pytest.raises(Unsupported):
                await pages_of(source, query)
            return
        wanted = {post.id for post in every if since <= post.created_at < until}
        found = ids(await pages_of(source, query))
        assert len(found) == len(set(found))
        assert set(found) == wanted
        assert 300 < len(wanted) < 400

    async def test_misses_no_post_of_a_second_that_pages_cut(self, source: ScraperBackend) -> None:
        pages = await pages_of(source, Query(subreddit="bursts", limit=1000))
        assert len(set(ids(pages))) == len(ids(pages)) == 600
        assert pages[-1].stopped_by == "exhausted"

    async def test_is_resumed_from_any_cursor_by_another_instance(
        self, source: ScraperBackend, door: Door, reddit: SandboxServer, clock: ManualClock
    ) -> None:
        query = Query(subreddit="python", limit=250)
        whole = await pages_of(source, query)
        async with get_scraper(door.name, config_of(door, reddit), clock) as other:
            first = next(page for page in whole if page.posts)
            rest = await pages_of(other, query, first.cursor)
        assert ids(rest) == ids(whole)[len(first.posts) :]
        assert rest[-1].stopped_by == "limit"

    async def test_survives_posts_deleted_under_its_feet(self, source: ScraperBackend) -> None:
        for name in ("deleted_anchor", "cursorlost_once"):
            pages = await pages_of(source, Query(subreddit=name, limit=300))
            assert len(set(ids(pages))) == len(ids(pages)) == 300

    async def test_reads_every_odd_post(self, source: ScraperBackend) -> None:
        for name, amount in (("oddities", 400), ("surrogates", 50)):
            pages = await pages_of(source, Query(subreddit=name, limit=1000))
            assert len(set(ids(pages))) == amount
            for page in pages:
                page.model_dump_json().encode("utf-8")
                assert "\\u0000" not in page.model_dump_json()

    async def test_keeps_the_facts_of_a_post(self, source: ScraperBackend) -> None:
        pages = await pages_of(source, Query(subreddit="tiny"))
        page = next(page for page in pages if page.posts)
        for post in page.posts:
            assert post.id.startswith("t3_")
            assert post.permalink.startswith("/r/tiny/comments/")
            assert post.created_at.utcoffset() is not None
            assert post.created_at.microsecond == 0
        assert page.backend == source.name

    @pytest.mark.parametrize("subreddit", ["python", "photography", "espanol"])
    async def test_tells_of_the_same_300_posts_the_same_as_any_other(
        self, source: ScraperBackend, door: Door, reddit: SandboxServer, subreddit: str
    ) -> None:
        query = Query(subreddit=subreddit, limit=300)
        found = await source.scrape_subreddit_posts(query)
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
            expected = await reference.scrape_subreddit_posts(query)
        assert [post.id for post in found] == [post.id for post in expected]
        for post, other in zip(found, expected, strict=True):
            facts, wanted = facts_of(post, door), facts_of(other, door)
            unknown = {name for name in door.may_lack if facts[name] is None}
            is_confused = other.post_type in door.confuses
            names = (COMMON_FIELDS if is_confused else facts.keys()) - unknown - {*door.differs}
            assert {name: facts[name] for name in names} == {name: wanted[name] for name in names}
            assert {name: getattr(post, name) or None for name in door.lacks} == dict.fromkeys(
                door.lacks
            )
        for name in door.may_lack:
            assert sum(getattr(post, name) is not None for post in found) > 200


COMMON_FIELDS = {"id", "subreddit", "title", "author", "permalink", "created_at"}


def facts_of(post: Post, door: Door) -> dict[str, Any]:
    """What the source knows of a post; blanks in texts are as its medium has them."""
    facts = dict(post)
    for name in ("title", "selftext"):
        facts[name] = facts[name].split()
    facts["media"] = [(media.type, media.url) for media in post.media]
    return {name: value for name, value in facts.items() if name not in door.lacks}


def telling(comment: Comment) -> dict[str, Any]:
    """What a source knows of a comment; signs of Markdown and blanks are as its medium has them."""
    words = [word for word in comment.body.split() if word != ">"]
    return dict(comment) | {"body": words}


class TestFailure:
    @pytest.mark.parametrize("subreddit", ENDLESS)
    async def test_has_the_code_of_what_never_ends(
        self, door: Door, reddit: SandboxServer, clock: ManualClock, subreddit: str
    ) -> None:
        patience = door.stalled_seconds if subreddit == "stalled" else door.reset_seconds
        config = config_of(door, reddit, patience)
        async with get_scraper(door.name, config, clock) as source:
            with pytest.raises(SourceError) as caught:
                await pages_of(source, Query(subreddit=subreddit, limit=300))
        assert caught.value.code == door.code_of(subreddit)

    @pytest.mark.parametrize("subreddit", [name for name, _ in COMMON_CODES if name not in ENDLESS])
    async def test_has_the_code_of_its_cause(
        self, source: ScraperBackend, door: Door, subreddit: str
    ) -> None:
        query = Query(subreddit=subreddit, limit=300)
        if not door.code_of(subreddit):
            assert len(await source.scrape_subreddit_posts(query)) == 300
            return
        with pytest.raises(SourceError) as caught:
            await pages_of(source, query)
        assert caught.value.code == door.code_of(subreddit)

    @pytest.mark.parametrize("subreddit", ["flaky", "ratelimited"])
    async def test_that_passes_costs_waiting_and_nothing_else(
        self, source: ScraperBackend, door: Door, clock: ManualClock, subreddit: str
    ) -> None:
        query = Query(subreddit=subreddit, limit=300)
        async with aclosing(source.scrape_subreddit_posts_stream(query)) as stream:
            items = [item async for item in stream]
        notices = [item for item in items if isinstance(item, Notice)]
        assert len(set(ids([item for item in items if isinstance(item, Page)]))) == 300
        told = [notice.retry_after for notice in notices]
        assert told
        if door.polls:
            assert set(told) <= set(clock.waits)
        else:
            assert told == clock.waits


class TestCancel:
    async def test_of_a_hanging_fetch_takes_no_time(
        self, door: Door, reddit: SandboxServer
    ) -> None:
        reddit.clear_requests()
        async with get_scraper(door.name, ProviderConfig(**door.config(reddit.url))) as source:
            task = asyncio.create_task(pages_of(source, Query(subreddit="stalled")))
            while not await asyncio.to_thread(reddit.requests):
                await asyncio.sleep(0)
            started = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - started < door.cancel_seconds


class TestOtherQuestions:
    async def test_about_comments_are_answered_or_refused(self, source: ScraperBackend) -> None:
        pages = await pages_of(source, Query(subreddit="longthreads", limit=100))
        posts = [post for page in pages for post in page.posts]
        post = min(posts, key=lambda post: post.num_comments or 0)
        if not source.capabilities.comments:
            with pytest.raises(Unsupported):
                await source.thread(post.id)
            return
        found = await source.comments(post.id)
        assert len({comment.id for comment in found}) == len(found) > 200
        assert {comment.post_id for comment in found} == {post.id}
        depths = [0, *(comment.depth for comment in found)]
        assert all(b <= a + 1 for a, b in itertools.pairwise(depths))
        some = await source.comments(post.id, limit=10)
        assert len(some) == 10

    async def test_about_comments_say_how_many_there_are_where_they_know(
        self, source: ScraperBackend, door: Door, reddit: SandboxServer
    ) -> None:
        if not source.capabilities.comments:
            return
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
            posts = await reference.scrape_subreddit_posts(Query(subreddit="longthreads"))
        (said,) = (post.num_comments for post in posts if post.id == TALK)
        async with aclosing(source.scrape_comments_stream(TALK, limit=10)) as stream:
            (answer,) = [item async for item in stream if isinstance(item, CommentThread)]
        assert answer.expected == (said if door.knows_comment_counts else None)
        if not source.capabilities.has_comment_tree:
            with pytest.raises(Unsupported, match="how deep"):
                await source.thread(TALK, depth=1)
            return
        shallow = await source.thread(TALK, depth=1)
        assert {comment.depth for comment in shallow.comments} == {0}

    async def test_about_comments_are_answered_as_by_any_other(
        self, source: ScraperBackend, door: Door, reddit: SandboxServer
    ) -> None:
        if not source.capabilities.comments:
            return
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
            expected = {comment.id: comment for comment in await reference.comments(TALK)}
        found = {comment.id: comment for comment in await source.comments(TALK)}
        assert found.keys() <= expected.keys()
        assert len(found) > len(expected) * 0.5
        assert len(found) == len(expected) or not door.has_whole_threads
        for name, comment in found.items():
            facts, wanted = telling(comment), telling(expected[name])
            unknown = {*door.comment_lacks, *(door.gone_lacks if wanted["removed"] else ())}
            names = facts.keys() - unknown
            assert {key: facts[key] for key in names} == {key: wanted[key] for key in names}
            assert bool(facts["removed"]) == bool(wanted["removed"])
        below = {"parent_id": TALK, "depth": 0, "stickied": False}
        for key in door.comment_lacks:
            assert {getattr(comment, key) for comment in found.values()} == {below.get(key)}
        # All that is compared is there to be compared.
        for key in ("score", "removed", "edited_at", "distinguished", "is_submitter", "stickied"):
            assert len({getattr(comment, key) for comment in expected.values()}) > 1, key

    async def test_about_subreddits_are_answered_or_refused(
        self, source: ScraperBackend, door: Door
    ) -> None:
        if source.capabilities.subreddit_about:
            about = await source.subreddit_about("r/Python")
            assert about.name == "python"
            assert bool(about.subscribers) == door.knows_subscribers
            with pytest.raises(NotFound):
                await source.subreddit_about("no_such_subreddit")
        else:
            with pytest.raises(Unsupported):
                await source.subreddit_about("python")

    async def test_that_search_are_answered_or_refused(self, source: ScraperBackend) -> None:
        if source.capabilities.subreddit_search:
            found = await source.search_subreddits("python", limit=3)
            assert "python" in [subreddit.name for subreddit in found]
        else:
            with pytest.raises(Unsupported):
                await source.search_subreddits("python")
        if source.capabilities.search:
            posts = await source.search_posts("the", subreddit="python", limit=3)
            assert {post.subreddit for post in posts} == {"python"}
        else:
            with pytest.raises(Unsupported):
                await source.search_posts("the")
