"""Frames that no parser can misread, and the ids by which a stream is resumed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import frames
from common.errors import InvalidInput
from common.frames import Position, frame, parse_cursor
from tests.sse import Message, Parser

HOSTILE = [
    "a\nb",
    "a\rb",
    "a\r\nb",
    "end\n",
    "",
    "one\u2028line\u2029and\u0085another\x0bone\x0c",
    "nul\0nul",
    "\ufeffmark",
    "\U0001f680\U0001f9d1\u200d\U0001f373",
    "\r\nevent: done\r\ndata: {}\r\n\r\n",
    "\n\nid: 99\nevent: cancelled\ndata: {}\n\n:comment\nretry: 1\n\n",
    "data: x",
    ": x",
]


def parse(*chunks: bytes) -> list[Message]:
    parser = Parser()
    return [message for chunk in chunks for message in parser.feed(chunk)]


class TestFrame:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_s03_gives_back_any_text(self, text: str) -> None:
        sent = frame("post", {"title": text}, Position(3, 1))
        (message,) = parse(sent)
        assert (message.event, message.id, message.json()) == ("post", "3:1", {"title": text})

    @pytest.mark.parametrize("text", HOSTILE)
    def test_s04_is_one_event_of_its_own_type(self, text: str) -> None:
        before, after = frame("post", {"n": 1}), frame("post", {"n": 2})
        messages = parse(before + frame("post", {"title": text}) + after)
        assert [message.event for message in messages] == ["post"] * 3

    @given(st.text(), st.integers(1, 9))
    def test_s03_is_cut_anywhere_by_the_network(self, text: str, size: int) -> None:
        sent = frame("post", {"title": text.encode("utf-8", "replace").decode()})
        chunks = [sent[start : start + size] for start in range(0, len(sent), size)]
        assert len(parse(*chunks)) == 1

    @pytest.mark.parametrize("text", HOSTILE)
    def test_s03_survives_a_reader_that_splits_as_python_does(self, text: str) -> None:
        lines = frame("post", {"title": text}).decode().splitlines()
        assert [line.partition(":")[0] for line in lines] == ["event", "data", ""]

    def test_has_an_id_only_with_a_position(self) -> None:
        assert parse(frame("progress", {}))[0].id == ""
        assert parse(frame("target", {}, Position.end_of(12)))[0].id == "12"

    def test_s06_advises_digits(self) -> None:
        parser = Parser()
        parser.feed(frames.retry_frame(3000))
        assert parser.retry == 3000

    def test_s08_a_keepalive_is_a_comment(self) -> None:
        parser = Parser()
        assert parser.feed(frames.KEEPALIVE) == []
        assert parser.comments == ["keepalive"]


class TestParseCursor:
    @pytest.mark.parametrize(
        ("text", "position"),
        [("0", frames.START), ("12", Position.end_of(12)), ("12:34", Position(12, 34))],
    )
    def test_reads_what_ids_look_like(self, text: str, position: Position) -> None:
        assert parse_cursor(text) == position
        assert parse_cursor(str(position)) == position

    @pytest.mark.parametrize(
        "text",
        ["", "x", "-1", "1:", ":1", "1:2:3", "1 ", "1\n", "٣", "9" * 20, "1:1234567", str(2**63)],
    )
    def test_refuses_the_rest(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            parse_cursor(text)

    def test_orders_the_parts_of_an_event_before_its_end(self) -> None:
        places = [Position(1, 1), Position(1, 99), Position.end_of(1), Position(2, 1)]
        assert sorted(places) == places
