"""Bodies above the limit are refused before anything else looks at them."""

from __future__ import annotations

from typing import Any

import pytest

from config.asgi import Application

LIMIT = 1000


class Exchange:
    """One request to an application that echoes the length of what it read."""

    def __init__(self, chunks: list[bytes], headers: list[tuple[bytes, bytes]]) -> None:
        self._chunks = chunks
        self.scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        self.sent: list[dict[str, Any]] = []
        self.was_called = False

    async def run(self) -> int:
        await Application(self._echo, body_limit=LIMIT)(self.scope, self._receive, self._send)
        return self.sent[0]["status"]

    async def _receive(self) -> dict[str, Any]:
        body = self._chunks.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self._chunks)}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    async def _echo(self, scope: Any, receive: Any, send: Any) -> None:
        self.was_called = True
        has_more = True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            has_more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})


class TestBodies:
    async def test_x16_an_announced_length_above_the_limit_is_413_unread(self) -> None:
        exchange = Exchange([b"x"], [(b"content-length", b"1001")])
        assert await exchange.run() == 413
        assert not exchange.was_called

    async def test_x16_a_longer_body_than_announced_is_413(self) -> None:
        exchange = Exchange([b"x" * 600, b"x" * 600, b"x" * 10_000], [])
        assert await exchange.run() == 413

    @pytest.mark.parametrize("length", [0, 1, LIMIT])
    async def test_a_body_up_to_the_limit_passes(self, length: int) -> None:
        exchange = Exchange([b"x" * length], [(b"content-length", str(length).encode())])
        assert await exchange.run() == 200

    async def test_x16_a_length_that_is_no_number_passes_to_the_counter(self) -> None:
        exchange = Exchange([b"x" * 2000], [(b"content-length", b"abc")])
        assert await exchange.run() == 413
