"""Names of authors, hidden on demand: the same author has the same pseudonym within one export."""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from exports.writers.base import Column

# 50 bits: two of a million authors share a pseudonym with a probability of one in two thousand.
_DIGITS = 10
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_REMEMBERED = 50_000
# A person's own page is a subreddit of this name; posts there have it for a domain.
_OWN_PAGE = re.compile(r"((?:self\.)?u_)(.+)", re.IGNORECASE)
# Addresses of a person's pages: only on Reddit, and only where a name has its place in them.
_OWN_ADDRESS = re.compile(
    r"((?:(?:https?:)?//(?:[^/?#]*[.@])?reddit\.com(?::\d+)?)?/+(?:r/+u_|user/+|u/+))([^/?#]+)",
    re.IGNORECASE,
)
# The same amid other words, as in what a run says of its errors.
_MENTION = re.compile(r"(?<!\w)(u_|u/|user/)([\w-]+)", re.IGNORECASE)
_PLACES = {
    "subreddit": _OWN_PAGE,
    "domain": _OWN_PAGE,
    "permalink": _OWN_ADDRESS,
    "url": _OWN_ADDRESS,
}

Rows = Sequence[Sequence[Any]]


class Mask:
    """Replaces names by pseudonyms that only this export's secret connects to them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.pseudonym: Callable[[str], str] = lru_cache(_REMEMBERED)(self._make)

    def hide(self, columns: Sequence[Column], page: Rows) -> list[Sequence[Any]]:
        """Return a page with its names replaced."""
        return [
            self._hide(column.name.removeprefix("comment_"), values)
            for column, values in zip(columns, page, strict=True)
        ]

    def hide_filter(self, name: str, value: Any) -> Any:
        """Return the value of a filter with its name replaced."""
        return self._hide(name, [value])[0]

    def hide_mentions(self, told: Any) -> Any:
        """Return what JSON can say, with the names of own pages replaced in all of its texts."""
        if isinstance(told, str):
            return _MENTION.sub(self._named, told)
        if isinstance(told, Mapping):
            return {key: self.hide_mentions(value) for key, value in told.items()}
        if isinstance(told, list | tuple):
            return [self.hide_mentions(value) for value in told]
        return told

    def _hide(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        if name == "author":
            return [value and self.pseudonym(value) for value in values]
        if place := _PLACES.get(name):
            return [value and self._hide_at_start(place, value) for value in values]
        return values

    def _hide_at_start(self, place: re.Pattern[str], text: str) -> str:
        found = place.match(text)
        return self._named(found) + text[found.end() :] if found else text

    def _named(self, found: re.Match[str]) -> str:
        return found[1] + self.pseudonym(unquote(found[2]))

    def _make(self, name: str) -> str:
        # Reddit's names are the same in any case.
        digest = hmac.digest(self._secret, name.lower().encode(), "sha256")
        return "author_" + "".join(_ALPHABET[byte & 31] for byte in digest[:_DIGITS])
