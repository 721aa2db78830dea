"""How events look on the wire, and the ids by which a stream is resumed."""

import re
from typing import Any, NamedTuple, Self

import orjson

from common.errors import InvalidInput

RETRY_MILLISECONDS = 3000
KEEPALIVE = b":keepalive\n\n"

_CURSOR = re.compile(r"(\d{1,19})(?::(\d{1,6}))?", re.ASCII)
# Beyond every place inside an event: a cursor without a place means "all of this event was seen".
_END = 10**7
_LARGEST_SEQ = 2**63 - 1

# JSON may contain these raw, and the standard's parser keeps them, but clients that split lines
# the way Python's str.splitlines does would cut the data there.
_SEPARATORS = {
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
    "\u0085".encode(): b"\\u0085",
}


class Position(NamedTuple):
    """A place in a log: after the n-th part of event `seq`, or after all of it."""

    seq: int
    n: int

    @classmethod
    def end_of(cls, seq: int) -> Self:
        """Return the place after the whole event."""
        return cls(seq, _END)

    @property
    def is_inside(self) -> bool:
        """Whether parts of the same event may follow."""
        return self.n < _END

    def __str__(self) -> str:
        return f"{self.seq}:{self.n}" if self.is_inside else str(self.seq)


START = Position.end_of(0)


def parse_cursor(text: str) -> Position:
    """Return the position that a client resumes from. Raises InvalidInput."""
    match = _CURSOR.fullmatch(text)
    if not match or int(match[1]) > _LARGEST_SEQ:
        raise InvalidInput("invalid_cursor", "An event id looks like 12 or 12:34.", attr="after")
    return Position(int(match[1]), int(match[2]) if match[2] else _END)


def as_json(data: Any) -> bytes:
    """Return data as one line of JSON that no line splitter can cut."""
    text = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    for raw, escaped in _SEPARATORS.items():
        if raw in text:
            text = text.replace(raw, escaped)
    return text


def frame(event: str, data: Any, position: Position | None = None) -> bytes:
    """Return one event as sent; only durable events have a position."""
    number = b"id: %s\n" % str(position).encode() if position else b""
    return b"%sevent: %s\ndata: %s\n\n" % (number, event.encode(), as_json(data))


def retry_frame(milliseconds: int) -> bytes:
    """Return the advice how long to wait before reconnecting."""
    return b"retry: %d\n\n" % milliseconds
