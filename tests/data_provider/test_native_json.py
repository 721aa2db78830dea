from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    CursorLost,
    InvalidQuery,
    LayoutChanged,
    NotConfigured,
    Notice,
    Page,
    ProviderConfig,
    Query,
    SourceError,
    Unsupported,
    get_scraper,
)
from data_provider.json_listing import JsonListingBackend
from tests.data_provider.scripted_server import Reply, Request, ScriptedServer, as_json, listing, t3

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from data_provider.testing import ManualClock
    from tests.data_provider.conftest import Recordings


@pytest.fixture
async def source(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[JsonListingBackend]:
    config = ProviderConfig(reddit_www_url=f"{server.url}/www/", sandbox_url=server.url)
    async with get_scraper("native_json", config, clock) as backend:
        assert isinstance(backend, JsonListingBackend)
        yield backend


def question(limit: int = 100, **fields: Any) -> Query:
    return Query(subreddit="python", limit=limit, **fields)


async def pages_of(source: Any, query: Query, cursor: str | None = None) -> list[Page]:
    async with aclosing(source.pages(query, cursor)) as pages:
        return [page async for page in pages]


def ids(pages: list[Page]) -> list[str]:
    return [post.id for page in pages for post in page.posts]


def numbered(numbers: range) -> list[str]:
    return [f"t3_p{number}" for number in numbers]


def chain(**pages: Reply) -> Any:
    """Answer by the `after` asked for; the first page is `start`."""
    return lambda request: pages[request.query.get("after", "start")]


def page(numbers: range | list[int], after: str | None = None) -> Reply:
    return as_json(listing(numbers, after))


class TestRequest:
    async def test_asks_for_the_path_and_parameters_of_the_dialect(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(start=page(range(100), "t3_p99"), t3_p99=page(range(100, 110)))
        await pages_of(source, question(300, sort="top", time_filter="week"))
        first, second = server.requests
        assert first.path == "/www/r/python/top.json"
        assert first.query == {"limit": "100", "t": "week", "raw_json": "1"}
        assert second.query == first.query | {"after": "t3_p99", "count": "100"}
        assert first.headers["user-agent"].startswith("python:teppan:")

    async def test_is_refused_before_it_is_sent_when_it_cannot_be_answered(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        for query in (question(1001), question(since="2026-01-01T00:00:00Z")):
            with pytest.raises(Unsupported):
                await pages_of(source, query)
        with pytest.raises(InvalidQuery):
            await pages_of(source, question(), "no cursor")
        assert server.requests == []

    async def test_carries_the_operators_cookies(
        self, server: ScriptedServer, clock: ManualClock, tmp_path: Any
    ) -> None:
        jar = tmp_path / "cookies.txt"
        jar.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tloid\tsecret\n")
        server.answer_in_turn(page([]))
        config = ProviderConfig(reddit_www_url=server.url, sandbox_url=server.url, cookies_file=jar)
        for name in ("native_json", "sandbox"):
            async with get_scraper(name, config, clock) as source:
                await source.scrape_subreddit_posts(question())
        assert [request.headers.get("cookie") for request in server.requests] == [
            "loid=secret",
            None,
        ]

    async def test_needs_a_readable_cookies_file(self, clock: ManualClock, tmp_path: Any) -> None:
        garbage = tmp_path / "garbage.txt"
        garbage.write_bytes(b"\xff\xfe no cookies")
        for file in (tmp_path / "none.txt", garbage):
            config = ProviderConfig(cookies_file=file, sandbox_url="http://127.0.0.1:1")
            for name in ("native_json", "rss"):
                with pytest.raises(NotConfigured, match="TEPPAN_REDDIT_COOKIES_FILE"):
                    get_scraper(name, config, clock)
            for name in ("sandbox", "archive", "auto"):
                await get_scraper(name, config, clock).aclose()


class TestPages:
    async def test_of_an_empty_subreddit_are_one_exhausted_page(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.answer_in_turn(page([]))
        (only,) = await pages_of(source, question())
        assert (only.posts, only.cursor, only.stopped_by) == ((), None, "exhausted")

    async def test_never_give_more_than_the_limit_stickied_posts_included(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.answer_in_turn(page(range(102), "t3_p101"))
        found = await pages_of(source, question(100, sort="hot"))
        assert (len(ids(found)), found[-1].stopped_by) == (100, "limit")
        assert len(server.requests) == 1

    async def test_give_each_post_once_when_the_listing_moves(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(
            start=page(range(100), "t3_p99"),
            t3_p99=page([0, *range(98, 150)], "t3_p149"),
            t3_p149=page(range(149, 160)),
        )
        found = await pages_of(source, question(500))
        assert ids(found) == numbered(range(160))
        assert found[-1].stopped_by == "exhausted"

    async def test_go_on_from_a_cursor_as_if_nothing_had_happened(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(
            start=page(range(100), "t3_p99"),
            t3_p99=page(range(97, 200), "t3_p199"),
            t3_p199=page(range(200, 300), "t3_p299"),
        )
        whole = await pages_of(source, question(250))
        rest = await pages_of(source, question(250), whole[0].cursor)
        assert ids(rest) == numbered(range(100, 250))
        assert rest[-1].stopped_by == "limit"

    async def test_do_not_end_because_one_is_short(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(start=page(range(3), "t3_p2"), t3_p2=page(range(3, 9)))
        assert len(ids(await pages_of(source, question()))) == 9

    async def test_keep_the_posts_own_subreddit(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        answer = listing([1])
        answer["data"]["children"].append(t3(2, subreddit="rust"))
        server.answer_in_turn(as_json(answer))
        (only,) = await pages_of(source, question())
        assert [post.subreddit for post in only.posts] == ["python", "rust"]

    async def test_of_a_listing_with_other_things_are_a_changed_layout(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        answer = listing([1])
        answer["data"]["children"].append({"kind": "t5", "data": {"display_name": "python"}})
        server.answer_in_turn(as_json(answer))
        with pytest.raises(LayoutChanged):
            await pages_of(source, question())


class TestLostCursor:
    async def test_is_found_again_from_an_earlier_post(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(
            start=page(range(100), "t3_p99"), t3_p99=page([]), t3_p98=page(range(100, 120))
        )
        found = await pages_of(source, question(500))
        assert ids(found) == numbered(range(120))
        assert (found[-1].requests, found[-1].stopped_by) == (2, "exhausted")

    async def test_is_found_again_after_a_crash(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(
            start=page(range(100), "t3_p99"), t3_p99=page([]), t3_p98=page([]),
            t3_p90=page(range(91, 140)),
        )  # fmt: skip
        async with aclosing(source.pages(question(500))) as stream:
            first = await anext(stream)
        found = await pages_of(source, question(500), first.cursor)
        assert ids(found) == numbered(range(100, 140))

    async def test_is_an_error_when_everything_stays_empty(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = lambda r: page([]) if "after" in r.query else page(range(100), "t3_p99")
        with pytest.raises(CursorLost):
            await pages_of(source, question(500))

    async def test_is_an_error_when_the_listing_goes_round(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.answer_in_turn(page(range(100), "t3_p99"))
        with pytest.raises(CursorLost):
            await pages_of(source, question(500))
        assert len(server.requests) < 10


class TestRecordedChain:
    """The recorded listing of 1001 things; its comments are dressed as posts of the same ids."""

    @pytest.fixture
    def names(self, server: ScriptedServer, recordings: Recordings) -> list[str]:
        pages: dict[str, Reply] = {}
        after, names = "start", []
        for recording in recordings.of_kind("pagination_chain"):
            data = recording.value["data"]
            numbers = [child["data"]["name"] for child in data["children"]]
            children = [t3(0, id=name[3:], over_18=name.startswith("t1")) for name in numbers]
            answer = {"kind": "Listing", "data": {"after": data["after"], "children": children}}
            pages[after] = as_json(answer)
            names += ["t3_" + name[3:] for name in numbers]
            after = data["after"]
        assert (len(pages), len(names), after) == (11, 1001, None)
        server.route = chain(**pages)
        return names

    async def test_stops_at_the_limit(
        self, names: list[str], server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        found = await pages_of(source, question(1000))
        assert ids(found) == names[:1000]
        assert [page.stopped_by for page in found] == [None] * 9 + ["limit"]
        assert len(server.requests) == 10

    async def test_is_cut_within_a_page(self, names: list[str], source: JsonListingBackend) -> None:
        found = await pages_of(source, question(250))
        assert [len(page.posts) for page in found] == [100, 100, 50]

    async def test_ends_at_the_wall_of_a_thousand(
        self, names: list[str], server: ScriptedServer, clock: ManualClock
    ) -> None:
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=server.url), clock) as source:
            found = await pages_of(source, question(5000))
        assert ids(found) == names
        assert found[-1].stopped_by == "listing_cap"

    async def test_is_resumed_at_every_page(
        self, names: list[str], source: JsonListingBackend
    ) -> None:
        cursor, found = None, []
        while True:
            async with aclosing(source.pages(question(1000), cursor)) as stream:
                found.append(await anext(stream))
            cursor = found[-1].cursor
            if cursor is None:
                break
        assert ids(found) == names[:1000]


class TestCancel:
    async def test_ends_a_hanging_fetch_at_once_and_closes_its_connection(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.route = chain(start=page(range(100), "t3_p99"), t3_p99=Reply(fault="hang"))
        seen: list[Any] = []

        async def consume() -> None:
            async with aclosing(source.scrape_subreddit_posts_stream(question(500))) as items:
                async for item in items:
                    seen.append(item)
                    server.arrived.clear()

        task = asyncio.create_task(consume())
        while len(server.requests) < 2:
            await asyncio.wait_for(server.arrived.wait(), 5)
            await asyncio.sleep(0)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1
        await asyncio.wait_for(server.all_closed.wait(), 5)
        assert len(seen) == 1

    async def test_between_pages_leaves_the_source_usable(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        server.answer_in_turn(page(range(100), "t3_p99"))
        async with aclosing(source.scrape_subreddit_posts_stream(question(500))) as items:
            await anext(items)
        server.answer_in_turn(page([7]))
        assert len(await source.scrape_subreddit_posts(question())) == 1


class TestStream:
    async def test_tells_of_a_wait_and_then_goes_on_without_gap(
        self, server: ScriptedServer, source: JsonListingBackend, clock: ManualClock
    ) -> None:
        server.answer_in_turn(
            page(range(100), "t3_p99"),
            as_json({"error": 429}, 429, retry_after="7"),
            Reply(fault="reset"),
            page(range(90, 120)),
        )
        async with aclosing(source.scrape_subreddit_posts_stream(question(500))) as stream:
            items = [item async for item in stream]
        notices = [item for item in items if isinstance(item, Notice)]
        pages = [item for item in items if isinstance(item, Page)]
        assert [(n.code, n.retry_after) for n in notices] == [("rate_limited", 7), ("network", 1)]
        assert clock.waits == [7, 1]
        assert ids(pages) == numbered(range(120))
        assert pages[1].requests == 3

    async def test_raises_the_last_cause_after_five_tries(
        self, server: ScriptedServer, source: JsonListingBackend, clock: ManualClock
    ) -> None:
        server.answer_in_turn(Reply(status=503))
        with pytest.raises(SourceError) as caught:
            await source.scrape_subreddit_posts(question())
        assert caught.value.code == "upstream"
        assert (len(server.requests), clock.waits) == (5, [1, 2, 4, 8])


def comment(name: str, parent: str, replies: Any = "", **fields: Any) -> dict[str, Any]:
    data = {"id": name, "link_id": "t3_p1", "parent_id": parent, "body": name, "created_utc": 1.6e9}
    return {"kind": "t1", "data": data | {"replies": replies} | fields}


def more(parent: str, *children: str) -> dict[str, Any]:
    data = {"id": "_", "parent_id": parent, "children": list(children), "count": 9, "depth": 0}
    return {"kind": "more", "data": data}


def replies(*children: Any) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": None, "children": list(children)}}


class TestComments:
    @pytest.fixture
    def thread(self, server: ScriptedServer) -> None:
        top = [
            comment("a", "t3_p1", replies(comment("b", "t1_a"), more("t1_a", "c"))),
            comment("d", "t3_p1", replies(more("t1_d"))),
            more("t3_p1", "e", "gone"),
        ]
        things = [
            comment("c", "t1_a"), comment("e", "t3_p1"), comment("f", "t1_e", author="[deleted]"),
            comment("lost", "t1_vanished"), more("t1_e", "e", "f"),
        ]  # fmt: skip
        deep = comment("d", "t3_p1", replies(comment("g", "t1_d")))
        answers = {
            "/www/comments/p1.json": [listing([1]), replies(*top)],
            "/www/comments/p1/_/d.json": [listing([1]), replies(deep)],
            "/www/api/morechildren.json": {"json": {"errors": [], "data": {"things": things}}},
        }
        server.route = lambda request: as_json(answers[request.path])

    async def test_come_depth_first_with_every_stub_followed(
        self, thread: None, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        found = await source.comments("t3_p1")
        assert [(c.body, c.depth) for c in found] == [
            ("a", 0), ("b", 1), ("c", 1), ("d", 0), ("g", 1), ("e", 0), ("f", 1), ("lost", 0),
        ]  # fmt: skip
        asked = [r.query for r in server.requests if r.path.endswith("morechildren.json")]
        assert [query["children"] for query in asked] == ["c,e,gone"]

    async def test_that_an_answer_leaves_out_are_asked_for_again(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        names = [f"c{number}" for number in range(7)]

        def route(request: Request) -> Reply:
            if not request.path.endswith("morechildren.json"):
                return as_json([listing([1]), replies(more("t3_p1", *names))])
            asked = request.query["children"].split(",")
            things = [comment(name, "t3_p1") for name in asked[:3]]
            return as_json(
                {"json": {"data": {"things": [*things, more("t3_p1", *asked[3:], "never")]}}}
            )

        server.route = route
        found = await source.comments("t3_p1")
        assert [c.body for c in found] == [*names, "never"]
        assert len(server.requests) == 4

    async def test_are_expanded_one_request_at_a_time_by_all_clients(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        under_way, most = 0, 0

        async def expand(request: Request) -> Reply:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            for _ in range(50):  # others get their chance to come as well
                await asyncio.sleep(0)
            under_way -= 1
            names = request.query["children"].split(",")
            return as_json({"json": {"data": {"things": [comment(x, "t3_p1") for x in names]}}})

        top = as_json([listing([1]), replies(more("t3_p1", "a", "b"))])
        server.route = lambda asked: expand(asked) if "more" in asked.path else top
        config = ProviderConfig(reddit_www_url=f"{server.url}/www")
        sources = [get_scraper("native_json", config, clock) for _ in range(4)]
        reads = [one.comments("t3_p1") for one in (*sources, sources[0])]
        found = await asyncio.gather(*reads)
        for one in sources:
            await one.aclose()
        assert [len(thread) for thread in found] == [2] * 5
        assert most == 1

    async def test_that_never_come_are_given_up(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        things = {"json": {"data": {"things": [more("t3_p1", "never")]}}}
        top = [listing([1]), replies(more("t3_p1", "never"))]
        server.route = lambda request: as_json(things if "more" in request.path else top)
        assert await source.comments("t3_p1") == []
        assert len(server.requests) == 2

    async def test_below_one_that_is_gone_cost_nothing_else(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        top = [listing([1]), replies(comment("a", "t3_p1", replies(more("t1_a"))))]
        missing = as_json({"message": "Not Found", "error": 404}, 404)
        server.route = lambda request: missing if "/_/" in request.path else as_json(top)
        assert [c.body for c in await source.comments("t3_p1")] == ["a"]

    async def test_deeper_than_asked_are_neither_kept_nor_followed(
        self, thread: None, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        answer = await source.thread("t3_p1", depth=1)
        assert [c.body for c in answer.comments] == ["a", "d", "e", "lost"]
        first, *rest = server.requests
        assert first.query["depth"] == "1"
        assert [request.query["children"] for request in rest] == ["e,gone"]

    async def test_come_with_the_post_s_own_count(
        self, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        post = listing([1])
        post["data"]["children"][0]["data"]["num_comments"] = 7
        server.route = lambda _: as_json([post, replies(comment("a", "t3_p1"))])
        assert (await source.thread("t3_p1")).expected == 7

    async def test_stop_at_the_limit(
        self, thread: None, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        assert [c.body for c in await source.comments("p1", limit=2)] == ["a", "b"]
        assert len(server.requests) == 1

    async def test_of_a_recorded_thread_come_all(
        self, server: ScriptedServer, source: JsonListingBackend, recordings: Recordings
    ) -> None:
        prefix = "2020_TestCommentForest.test_replace__all_large"
        pieces = [r for r in recordings.of_kind("morechildren") if prefix in r.name]
        threads = [r for r in recordings.of_kind("comments") if prefix in r.name]
        assert pieces
        assert threads
        known = {
            thing["data"]["id"]: thing
            for piece in pieces
            for thing in json.loads(piece.body)["json"]["data"]["things"]
        }

        def route(request: Request) -> Reply:
            if request.path.endswith("morechildren.json"):
                asked = request.query["children"].split(",")
                things = [known[name] for name in asked if name in known]
                return as_json({"json": {"data": {"things": things}}})
            return Reply(threads[0].body)

        server.route = route
        found = await source.comments(threads[0].value[0]["data"]["children"][0]["data"]["id"])
        assert len({c.id for c in found}) == len(found)
        places = {c.id: (place, c.depth) for place, c in enumerate(found)}
        for place, c in enumerate(found):
            if c.parent_id in places:
                before, depth = places[c.parent_id]
                assert (before < place, c.depth) == (True, depth + 1)


class TestReadAhead:
    """From the second page on the next one is asked for while the last one is handed on."""

    @pytest.fixture
    def pages(self, server: ScriptedServer) -> None:
        def route(request: Request) -> Reply:
            start = int(request.query.get("count", 0))
            return as_json(listing(range(start, start + 100), f"t3_p{start + 99}"))

        server.route = route

    async def test_spares_the_first_page_and_what_lies_beyond_the_limit(
        self, pages: None, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        made = []
        asked = iter((1, 3, 4, 4))
        async with aclosing(source.pages(question(limit=400))) as stream:
            async for page in stream:
                await self.come(server, next(asked))
                made.append((len(page.posts), len(server.requests)))
        assert made == [(100, 1), (100, 3), (100, 4), (100, 4)]

    @staticmethod
    async def come(server: ScriptedServer, least: int) -> None:
        """Wait for so many requests, and give one that should not be made the time to come."""
        async with asyncio.timeout(60):
            while len(server.requests) < least:
                await asyncio.sleep(0.001)
        for _ in range(100):
            await asyncio.sleep(0)

    async def test_leaves_nothing_behind_when_the_reader_stops(
        self, pages: None, server: ScriptedServer, source: JsonListingBackend
    ) -> None:
        async with aclosing(source.pages(question(limit=1000))) as stream:
            for _ in range(2):
                await anext(stream)
        assert len(asyncio.all_tasks()) == 1 + server.open_connections
        assert source.requests_made <= 3

    async def test_that_failed_fails_the_page_that_wanted_it(
        self, pages: None, server: ScriptedServer, source: JsonListingBackend, clock: ManualClock
    ) -> None:
        whole = server.route
        broken = iter([True])

        def route(request: Request) -> Reply:
            is_broken = request.query.get("count") == "200" and next(broken, False)
            return Reply(status=503) if is_broken else whole(request)

        server.route = route
        posts = await source.scrape_subreddit_posts(question(limit=400))
        assert [post.id for post in posts] == [f"t3_p{number}" for number in range(400)]
        assert clock.waits == [1]
