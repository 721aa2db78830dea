"""Answers that are streams: served by the process itself, with nothing of the request held.

What a stream says is the business of `common/sse.py`; this is how its bytes leave.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from common.sse import Viewer

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Where a request's ASGI scope has the server's offer to take its stream over.
TAKER = "teppan.stream_taker"


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


async def _nothing() -> AsyncGenerator[bytes, None]:
    parts: tuple[bytes, ...] = ()
    for part in parts:
        yield part


class StreamTaker:
    """Stands between Django and the server for one request, and serves its stream if it has one.

    Django keeps the request, its answer and two tasks for as long as it sends: more than a viewer.
    """

    def __init__(self, send: Send) -> None:
        self.stream: Stream | None = None
        self._send = send
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
        viewer, send = stream.viewer, self._send
        leaving = asyncio.ensure_future(receive())
        leaving.add_done_callback(lambda _: viewer.dismiss(b""))
        try:
            async with contextlib.aclosing(stream.parts) as parts:
                if not self._is_answered:  # the client left while Django worked
                    return
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()
