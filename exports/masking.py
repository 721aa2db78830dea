"""Names of authors, hidden on demand: the same author has the same pseudonym within one export."""

import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from exports.writers.base import Column

# 50 bits: two of a million authors share a pseudonym with a probability of one in two thousand.
_DIGITS = 10
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_REMEMBERED = 50_000
# A person's own page is a subreddit of this name, and its posts' addresses carry it too.
_OWN_PAGE = "u_"
_WITH_NAMES = ("subreddit", "permalink", "url", "crosspost_parent")

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

    def _hide(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        if name == "author":
            return [value and self.pseudonym(value) for value in values]
        if name in _WITH_NAMES:
            return [self._hide_own_page(value) for value in values]
        return values

    def _hide_own_page(self, text: str | None) -> str | None:
        """Replace the name in `u_name`, `/r/u_name/...` and `/user/name/...`."""
        if not text or not any(mark in text.lower() for mark in ("u_", "/user/", "/u/")):
            return text
        parts = text.split("/")
        for index, part in enumerate(parts):
            if part.lower().startswith(_OWN_PAGE):
                parts[index] = _OWN_PAGE + self.pseudonym(part[len(_OWN_PAGE) :])
            elif index and parts[index - 1].lower() in ("user", "u"):
                parts[index] = self.pseudonym(part)
        return "/".join(parts)

    def _make(self, name: str) -> str:
        # Reddit's names are the same in any case.
        digest = hmac.digest(self._secret, name.lower().encode(), "sha256")
        return "author_" + "".join(_ALPHABET[byte & 31] for byte in digest[:_DIGITS])
