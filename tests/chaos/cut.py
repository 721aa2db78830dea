"""Connections that break: a client that reads so many bytes of a stream and is gone."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.sse import Message, Parser

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_SECONDS = 30


def read_some(url: str, headers: Mapping[str, str], size: int) -> list[Message]:
    """Read `size` bytes of a stream (or all, if it is shorter), reset the connection.

    Returns the whole messages in them: what was cut in the middle is lost, as in a browser.
    """
    connection = connect(url, headers)
    raw = b""
    while len(body := body_in(raw)) < size and not raw.endswith(b"\r\n0\r\n\r\n"):
        received = connection.recv(4096)
        if not received:
            break
        raw += received
    reset(connection)
    return Parser().feed(body[:size])


def connect(url: str, headers: Mapping[str, str], *, buffer: int | None = None) -> socket.socket:
    """Send the request, read nothing; `buffer` is what the kernel takes in meanwhile."""
    parts = urlsplit(url)
    connection = socket.socket()
    connection.settimeout(_TIMEOUT_SECONDS)
    if buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.connect((parts.hostname, parts.port))
    lines = [f"GET {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connection


def reset(connection: socket.socket) -> None:
    """Reset the connection (RST), without a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def body_in(raw: bytes) -> bytes:
    """Return the bytes of the body received so far, those of an unfinished chunk too."""
    _, _, rest = raw.partition(b"\r\n\r\n")
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2 :]
    return body
