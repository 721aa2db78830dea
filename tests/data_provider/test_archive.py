from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    Blocked,
    CursorLost,
    InvalidQuery,
    InvalidResponse,
    LayoutChanged,
    NotFound,
    Page,
    Post,
    ProviderConfig,
    Query,
    RateLimited,
    ScraperBackend,
    SourceError,
    Unsupported,
    Upstream,
    get_scraper,
)
from data_provider.listing_cursor import ListingCursor
from data_provider.parsing.archive import parse_posts
from data_provider.testing import EPOCH
from tests.data_provider import oracle
from tests.data_provider.scripted_server import Reply, Request, ScriptedServer, as_json, t3

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from data_provider.testing import ManualClock
    from tests.data_provider.conftest import Recordings

DAY = 86_400


@pytest.fixture
async def source(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[ScraperBackend]:
    async with get_scraper("archive", ProviderConfig(archive_url=server.url), clock) as backend:
        yield backend


def question(limit: int = 10_000, **fields: Any) -> Query:
    return Query(subreddit="python", limit=limit, **fields)


def moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


async def pages_of(source: ScraperBackend, query: Query, cursor: str | None = None) -> list[Page]:
    async with aclosing(source.pages(query, cursor)) as pages:
        return [page async for page in pages]


def ids(pages: list[Page]) -> list[str]:
    return [post.id for page in pages for post in page.posts]


@dataclass
class Archive:
    """Posts p0, p1, ... of the given seconds, served by the archive's rules.

    Whether its bounds are part of the range is not documented, so it is tried both ways.
    """

    seconds: list[int]
    is_inclusive: bool = False
    auto: int = 100
    calls: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        self.calls.append(request.query)
        if "/subreddits/" in request.path:
            return as_json({"data": [{"display_name": "Python"}]})
        slack = 1 if self.is_inclusive else 0
        after = int(request.query.get("after", 0)) - slack
        before = int(request.query.get("before", 10**10)) + slack
        numbers = [n for n, second in enumerate(self.seconds) if after < second < before]
        numbers.sort(key=lambda n: self.seconds[n], reverse=request.query["sort"] == "desc")
        limit = request.query["limit"]
        numbers = numbers[: self.auto if limit == "auto" else int(limit)]
        return as_json({"data": [self.record(number) for number in numbers]})

    def record(self, number: int) -> dict[str, Any]:
        record: dict[str, Any] = t3(number, created_utc=self.seconds[number])["data"]
        return record


@pytest.fixture(params=[False, True], ids=["exclusive", "inclusive"])
def is_inclusive(request: pytest.FixtureRequest) -> bool:
    found: bool = request.param
    return found


class TestPages:
    @pytest.mark.parametrize(
        "seconds",
        [
            [1000 + n for n in range(350)],
            [1000 + n // 7 for n in range(350)],
            [1000 + n // 60 for n in range(350)],
            [1000 + n // 99 for n in range(350)],
            [1000, *[2000] * 99, 3000],
            [*[1000] * 99, *[1001] * 50, 1002],
        ],
        ids=lambda seconds: f"{len(seconds)}in{len(set(seconds))}",
    )
    async def test_give_every_post_once_whatever_seconds_they_share(
        self,
        server: ScriptedServer,
        source: ScraperBackend,
        seconds: list[int],
        is_inclusive: bool,
    ) -> None:
        server.route = Archive(seconds, is_inclusive)
        pages = await pages_of(source, question())
        assert sorted(ids(pages)) == sorted(f"t3_p{n}" for n in range(len(seconds)))
        assert pages[-1].stopped_by == "exhausted"
        times = [post.created_at for page in pages for post in page.posts]
        assert times == sorted(times, reverse=True)

    async def test_end_with_an_error_where_a_second_holds_more_than_can_be_seen(
        self, server: ScriptedServer, source: ScraperBackend, is_inclusive: bool
    ) -> None:
        server.route = archive = Archive([1000, *[2000] * 101, 3000], is_inclusive)
        with pytest.raises(CursorLost):
            await pages_of(source, question())
        assert len(archive.calls) < 8

    async def test_go_on_from_any_cursor(
        self, server: ScriptedServer, source: ScraperBackend, is_inclusive: bool
    ) -> None:
        server.route = Archive([1000 + n // 30 for n in range(350)], is_inclusive)
        whole = await pages_of(source, question(330))
        for number, page in enumerate(whole[:-1], start=1):
            rest = await pages_of(source, question(330), page.cursor)
            assert ids(rest) == ids(whole[number:])
        assert (len(ids(whole)), whole[-1].stopped_by) == (330, "limit")

    async def test_keep_to_dates_exactly(
        self, server: ScriptedServer, source: ScraperBackend, is_inclusive: bool
    ) -> None:
        server.route = Archive([1000 + n // 3 for n in range(900)], is_inclusive)
        query = question(since=moment(1100), until=moment(1200))
        assert sorted(ids(await pages_of(source, query))) == sorted(
            f"t3_p{n}" for n in range(300, 600)
        )

    async def test_read_parts_of_seconds_as_dates(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = Archive([1100, 1101, 1102])
        half = moment(1100).replace(microsecond=500_000)
        assert ids(await pages_of(source, question(since=half))) == ["t3_p2", "t3_p1"]
        assert ids(await pages_of(source, question(until=half))) == ["t3_p0"]

    async def test_of_a_few_posts_ask_for_no_more(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = archive = Archive([1000 + n for n in range(900)])
        assert len(ids(await pages_of(source, question(5)))) == 5
        assert archive.calls == [{"subreddit": "python", "limit": "5", "sort": "desc"}]

    async def test_of_many_posts_are_as_large_as_the_archive_likes(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = archive = Archive([1000 + n for n in range(3000)], auto=1000)
        assert len(ids(await pages_of(source, question(2000)))) == 2000
        assert [call["limit"] for call in archive.calls] == ["auto", "auto", "100"]

    async def test_that_come_empty_where_posts_were_are_asked_again_once(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        archive = Archive([1000 + n for n in range(150)])
        empty = as_json({"data": []})

        def forgets(*numbers: int) -> Any:
            return lambda request: empty if len(server.requests) in numbers else archive(request)

        server.route = forgets(2)
        assert len(ids(await pages_of(source, question()))) == 150
        server.requests.clear()
        server.route = forgets(2, 3)
        with pytest.raises(CursorLost):
            await pages_of(source, question())

    async def test_refuse_other_questions(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        with pytest.raises(Unsupported):
            await pages_of(source, question(sort="top"))
        with pytest.raises(InvalidQuery):
            await pages_of(source, question(), ListingCursor(after="t3_x").encode())
        assert server.requests == []


class TestSubreddit:
    async def test_without_posts_is_empty_when_it_is_known(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = Archive([])
        (only,) = await pages_of(source, question())
        assert (only.posts, only.stopped_by, only.requests) == ((), "exhausted", 2)
        assert (await source.subreddit_about("python")).name == "Python"

    async def test_that_never_was_is_not_found(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(as_json({"data": []}))
        with pytest.raises(NotFound):
            await pages_of(source, question())


class TestTrouble:
    async def test_of_a_slow_question_is_asked_again_in_smaller_pieces(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        archive = Archive([1000 + n for n in range(300)])
        slow = as_json({"data": None, "error": "Timeout. Maybe slow down a bit"}, 422)

        def route(request: Request) -> Reply:
            limit = request.query["limit"]
            return slow if limit == "auto" or int(limit) > 50 else archive(request)

        server.route = route
        assert len(await source.scrape_subreddit_posts(question(300))) == 300
        assert [request.query["limit"] for request in server.requests[:4]] == [
            "auto", "100", "50", "50",
        ]  # fmt: skip
        assert clock.waits == [1, 2]

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (as_json({"data": None, "error": "Slow down a little"}), Upstream),
            (as_json({"data": None, "error": "Timeout"}, 422), Upstream),
            (as_json({"data": None, "error": "limit must be"}, 400), Unsupported),
            (as_json({"data": {"edges": []}}), LayoutChanged),
            (as_json({"posts": []}), LayoutChanged),
            (as_json({"data": [{"id": "x"}]}), LayoutChanged),
            (as_json([]), LayoutChanged),
            (Reply(b'{"data": [{"id"'), InvalidResponse),
            (Reply(b"<html>busy</html>"), InvalidResponse),
            (Reply(b"<html>no</html>", 403), Blocked),
            (Reply(b"<html>bad gateway</html>", 502), Upstream),
            (as_json({"error": "too many requests"}, 429, retry_after="9"), RateLimited),
        ],
    )
    async def test_is_named_for_what_it_is(
        self, server: ScriptedServer, source: ScraperBackend, reply: Reply, error: type[SourceError]
    ) -> None:
        server.answer_in_turn(reply)
        with pytest.raises(SourceError) as caught:
            await pages_of(source, question())
        assert type(caught.value) is error

    async def test_of_a_window_that_ends_at_a_moment_is_waited_for(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        archive = Archive([1000, 1001])
        ends = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH.timestamp() + 42)}

        def route(request: Request) -> Reply:
            reply = archive(request)
            return Reply(reply.body, headers=ends if len(server.requests) == 1 else {})

        server.route = route
        assert len(await source.scrape_subreddit_posts(question())) == 2
        assert clock.waits == [42]


def one(**fields: Any) -> Post:
    record = t3(1, created_utc=1_700_000_000, score=9, num_comments=4, upvote_ratio=0.9)["data"]
    (post,) = parse_posts(json.dumps({"data": [record | fields]}).encode())
    return post


class TestRecord:
    def test_is_reddits_own_post_without_its_envelope(self, recordings: Recordings) -> None:
        same = 0
        for recording in recordings.of_kind("listing", "listing_top_daily"):
            wires = oracle.things(recording.value, "t3")
            body = json.dumps({"data": wires}, ensure_ascii=False).encode()
            for post, wire in zip(parse_posts(body), wires, strict=True):
                is_raw = any(sign in json.dumps(wire) for sign in "<>") or recording.raw_json
                wanted = oracle.post(wire, raw_json=is_raw)
                if wanted["removed"]:
                    wanted["selftext"] = ""
                assert {name: getattr(post, name) for name in wanted} == wanted
                same += 1
        assert same > 300

    @pytest.mark.parametrize(
        ("fields", "is_known"),
        [
            ({"retrieved_on": 1_700_000_020}, False),
            ({"retrieved_on": 1_700_000_020, "_meta": {"removal_type": "x"}}, False),
            (
                {"retrieved_on": 1_700_000_020, "_meta": {"retrieved_2nd_on": 1_700_129_600}},
                True,
            ),
            ({"retrieved_on": 1_700_000_000 + DAY}, True),
            ({}, True),
        ],
    )
    def test_of_a_newborn_knows_no_numbers(self, fields: dict[str, Any], is_known: bool) -> None:
        post = one(**fields)
        numbers = (post.score, post.num_comments, post.upvote_ratio)
        assert numbers == ((9, 4, 0.9) if is_known else (None, None, None))

    @pytest.mark.parametrize(
        ("word", "removed", "author"),
        [
            ("deleted", "deleted", None),
            ("author", "deleted", None),
            ("moderator", "removed", "somebody"),
            (None, "removed", "somebody"),
        ],
    )
    def test_of_a_post_that_is_gone_is_as_bare_as_on_reddit(
        self, word: str | None, removed: str, author: str | None
    ) -> None:
        notes = {"was_deleted_later": True, "removal_type": word}
        post = one(selftext="kept by the archive", _meta=notes)
        assert (post.selftext, post.removed, post.author) == ("", removed, author)

    def test_of_a_post_that_came_back_is_whole(self) -> None:
        notes = {"was_initially_deleted": True, "removal_type": "automod_filtered"}
        post = one(selftext="restored", _meta=notes)
        assert (post.selftext, post.removed) == ("restored", None)

    def test_is_unescaped_where_it_was_escaped(self) -> None:
        assert one(title="a &amp;amp; b &lt;i&gt;").title == "a &amp; b <i>"
        assert one(title="a &amp; b <i>").title == "a &amp; b <i>"
        assert one(title="a & b &lt;i&gt;").title == "a & b &lt;i&gt;"

    def test_without_permalink_gets_the_one_that_reddit_understands(self) -> None:
        record = t3(1)["data"]
        del record["permalink"]
        (post,) = parse_posts(json.dumps({"data": [record]}).encode())
        assert post.permalink == "/r/python/comments/p1/"

    def test_with_a_lone_surrogate_is_read(self) -> None:
        assert one(title="x\ud83dy").title == "x\ufffdy"
