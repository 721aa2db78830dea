"""AUTO with a paid source: one order per request, however often the sources change."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from data_provider import (
    Exhausted,
    MemoryHealth,
    Notice,
    Page,
    ProviderConfig,
    Query,
    ScraperBackend,
    get_scraper,
)
from data_provider.sandbox.brightdata import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_provider.sandbox.testing import SandboxServer
    from data_provider.testing import ManualClock

TRIGGER = "/datasets/v3/trigger"
LIMIT = 300
FREE = {"path": r"\.json$", "action": "wall_403"}
BUSY = {"path": r"\.json$", "action": "status", "status": 429, "retry_after": 30, "times": 1}
PAID = {"path": "^/datasets/v3/progress", "action": "status", "status": 500}


def auto(url: str, clock: ManualClock, *order: str) -> ScraperBackend:
    config = ProviderConfig(
        reddit_www_url=url,
        brightdata_url=url,
        brightdata_token=TOKEN,
        auto_order=order or ("brightdata", "native_json"),
    )
    return get_scraper("auto", config, clock, MemoryHealth(clock))


async def read(
    source: ScraperBackend,
    after_page: Callable[[Page, str], None] = lambda *_: None,
    cursor: str | None = None,
) -> tuple[list[str], list[Notice]]:
    """Read to the end; tell of each page with posts, and by whom it came."""
    ids: list[str] = []
    notices: list[Notice] = []
    query = Query(subreddit="python", limit=LIMIT)
    async with source, aclosing(source.scrape_subreddit_posts_stream(query, cursor)) as items:
        async for item in items:
            if isinstance(item, Notice):
                notices.append(item)
                continue
            ids += [post.id for post in item.posts]
            if item.posts:
                after_page(item, item.backend)
    return ids, notices


def orders(reddit: SandboxServer) -> int:
    return reddit.counts().get(TRIGGER, 0)


async def newest(reddit: SandboxServer) -> list[str]:
    async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as source:
        posts = await source.scrape_subreddit_posts(Query(subreddit="python", limit=LIMIT))
    return [post.id for post in posts]


def changes(notices: list[Notice]) -> list[tuple[str | None, str]]:
    return [(notice.backend_from, notice.backend_to) for notice in notices if notice.backend_to]


async def test_what_was_ordered_is_fetched_when_the_source_comes_back(
    reddit: SandboxServer, clock: ManualClock
) -> None:
    reddit.add_faults(PAID)
    wanted = await newest(reddit)

    def turn_the_weather(_: Page, backend: str) -> None:
        if backend == "native_json":
            reddit.clear_faults()
            reddit.add_faults(FREE)
            clock.advance(3600)

    ids, notices = await read(auto(reddit.url, clock), turn_the_weather)
    assert changes(notices) == [("brightdata", "native_json"), ("native_json", "brightdata")]
    assert ids == wanted
    assert orders(reddit) == 1


async def test_a_process_that_goes_on_knows_what_was_ordered(
    reddit: SandboxServer, clock: ManualClock
) -> None:
    reddit.add_faults(PAID)
    wanted = await newest(reddit)
    edge: list[str] = []
    query = Query(subreddit="python", limit=LIMIT)
    source = auto(reddit.url, clock)
    async with source, aclosing(source.scrape_subreddit_posts_stream(query)) as items:
        async for item in items:
            if isinstance(item, Page) and item.posts:
                edge, cursor = [post.id for post in item.posts], item.cursor
                break
    reddit.clear_faults()
    reddit.add_faults(FREE)
    rest, _ = await read(auto(reddit.url, clock), cursor=cursor)
    assert edge + rest == wanted
    assert orders(reddit) == 1


async def test_an_order_that_got_lost_leaves_the_source_out_for_the_rest(
    reddit: SandboxServer, clock: ManualClock
) -> None:
    reddit.add_faults({"path": "trigger", "action": "reset", "times": 1})

    def turn_the_weather(_: Page, backend: str) -> None:
        assert backend == "native_json"
        reddit.clear_faults()
        reddit.add_faults(BUSY)
        clock.advance(3600)

    wanted = await newest(reddit)
    ids, notices = await read(auto(reddit.url, clock), turn_the_weather)
    assert changes(notices) == [("brightdata", "native_json")]
    assert ids == wanted
    assert orders(reddit) == 1


async def test_an_order_that_got_lost_says_so_where_nobody_else_is(
    reddit: SandboxServer, clock: ManualClock
) -> None:
    reddit.add_faults({"path": "trigger", "action": "reset", "times": 1}, FREE)
    with pytest.raises(Exhausted, match="brightdata: network, native_json: blocked"):
        await read(auto(reddit.url, clock))
    assert orders(reddit) == 1


async def test_records_that_are_gone_are_not_ordered_anew(
    reddit: SandboxServer, clock: ManualClock
) -> None:
    """A cursor that is lost begins a free listing again, never a paid one."""
    gone = {"path": "^/datasets/v3/(progress|snapshot)", "action": "status", "status": 404}
    reddit.add_faults(FREE, gone)
    with pytest.raises(Exhausted, match="brightdata: cursor_lost"):
        await read(auto(reddit.url, clock, "native_json", "brightdata"))
    assert orders(reddit) == 1
