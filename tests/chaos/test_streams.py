"""What comes down a stream: headers, first bytes, frames, cursors."""

from __future__ import annotations

import itertools
import random
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.cut import read_some
from tests.chaos.line import durable, ids, place, posts, until_deadline
from tests.chaos.upstream import page_of, post_of

if TYPE_CHECKING:
    from tests.chaos.line import Line, Person

# The keepalive of 15 s at the tests' scale of time, and what a busy machine may add.
KEEPALIVE_SECONDS = 1.5
LATE_SECONDS = 3.5

HOSTILE = {
    "LF": "a\nb",
    "CR": "a\rb",
    "CRLF": "a\r\nb",
    "ends with a line": "a\n",
    "starts with lines": "\n\n\na",
    "empty": "",
    "separators": "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg",
    "BOM": "\ufeffa",
    "emoji": "\U0001f680\U0001f9d1\u200d\U0001f373",
    "an event": "x\r\revent: done\rdata: {}\r\r",
    "an event with blank lines": "x\n\nevent: complete\nid: 99999\ndata: {}\n\n",
    "retry": "x\n\nretry: 1\n\n:comment\n\n",
    "fields": "data: x\nid: 1\nevent: y",
    "quotes": '"}\\"]\\u000a',
    "right to left": "\u202etxet\u202c",
}


@pytest.fixture(scope="module")
def finished(person: Person) -> int:
    """A live job that has ended: two pages, 150 posts."""
    job = person.start("python", limit=150)
    person.watch(job)
    return job


@pytest.fixture(scope="module")
def whole(person: Person, finished: int) -> list[str]:
    """The ids of all its events."""
    return [event["id"] for event in person.events(finished)]


class TestHead:
    def test_s01_is_not_compressed_and_not_buffered(self, line: Line, person: Person) -> None:
        job = person.start("tiny")
        with person.stream(job, **{"Accept-Encoding": "gzip"}) as stream:
            head, messages = stream.head, list(until_deadline(stream))
        assert head.status == 200
        assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert head.headers["cache-control"] == "no-cache, no-transform"
        assert head.headers["x-accel-buffering"] == "no"
        assert head.headers["content-encoding"] == "identity"
        assert "content-length" not in head.headers
        assert messages[0].event == "snapshot"
        assert messages[-1].event == "complete"

    def test_s02_begins_within_a_second_although_nothing_happens(
        self, line: Line, person: Person
    ) -> None:
        job = person.start("stalled")
        waits = []
        # The best of some: a busy machine may be late once.
        for _ in range(4):
            begun = time.monotonic()
            with person.stream(job) as stream:
                (first,) = stream.take(1)
                waits.append(time.monotonic() - begun)
            assert first.event == "snapshot"
            assert first.json()["id"] == job
        assert min(waits) < 1
        person.cancel(job)

    def test_s06_advises_to_retry_in_digits(self, person: Person, finished: int) -> None:
        with person.stream(finished) as stream:
            list(until_deadline(stream))
            assert stream.parser.retry == 3000

    def test_s08_comments_while_nothing_happens(self, line: Line, person: Person) -> None:
        job = person.start("stalled")
        with person.stream(job) as stream:
            messages, heard, comments = [], [time.monotonic()], []
            while len(comments) < 3:
                assert stream.pump()
                heard.append(time.monotonic())
                comments += heard[-1:] * (len(stream.parser.comments) - len(comments))
                messages += list(stream._waiting)
                stream._waiting.clear()
        # Nothing is heard for longer at any time, from the first moment on; and no more than asked.
        gaps = [late - early for early, late in itertools.pairwise(heard)]
        assert all(gap < KEEPALIVE_SECONDS + LATE_SECONDS for gap in gaps), gaps
        assert comments[-1] - comments[0] > KEEPALIVE_SECONDS, comments
        assert set(stream.parser.comments) == {"keepalive"}
        assert {message.event for message in messages} <= {"snapshot", "target", "progress"}
        person.cancel(job)


class TestFrames:
    def test_s03_s04_hostile_texts_come_whole_and_as_one_event_each(
        self, line: Line, person: Person
    ) -> None:
        texts = list(HOSTILE.values())
        laid = [post_of("hostile", n, title=text, selftext=text) for n, text in enumerate(texts)]
        line.upstream.lay("hostile", [page_of(laid)])
        job = person.start("hostile", backend="native_json")
        messages = person.watch(job)
        shown = [one for one in messages if one.event == "post"]
        assert [one.json()["title"] for one in shown] == texts
        assert [one.json()["selftext"] for one in shown] == texts
        events = [one.event for one in messages if one.event not in ("progress", "target")]
        assert events == ["snapshot", *["post"] * len(texts), "complete"]
        assert all(len(one.data.splitlines()) == 1 for one in messages)
        stored = list(person.listed(f"/api/scraper/jobs/{job}/posts/"))
        assert [one.json() for one in shown] == stored

    def test_s03_what_no_database_can_hold_is_left_out(self, line: Line, person: Person) -> None:
        laid = [post_of("unheld", 1, title="a\0b", selftext="half \ud83d of it")]
        line.upstream.lay("unheld", [page_of(laid)])
        messages = person.watch(person.start("unheld", backend="native_json"))
        (shown,) = [one.json() for one in messages if one.event == "post"]
        assert shown["title"] == "ab"
        assert re.fullmatch("half .* of it", shown["selftext"])
        assert messages[-1].json()["status"] == "completed"

    @pytest.mark.parametrize("subreddit", ["oddities", "surrogates"])
    def test_s04_every_odd_post_of_reddit_is_one_event(
        self, line: Line, person: Person, subreddit: str
    ) -> None:
        job = person.start(subreddit, limit=1000)
        messages = person.watch(job)
        assert messages[-1].json()["status"] == "completed"
        assert {one.event for one in messages} <= {
            "snapshot", "post", "target", "progress", "complete"
        }  # fmt: skip
        stored = list(person.listed(f"/api/scraper/jobs/{job}/posts/?page_size=200"))
        assert [one.json() for one in messages if one.event == "post"] == stored

    def test_s07_a_block_that_was_cut_comes_again(
        self, person: Person, finished: int, whole: list[str]
    ) -> None:
        url = person.stream_url(finished)
        headers = {"Authorization": f"Bearer {person.token}"}
        for size in range(40_000, 41_000, 97):
            begun = durable(read_some(url, headers, size))
            last = begun[-1].id if begun else ""
            rest = person.watch(finished, last)
            assert ids([*begun, *rest]) == whole


class TestCursor:
    def test_s10_fifty_cuts_lose_and_double_nothing(self, line: Line, person: Person) -> None:
        line.slow("python", 150)
        dice = random.Random(10)
        job = person.start("python", limit=1000)
        seen: list[Any] = []
        for cut in range(50):
            headers = {"Authorization": f"Bearer {person.token}"}
            if seen:
                headers["Last-Event-ID"] = seen[-1].id
            url = person.stream_url(job, via=cut % len(line.urls))
            seen += durable(read_some(url, headers, dice.randint(1, 25_000)))
        seen += durable(person.watch(job, seen[-1].id))
        found = ids(seen)
        assert found == [event["id"] for event in person.events(job)]
        assert found == sorted(set(found), key=place)
        assert len(set(posts(seen))) == len(posts(seen)) == 1000
        assert len(line.asked("python")) == 10

    def test_s11_a_cursor_in_the_address_is_as_good_as_one_in_the_header(
        self, person: Person, finished: int, whole: list[str]
    ) -> None:
        for at in (0, 1, 70, len(whole) - 2):
            headers = {"Authorization": f"Bearer {person.token}"}
            url = person.stream_url(finished, after=whole[at])
            by_address = read_some(url, headers, 10**7)
            by_header = person.watch(finished, whole[at])
            assert ids(by_address) == ids(by_header) == whole[at + 1 :]
            assert by_address == by_header

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "-1",
            "1:",
            ":1",
            "1:2:3",
            "1.5",
            "1" * 20,
            "1:1234567",
            "\uff11",
            "1 2",
            "0x1",
            "1e3",
        ],
    )
    def test_s11_a_malformed_cursor_is_refused(
        self, person: Person, finished: int, cursor: str
    ) -> None:
        path = f"/api/scraper/jobs/{finished}/stream/"
        for options in (
            {"params": {"after": cursor}},
            {"headers": {"Last-Event-ID": cursor.encode()}},
        ):
            answer = person.clients[0].get(path, **options)  # type: ignore[arg-type]
            assert answer.status_code == 400, options
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["errors"][0]["attr"] == "after"

    def test_s11_an_unknown_cursor_starts_over(
        self, person: Person, finished: int, whole: list[str]
    ) -> None:
        for cursor in ("999999", "9" * 18, "999999:3"):
            messages = person.watch(finished, cursor)
            assert [one.event for one in messages[:2]] == ["reset", "snapshot"]
            assert ids(messages) == whole

    def test_s13_after_the_end_there_is_the_tail_and_then_nothing(
        self, person: Person, finished: int, whole: list[str]
    ) -> None:
        messages = person.watch(finished, whole[-5])
        assert ids(messages) == whole[-4:]
        assert [one.event for one in durable(messages)][-1] == "complete"
        for _ in range(2):
            with person.stream(finished, messages[-1].id) as stream:
                assert stream.head.status == 204
                assert not stream.pump()

    def test_s14_nothing_falls_between_snapshot_and_stream(
        self, line: Line, person: Person
    ) -> None:
        for mode in ["stream", "bulk"] * 12:
            job = person.start("tiny", mode=mode)
            messages = person.watch(job)
            assert len(set(posts(messages))) == len(posts(messages)) == 7
            assert ids(messages) == [event["id"] for event in person.events(job)]
            assert [one.event for one in messages].count("complete") == 1

    def test_s15_two_viewers_see_the_same(self, line: Line, person: Person) -> None:
        line.slow("travel", 100)
        job = person.start("travel", limit=400)
        with person.stream(job) as first, person.stream(job, via=-1) as second:
            assert durable(list(until_deadline(first))) == durable(list(until_deadline(second)))

    def test_s35_the_list_of_events_is_the_stream(
        self, person: Person, finished: int, whole: list[str]
    ) -> None:
        for cursor in ("", whole[0], whole[60], whole[-2]):
            streamed = durable(person.watch(finished, cursor))
            listed = person.events(finished, cursor)
            assert [(one.id, one.event, one.json()) for one in streamed] == [
                (event["id"], event["type"], event["data"]) for event in listed
            ]
        assert person.events(finished, whole[-1]) == []

    def test_s36_twenty_refreshes_ask_upstream_once(self, line: Line, person: Person) -> None:
        line.slow("photography", 200)
        job = person.start("photography", limit=500)
        for turn in range(20):
            with person.stream(job, via=turn % len(line.urls)) as stream:
                assert stream.take(1)[0].event == "snapshot"
        messages = person.watch(job)
        assert len(set(posts(messages))) == 500
        asked = [one["query"] for one in line.asked("photography")]
        assert len(asked) == len(set(asked)) == 5
        assert person.job(job)["attempt"] == 1
