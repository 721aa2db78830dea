"""A stream leaves through the server itself, and ends with its client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.test import AsyncRequestFactory

from common import streaming
from common.errors import InvalidInput
from common.sse import Viewer
from common.streaming import TAKER, EventStreamResponse, Stream, StreamTaker, cursor_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Line:
    """One request: what was sent on it, and a client that leaves when told."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.has_left = asyncio.Event()
        self.is_closed = False
        self.viewer = Viewer()
        self.stream = Stream(self._parts(), self.viewer)
        self.taker = StreamTaker(self._send)

    async def _send(self, message: Any) -> None:
        self.sent.append(dict(message))
        if message.get("body") == b"two":
            self.has_left.set()

    async def receive(self) -> dict[str, Any]:
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            yield b"two"
            while self.viewer.farewell is None:
                await asyncio.sleep(0)
        finally:
            self.is_closed = True

    async def answer_by_django(self) -> None:
        """Send what Django would: the head, and the body of the response that it sees."""
        request = AsyncRequestFactory().get("/")
        request.scope[TAKER] = self.taker
        response = EventStreamResponse(request, self.stream)
        await self.taker.send({"type": "http.response.start", "status": response.status_code})
        async for part in response:
            await self.taker.send({"type": "http.response.body", "body": part, "more_body": True})
        await self.taker.send({"type": "http.response.body", "body": b""})


class TestStreamTaker:
    async def test_sends_the_head_once_and_the_parts_until_the_client_leaves(self) -> None:
        line = Line()
        await line.answer_by_django()
        assert [message["type"] for message in line.sent] == ["http.response.start"]
        await line.taker.serve(line.receive)
        bodies = [message["body"] for message in line.sent[1:]]
        assert bodies == [b"one", b"two", b""]
        assert line.is_closed

    async def test_closes_the_parts_of_a_client_that_left_before_it_was_answered(self) -> None:
        line = Line()
        await anext(line.stream.parts)
        line.taker.stream = line.stream
        await line.taker.serve(line.receive)
        assert line.is_closed
        assert line.sent == []

    async def test_leaves_other_answers_as_they_are(self) -> None:
        line = Line()
        await line.taker.send({"type": "http.response.start", "status": 200})
        await line.taker.send({"type": "http.response.body", "body": b"{}"})
        await line.taker.serve(line.receive)
        assert [message.get("body") for message in line.sent] == [None, b"{}"]
        await line.stream.parts.aclose()


class DeafLine(Line):
    """A request whose client takes the head and then nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.was_aborted = False
        self.is_full = asyncio.Event()
        self.taker = StreamTaker(self._send, self._abort)

    async def _send(self, message: Any) -> None:
        if message.get("body"):
            self.is_full.set()
            await asyncio.Event().wait()
        self.sent.append(dict(message))

    def _abort(self) -> None:
        self.was_aborted = True
        self.has_left.set()


class TestGoodbye:
    async def test_s20_a_viewer_that_does_not_read_is_cut_off(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streaming, "GOODBYE_SECONDS", 0.05)
        line = DeafLine()
        await line.answer_by_django()
        serving = asyncio.create_task(line.taker.serve(line.receive))
        await line.is_full.wait()
        line.viewer.dismiss(b"")
        await asyncio.wait_for(serving, 10)
        assert line.was_aborted
        assert line.is_closed

    async def test_s20_one_that_was_dismissed_before_it_was_served_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(streaming, "GOODBYE_SECONDS", 0.05)
        line = DeafLine()
        await line.answer_by_django()
        line.viewer.dismiss(b"")
        await asyncio.wait_for(line.taker.serve(line.receive), 10)
        assert line.was_aborted

    async def test_one_that_reads_is_not(self) -> None:
        line = Line()
        await line.answer_by_django()
        line.viewer.dismiss(b"")
        await line.taker.serve(line.receive)
        assert line.sent[-1] == {"type": "http.response.body", "body": b""}

    async def test_a_fault_of_the_stream_is_not_taken_for_it(self) -> None:
        line = Line()

        async def broken() -> AsyncGenerator[bytes, None]:
            yield b"one"
            raise TimeoutError

        line.stream = Stream(broken(), line.viewer)
        await line.answer_by_django()
        with pytest.raises(TimeoutError):
            await line.taker.serve(line.receive)


class TestEventStreamResponse:
    async def test_is_sent_by_django_where_nobody_takes_it(self) -> None:
        line = Line()
        response = EventStreamResponse(AsyncRequestFactory().get("/"), line.stream)
        parts = aiter(response)
        assert [await anext(parts), await anext(parts)] == [b"one", b"two"]
        line.viewer.dismiss(b"")
        assert [part async for part in parts] == []


class TestCursorOf:
    @pytest.mark.parametrize("address", ["/?after=", "/?after=x", "/?after=1:"])
    def test_s11_refuses_what_is_malformed_nothing_too(self, address: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            cursor_of(AsyncRequestFactory().get(address))
        assert (refused.value.code, refused.value.attr) == ("invalid_cursor", "after")

    @pytest.mark.parametrize(
        ("address", "header", "cursor"),
        [("/", None, None), ("/?after=7", None, "7"), ("/?after=7", "8:2", "8:2"), ("/", "", None)],
    )
    def test_s11_takes_the_header_before_the_address(
        self, address: str, header: str | None, cursor: str | None
    ) -> None:
        headers = {} if header is None else {"last-event-id": header}
        found = cursor_of(AsyncRequestFactory().get(address, headers=headers))
        assert (found and str(found)) == cursor
