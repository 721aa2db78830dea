from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    Banned,
    Blocked,
    Challenge,
    CursorLost,
    InvalidResponse,
    LayoutChanged,
    LoginRequired,
    NotFound,
    Page,
    ProviderConfig,
    Query,
    RateLimited,
    ScraperBackend,
    SourceError,
    Unsupported,
    get_scraper,
)
from tests.data_provider.scripted_server import Reply, ScriptedServer, as_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from data_provider.testing import ManualClock


@pytest.fixture
async def source(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[ScraperBackend]:
    config = ProviderConfig(reddit_www_url=f"{server.url}/www/")
    async with get_scraper("rss", config, clock) as backend:
        yield backend


def question(limit: int = 1000, **fields: Any) -> Query:
    return Query(subreddit="python", limit=limit, **fields)


def feed(numbers: range | list[int], ids: str = "t3_p") -> Reply:
    entries = "".join(
        f"<entry><id>{ids}{number}</id><title>Post {number}</title>"
        f'<link href="https://www.reddit.com/r/python/comments/p{number}/x/"/>'
        "<published>2026-01-25T03:07:14+00:00</published></entry>"
        for number in numbers
    )
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
    return Reply(body.encode(), headers={"content-type": "application/atom+xml"})


def chain(**pages: Reply) -> Any:
    """Answer by the `after` asked for; the first page is `start`, any other is empty."""
    return lambda request: pages.get(request.query.get("after", "start"), feed([]))


async def pages_of(source: ScraperBackend, query: Query, cursor: str | None = None) -> list[Page]:
    async with aclosing(source.pages(query, cursor)) as pages:
        return [page async for page in pages]


def ids(pages: list[Page]) -> list[str]:
    return [post.id for page in pages for post in page.posts]


def numbered(numbers: range) -> list[str]:
    return [f"t3_p{number}" for number in numbers]


def anchors(server: ScriptedServer) -> list[str | None]:
    return [request.query.get("after") for request in server.requests]


class TestRequest:
    async def test_asks_for_the_feed_of_the_sort(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(start=feed(range(25)), t3_p24=feed(range(25, 50)))
        await pages_of(source, question(30, sort="top", time_filter="week"))
        first, second = server.requests
        assert first.path == "/www/r/python/top.rss"
        assert first.query == {"limit": "100", "t": "week"}
        assert second.query == first.query | {"after": "t3_p24"}

    async def test_is_refused_where_a_feed_cannot_answer(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        for query in (question(1001), question(since="2026-01-01T00:00:00Z")):
            with pytest.raises(Unsupported):
                await pages_of(source, query)
        assert server.requests == []


class TestEnd:
    async def test_of_a_short_feed_takes_one_more_request(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(start=feed(range(7)), t3_p5=feed([6]))
        pages = await pages_of(source, question())
        assert ids(pages) == numbered(range(7))
        assert (pages[-1].posts, pages[-1].stopped_by) == ((), "exhausted")
        assert anchors(server) == [None, "t3_p5"]

    async def test_of_full_pages_is_found_from_the_post_before(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(
            start=feed(range(25)), t3_p24=feed(range(25, 50)), t3_p49=feed([]), t3_p48=feed([49])
        )
        pages = await pages_of(source, question())
        assert ids(pages) == numbered(range(50))
        assert (pages[-1].stopped_by, pages[-1].requests) == ("exhausted", 2)

    async def test_of_a_single_post_is_seen_from_the_top(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(start=feed([0]))
        pages = await pages_of(source, question())
        assert (ids(pages), pages[-1].stopped_by) == (["t3_p0"], "exhausted")
        assert anchors(server) == [None, None]

    async def test_of_nothing_is_one_page(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain()
        (only,) = await pages_of(source, question())
        assert (only.posts, only.stopped_by, only.requests) == ((), "exhausted", 1)

    async def test_near_a_thousand_is_reddits_wall(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        pages = {f"t3_p{n - 1}": feed(range(n, n + 25)) for n in range(25, 975, 25)}
        server.route = chain(start=feed(range(25)), **pages, t3_p973=feed([974]))
        found = await pages_of(source, question())
        assert (len(ids(found)), found[-1].stopped_by) == (975, "listing_cap")

    async def test_at_the_limit_asks_no_more(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(start=feed(range(25)), t3_p24=feed(range(25, 50)))
        pages = await pages_of(source, question(30))
        assert (ids(pages), pages[-1].stopped_by) == (numbered(range(30)), "limit")
        assert len(server.requests) == 2


class TestPlace:
    async def test_that_is_gone_is_found_again_from_an_earlier_post(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(
            start=feed(range(25)), t3_p15=feed(range(16, 41)), t3_p40=feed([]), t3_p39=feed([40])
        )
        pages = await pages_of(source, question())
        assert ids(pages) == numbered(range(41))
        assert anchors(server)[:4] == [None, "t3_p24", "t3_p23", "t3_p15"]

    async def test_that_stays_gone_is_lost_and_not_the_end(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        first = [feed(range(25))]
        server.route = lambda _: first.pop() if first else feed([])
        with pytest.raises(CursorLost):
            await pages_of(source, question())

    async def test_is_kept_across_a_crash(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = chain(
            start=feed(range(25)), t3_p24=feed(range(20, 45)), t3_p44=feed(range(45, 50)),
            t3_p48=feed([49]),
        )  # fmt: skip
        whole = await pages_of(source, question(48))
        rest = await pages_of(source, question(48), whole[0].cursor)
        assert ids(whole) == numbered(range(48))
        assert ids(rest) == ids(whole)[25:]

    async def test_in_a_circle_is_left(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(feed(range(25)))
        with pytest.raises(CursorLost):
            await pages_of(source, question())
        assert len(server.requests) == 7


class TestAnswer:
    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply(status=404), NotFound),
            (as_json({"reason": "banned", "error": 404}, 404), Banned),
            (Reply(status=302, headers={"location": "/subreddits/search.rss?q=x"}), NotFound),
            (Reply(b"<html>no</html>", 403), Blocked),
            (Reply(b"<title>Blocked</title> whoa there, pardner!"), Blocked),
            (Reply(b"<html><title>Reddit - Prove your humanity</title></html>"), Challenge),
            (Reply(b"<!DOCTYPE html><p>Log in to use old Reddit</p>"), LoginRequired),
            (Reply(b"<!DOCTYPE html><p>Hello</p>"), InvalidResponse),
            (as_json({"kind": "Listing"}), InvalidResponse),
            (Reply(feed(range(25)).body[:900]), InvalidResponse),
            (Reply(b'<rss version="2.0"/>'), LayoutChanged),
            (Reply(feed([1]).body.replace(b"entry>", b"item>")), LayoutChanged),
            (feed([1], ids="t1_c"), LayoutChanged),
        ],
    )
    async def test_is_named_for_what_it_is(
        self, server: ScriptedServer, source: ScraperBackend, reply: Reply, error: type[SourceError]
    ) -> None:
        server.answer_in_turn(reply)
        with pytest.raises(SourceError) as caught:
            await pages_of(source, question())
        assert type(caught.value) is error
        assert len(server.requests) == 1

    async def test_that_quotes_a_wall_is_none(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        quote = feed([1]).body.replace(b"Post 1", b"whoa there, pardner! Prove your humanity")
        server.route = chain(start=Reply(quote))
        assert len(await source.scrape_subreddit_posts(question(1))) == 1


def thread(*comments: str, post: str = "t3_p1") -> Reply:
    about = feed([1]).body.replace(b"t3_p1", post.encode())
    entries = "".join(
        f"<entry><id>t1_{name}</id><title>/u/somebody on Post 1</title>"
        "<author><name>/u/somebody</name></author>"
        '<content type="html">&lt;!-- SC_OFF --&gt;&lt;p&gt;Yes.&lt;/p&gt;&lt;!-- SC_ON --&gt;'
        f'</content><link href="https://www.reddit.com/r/python/comments/p1/x/{name}/"/>'
        "<updated>2026-01-25T04:07:14+00:00</updated></entry>"
        for name in comments
    )
    return Reply(about.replace(b"</feed>", f"{entries}</feed>".encode()))


class TestComments:
    async def test_are_those_of_the_threads_feed(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(thread("a", "b", "a", "c"))
        found = await source.comments("t3_p1")
        assert [comment.id for comment in found] == ["t1_a", "t1_b", "t1_c"]
        assert {comment.body for comment in found} == {"Yes."}
        assert {comment.parent_id for comment in found} == {"t3_p1"}
        (request,) = server.requests
        assert (request.path, request.query) == ("/www/comments/p1.rss", {"limit": "500"})

    async def test_come_up_to_the_limit(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(thread("a", "b", "c"))
        assert len(await source.comments("t3_p1", limit=2)) == 2
        assert server.requests[0].query == {"limit": "2"}

    async def test_of_a_depth_are_refused_unasked(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        with pytest.raises(Unsupported, match="how deep"):
            await source.thread("t3_p1", depth=1)
        assert server.requests == []

    async def test_of_a_thread_without_any_are_none(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(thread())
        assert await source.comments("t3_p1") == []

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply(status=404), NotFound),
            (thread("a", post="t3_p2"), LayoutChanged),
            (feed([]), LayoutChanged),
            (feed([1, 2]), LayoutChanged),
            (Reply(thread("a").body.replace(b"comments/p1/x/a", b"a")), LayoutChanged),
            (Reply(thread("a").body.replace(b"t1_a", b"t9_a")), LayoutChanged),
            (Reply(b"<html><title>Reddit - Prove your humanity</title></html>"), Challenge),
        ],
    )
    async def test_that_are_not_there_are_named_for_what_is(
        self, server: ScriptedServer, source: ScraperBackend, reply: Reply, error: type[SourceError]
    ) -> None:
        server.answer_in_turn(reply)
        with pytest.raises(SourceError) as caught:
            await source.comments("t3_p1")
        assert type(caught.value) is error


class TestPace:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [({"retry-after": "17"}, 17), ({"x-ratelimit-reset": "44"}, 44), ({}, 60)],
    )
    async def test_follows_a_refusals_word_or_waits_a_minute(
        self,
        server: ScriptedServer,
        source: ScraperBackend,
        clock: ManualClock,
        headers: dict[str, str],
        seconds: float,
    ) -> None:
        server.answer_in_turn(Reply(status=429, headers=headers), feed(range(25)))
        assert len(await source.scrape_subreddit_posts(question(25))) == 25
        assert clock.waits == [seconds]

    async def test_is_one_request_a_minute_where_the_window_says_so(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        window = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "58"}
        first, second = (Reply(feed(numbers).body, headers=window) for numbers in NUMBERS)
        server.route = chain(start=first, t3_p24=second)
        assert len(await source.scrape_subreddit_posts(question(50))) == 50
        assert clock.waits == [58]

    async def test_holds_back_the_next_question_too(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(Reply(status=429), feed([]))
        for _ in range(2):
            with pytest.raises(RateLimited) as caught:
                await pages_of(source, question())
            assert caught.value.retry_after == 60
        assert len(server.requests) == 1


NUMBERS = (range(25), range(25, 50))
