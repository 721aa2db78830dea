"""What single values of Reddit's JSON mean: text, numbers, instants, flags, addresses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from data_provider.parsing.reddit_wire import Scalar
    from data_provider.types import Removed

# No count on Reddit comes near this; larger ones are garbage and overflow database columns.
LARGEST_COUNT = 2**31 - 1
_BY_AUTHOR = frozenset(("author", "deleted", "user"))
_GONE: dict[str, Removed] = {
    "[deleted]": "deleted",
    "[removed]": "removed",
    "[ removed by reddit ]": "removed",
}
# The longest of them with room for blanks around it; spares lowering long texts.
_LONGEST_GONE = 32
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")


@dataclass(frozen=True)
class TextReader:
    """Reads text of one response.

    `is_escaped` = the response was not asked for with raw_json=1, so that `& < >` arrive
    escaped and are unescaped exactly once. NUL characters are dropped: PostgreSQL stores none.
    """

    is_escaped: bool

    def __call__(self, value: Scalar) -> str:
        """Return text, "" for null."""
        if not isinstance(value, str):
            return "" if value is None or isinstance(value, bool) else str(value)
        if "\x00" in value:
            value = value.replace("\x00", "")
        return unescaped(value) if self.is_escaped else value


def unescaped(text: str) -> str:
    """Return text with Reddit's three entities undone once (`&amp;lt;` gives `&lt;`)."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def count(value: Scalar) -> int | None:
    """Return a whole number, null for everything else (true and NaN too)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -LARGEST_COUNT <= value <= LARGEST_COUNT:
        return None
    return int(value)


def natural(value: Scalar) -> int | None:
    """Return a count that cannot be negative: Reddit says -1 where it does not know."""
    number = count(value)
    return number if number is not None and number >= 0 else None


def ratio(value: Scalar) -> float | None:
    """Return a share between 0 and 1, null for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None


def instant(value: Scalar) -> datetime | None:
    """Return epoch seconds as UTC, whole; null for false, true, null and the impossible."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return datetime.fromtimestamp(math.floor(float(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def author_name(text: str) -> str | None:
    """Return the name, null when the account is gone."""
    return None if text in ("", "[deleted]", "[removed]") else text


def body_and_removal(text: str, category: Scalar = None) -> tuple[str, Removed | None]:
    """Return what is left of a text and who took the rest.

    `category` is removed_by_category, which outranks the words in the text: a removed link
    post has no text to say so.
    """
    gone = _GONE.get(text.strip().lower()) if len(text) <= _LONGEST_GONE else None
    left = "" if gone else text
    return left, removal(category) or gone


def removal(category: Scalar) -> Removed | None:
    """Return who took a text away, as Reddit's own word for it says; null for no word."""
    if not isinstance(category, str) or not category:
        return None
    return "deleted" if category in _BY_AUTHOR else "removed"


def web_address(text: str) -> str | None:
    """Return an http(s) address, null for words such as `self` and for all other schemes."""
    return text if text.startswith(("https://", "http://")) else None


def is_picture_address(text: str) -> bool:
    """Say whether an address is one directly linked picture."""
    path = text.partition("?")[0].lower()
    return path.endswith(_PICTURES) and web_address(path) is not None


def relative_permalink(text: str) -> str:
    """Return the path of a permalink, with which Reddit's own answers begin."""
    if text.startswith("/"):
        return text
    try:
        return urlsplit(text).path or "/"
    except ValueError:
        return "/"
