"""Writes HTML: elements with their attributes, texts that cannot break out, instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from data_provider.sandbox.bodies import HTML_TYPE, Response
from data_provider.sandbox.oddities import SURROGATE_MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

# What parsers turn into something else, or drop.
_ILLEGAL = re.compile("[\x00-\x08\x0c\x0e-\x1f]")


def attributes(values: Mapping[str, str | int | float | bool | None]) -> str:
    """Write attributes: true as one without a value, null and false not at all."""
    parts = [
        name if value is True else f'{name}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None and value is not False
    ]
    return " ".join(parts)


def text(value: str) -> str:
    """Write a text."""
    return escape(value, quote=False)


def iso(seconds: float) -> str:
    """Write an instant as old pages do."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def iso_with_fraction(seconds: float) -> str:
    """Write an instant as the attributes of cards have it, which is not quite ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def page(html: str, status: int = 200, items: int = 0) -> Response:
    """Send a page or a part of one."""
    body = _ILLEGAL.sub(" ", html).replace(SURROGATE_MARK, "\ufffd").encode()
    return Response(status, body, {}, HTML_TYPE, items=items)
