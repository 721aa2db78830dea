"""A reader of event streams that follows the WHATWG rules to the letter, over a bare socket.

Lines end at CR, LF or CRLF and nowhere else; `str.splitlines` would also split inside JSON texts
(at U+2028, for one). Used as the browser's stand-in: it never imports our own frame code.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

_CHUNK = 65536
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Message:
    """One dispatched event; `id` is the last id seen when it was dispatched."""

    event: str
    data: str
    id: str

    def json(self) -> Any:
        """Return the data, decoded."""
        return orjson.loads(self.data)


@dataclass
class Parser:
    """Turns the bytes of a stream into messages; keeps last id, retry and comments."""

    last_id: str = ""
    retry: int | None = None
    comments: list[str] = field(default_factory=list)
    _buffer: bytes = b""
    _is_at_start: bool = True
    _event: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> list[Message]:
        """Return the messages that this chunk completes; an unfinished block stays unseen."""
        self._buffer += chunk
        if self._is_at_start:
            if len(self._buffer) < len(_BOM) and _BOM.startswith(self._buffer):
                return []
            self._buffer = self._buffer.removeprefix(_BOM)
            self._is_at_start = False
        messages = (self._take(line) for line in self._lines())
        return [message for message in messages if message is not None]

    def _lines(self) -> Iterator[str]:
        while (end := _first_line_end(self._buffer)) is not None:
            # A CR that ends the chunk may be half of a CRLF.
            if self._buffer[end : end + 1] == b"\r" and end + 1 == len(self._buffer):
                return
            width = 2 if self._buffer[end : end + 2] == b"\r\n" else 1
            line, self._buffer = self._buffer[:end], self._buffer[end + width :]
            yield line.decode("utf-8", errors="replace")

    def _take(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments.append(line[1:])
            return None
        name, _, value = line.partition(":")
        self._set(name, value.removeprefix(" "))
        return None

    def _set(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry = int(value)

    def _dispatch(self) -> Message | None:
        data, event = self._data, self._event
        self._data, self._event = [], ""
        if not data:
            return None
        return Message(event or "message", "\n".join(data), self.last_id)


def _first_line_end(buffer: bytes) -> int | None:
    ends = [index for mark in (b"\n", b"\r") if (index := buffer.find(mark)) >= 0]
    return min(ends, default=None)


@dataclass
class Head:
    """Status and headers (names in lower case) of a response."""

    status: int
    headers: dict[str, str]


class Body:
    """Takes HTTP/1.1's framing off the bytes; `is_complete` when no more can come."""

    def __init__(self, head: Head) -> None:
        self._is_chunked = head.headers.get("transfer-encoding") == "chunked"
        self._left = 0 if head.status == 204 else int(head.headers.get("content-length", "-1"))
        self._buffer = b""
        self.is_complete = self._left == 0

    def feed(self, received: bytes) -> bytes:
        """Return the body's bytes in what was received."""
        if not self._is_chunked:
            self._left -= len(received)
            self.is_complete = self._left == 0
            return received
        self._buffer += received
        body = b""
        while b"\r\n" in self._buffer and not self.is_complete:
            size, _, rest = self._buffer.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if len(rest) < length + 2:
                break
            body += rest[:length]
            self._buffer = rest[length + 2 :]
            self.is_complete = length == 0
        return body


def _request(url: str, headers: Mapping[str, str]) -> tuple[tuple[str, int], bytes]:
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    return address, ("\r\n".join(lines) + "\r\n\r\n").encode()


def _parse_head(raw: bytes) -> Head:
    first, *lines = raw.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return Head(int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in pairs})


class Stream:
    """One open connection, blocking. `cut` resets it as a lost network would."""

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, *, timeout: float = 10.0
    ) -> None:
        address, request = _request(url, headers or {})
        self._socket = socket.create_connection(address, timeout)
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        raw, _, rest = received.partition(b"\r\n\r\n")
        self.head = _parse_head(raw)
        self.parser = Parser()
        self._body = Body(self.head)
        self._waiting = deque(self.parser.feed(self._body.feed(rest)))

    @property
    def has_ended_cleanly(self) -> bool:
        """Whether the response's end was received, instead of the connection's."""
        return self._body.is_complete

    def pump(self) -> bool:
        """Receive once, comments too; False at the end. Raises TimeoutError when nothing comes."""
        if self._body.is_complete or not (received := self._socket.recv(_CHUNK)):
            return False
        self._waiting.extend(self.parser.feed(self._body.feed(received)))
        return True

    def messages(self) -> Iterator[Message]:
        """Yield messages until the stream ends; raises TimeoutError when nothing arrives."""
        while self._waiting or self.pump():
            while self._waiting:
                yield self._waiting.popleft()

    def take(self, count: int) -> list[Message]:
        """Return the next messages, fewer when the stream ends first."""
        taken: list[Message] = []
        for message in self.messages():
            taken.append(message)
            if len(taken) == count:
                break
        return taken

    def cut(self) -> None:
        """Reset the connection (RST), without a goodbye."""
        _reset_on_close(self._socket)
        self._socket.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> bytes:
        received = self._socket.recv(_CHUNK)
        if not received:
            raise ConnectionError("The connection ended before the response's head did.")
        return received


class AsyncStream:
    """The same on an event loop; made by `open_stream`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.parser = Parser()
        self.head = Head(0, {})
        self._waiting: deque[Message] = deque()

    async def begin(self, request: bytes) -> None:
        """Send the request and read the response's head."""
        self._writer.write(request)
        raw = await self._reader.readuntil(b"\r\n\r\n")
        self.head = _parse_head(raw.removesuffix(b"\r\n\r\n"))
        self._body = Body(self.head)

    async def pump(self) -> bool:
        """Receive once, comments too; False at the end."""
        if self._body.is_complete or not (received := await self._reader.read(_CHUNK)):
            return False
        self._waiting.extend(self.parser.feed(self._body.feed(received)))
        return True

    async def messages(self) -> AsyncIterator[Message]:
        """Yield messages until the stream ends."""
        while self._waiting or await self.pump():
            while self._waiting:
                yield self._waiting.popleft()

    async def take(self, count: int) -> list[Message]:
        """Return the next messages, fewer when the stream ends first."""
        taken: list[Message] = []
        async for message in self.messages():
            taken.append(message)
            if len(taken) == count:
                break
        return taken

    def cut(self) -> None:
        """Reset the connection (RST), without a goodbye."""
        _reset_on_close(self._writer.get_extra_info("socket"))
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()


async def open_stream(url: str, headers: Mapping[str, str] | None = None) -> AsyncStream:
    """Open a stream and return it once the response's head is there."""
    address, request = _request(url, headers or {})
    stream = AsyncStream(*await asyncio.open_connection(*address))
    await stream.begin(request)
    return stream


def _reset_on_close(connection: Any) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
