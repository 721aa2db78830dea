"""Answers that are streams: served by the process itself, with nothing of the request held.

What a stream says is the business of `common/sse.py`; this is how its bytes leave.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from common.errors import InvalidInput
from common.frames import Position, parse_cursor
from common.sse import Viewer

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Where a request's ASGI scope has the server's offer to take its stream over.
TAKER = "teppan.stream_taker"

# A viewer that was told to end may take this long to take its last bytes: one that does not read
# would keep its connection for ever.
GOODBYE_SECONDS = 2.0


@dataclass(frozen=True)
class Stream:
    """A viewer's connection, ready to be served: what it is sent, and how it is told to end."""

    parts: AsyncGenerator[bytes, None]
    viewer: Viewer


class EventStreamResponse(StreamingHttpResponse):
    """An answer that is a stream of events; no proxy may hold it back, compress or keep it.

    Where the server offers to (`StreamTaker`), it takes the parts over, so that nothing of the
    request is held while the stream is open; else Django sends them.
    """

    def __init__(self, request: HttpRequest, stream: Stream) -> None:
        taker: StreamTaker | None = getattr(request, "scope", {}).get(TAKER)
        if taker is not None:
            taker.stream = stream
        super().__init__(
            _nothing() if taker else stream.parts,
            content_type="text/event-stream; charset=utf-8",
            headers={
                "Cache-Control": "no-cache, no-transform",
                "X-Accel-Buffering": "no",
                "Content-Encoding": "identity",
            },
        )


def cursor_of(request: HttpRequest) -> Position | None:
    """Return what a stream's client has already, by header or address. Raises InvalidInput."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("after")
    return None if text is None else parse_cursor(text)


def refuse_unknown(request: HttpRequest, known: str) -> None:
    """Raise InvalidInput for a parameter of the address that is not the known one."""
    if unknown := sorted(set(request.GET) - {known}):
        raise InvalidInput(
            "unknown_parameter", f"Unknown parameter: {unknown[0]}.", attr=unknown[0]
        )


async def _nothing() -> AsyncGenerator[bytes, None]:
    parts: tuple[bytes, ...] = ()
    for part in parts:
        yield part


class StreamTaker:
    """Stands between Django and the server for one request, and serves its stream if it has one.

    Django keeps the request, its answer and two tasks for as long as it sends: more than a viewer.
    """

    def __init__(self, send: Send, abort: Callable[[], None] | None = None) -> None:
        self.stream: Stream | None = None
        self._send = send
        self._abort = abort
        self._is_answered = False

    async def send(self, message: Message) -> None:
        """Pass on what Django sends; not the end of a body that is still to come."""
        if message["type"] == "http.response.start":
            self._is_answered = True
        elif self.stream is not None:
            return
        await self._send(message)

    async def serve(self, receive: Receive) -> None:
        """Send the stream's parts, until it ends or the client has left."""
        stream = self.stream
        if stream is None:
            return
        viewer = stream.viewer
        leaving = asyncio.ensure_future(receive())
        leaving.add_done_callback(lambda _: viewer.dismiss(b""))
        try:
            async with asyncio.timeout(None) as patience:
                viewer.on_dismiss = partial(_begin_to_end, patience)
                if viewer.farewell is not None:
                    viewer.on_dismiss()
                await self._send_parts(stream.parts)
        except TimeoutError:
            if not patience.expired():
                raise
            if self._abort is not None:
                self._abort()
                await leaving
        finally:
            viewer.on_dismiss = None
            leaving.cancel()

    async def _send_parts(self, stream_parts: AsyncGenerator[bytes, None]) -> None:
        send = self._send
        async with contextlib.aclosing(stream_parts) as parts:
            if not self._is_answered:  # the client left while Django worked
                return
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _begin_to_end(patience: asyncio.Timeout) -> None:
    patience.reschedule(asyncio.get_running_loop().time() + GOODBYE_SECONDS)
