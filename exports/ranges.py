"""Which part of a file a request asks for (RFC 9110, section 14)."""

import re

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(Exception):  # noqa: N818 -- a state of the request
    """The part asked for lies outside of the file."""


def range_of(header: str | None, size: int) -> tuple[int, int] | None:
    """Return first byte and length, or None for the whole file.

    What is not one plain range of bytes is ignored, as the standard allows. Raises Unsatisfiable.
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        if not length:
            raise Unsatisfiable
        return size - length, length
    first = int(match[1])
    last = min(int(match[2]) if match[2] else size - 1, size - 1)
    if match[2] and int(match[2]) < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, last - first + 1
