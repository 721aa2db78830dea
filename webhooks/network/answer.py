"""What an attempt came to, and how much of a hostile answer is read and kept."""

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse

# As much of an answer as helps a person, decoded.
CAPTURE_BYTES = 16 * 1024


@dataclass(frozen=True)
class Answer:
    """What an attempt came to. Success is a 2xx status, whatever happened to the body after it.

    `error_code` is None on success, else one of `http_status redirect timeout dns connect tls reset
    blocked_address invalid_response`; `status_code` None if none was seen; `latency_ms` until it
    was; `headers` by lower-case name; `body` at most CAPTURE_BYTES, decoded, hostile.
    """

    status_code: int | None
    error_code: str | None
    error_detail: str
    latency_ms: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Capture:
    """What has been read of an answer so far: it outlives the deadline that cuts it off."""

    def __init__(self) -> None:
        self.status: int | None = None
        self._at = 0.0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._read = 0
        self._decoder: Any = None

    def begin(self, response: ClientResponse) -> None:
        """Keep status and headers; from here on the attempt has an outcome."""
        self.status = response.status
        self._at = time.monotonic()
        self._headers = {name.lower(): value for name, value in response.headers.items()}
        encoding = self._headers.get("content-encoding", "").strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            # 32 + 15: zlib finds out itself whether it is gzip or zlib.
            self._decoder = zlib.decompressobj(47)

    def add(self, chunk: bytes) -> bool:
        """Keep a piece of the body; False once enough was read."""
        self._read += len(chunk)
        room = CAPTURE_BYTES - len(self._body)
        self._body += self._decode(chunk, room)[:room]
        return len(self._body) < CAPTURE_BYTES and self._read < CAPTURE_BYTES

    def answer(self, started: float) -> Answer:
        """Return what was seen, classified; only after `begin`."""
        status = self.status or 0
        code, detail = None, ""
        if 300 <= status < 400:  # noqa: PLR2004 -- HTTP's classes
            code, detail = "redirect", f"Answered {status}; redirects are not followed."
        elif not 200 <= status < 300:  # noqa: PLR2004
            code, detail = "http_status", f"Answered {status}."
        latency = milliseconds_between(started, self._at)
        return Answer(status, code, detail, latency, self._headers, bytes(self._body))

    def _decode(self, chunk: bytes, room: int) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            decoded: bytes = self._decoder.decompress(chunk, room)
        except zlib.error:
            self._decoder = None
            return chunk
        return decoded


def milliseconds_between(started: float, ended: float) -> int:
    """Return whole milliseconds between two readings of a clock in seconds."""
    return round((ended - started) * 1000)
