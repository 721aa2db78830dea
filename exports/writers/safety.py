"""Texts that no spreadsheet evaluates (OWASP ASVS 1.2.10)."""

import re
from collections.abc import Sequence

# Signs that begin a formula, with their full-width and small twins, and the minus of typography.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
# Control characters that some programs drop before they look for a sign.
_CONTROLS = "\\t\\r\\n\\x00"
# What programs skip on their way to the first sign: spaces of all kinds, marks, quotes.
_SKIPPED = (
    "\\s\\x00-\\x20\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff"
    "\"'`\\u2018\\u2019\\u201c\\u201d"
)

_RISKY = re.compile(f"[{_SKIPPED}]*[{_SIGNS}{_CONTROLS}]")

# A text that begins with none of these needs no closer look: nearly all of them.
_SUSPECT = frozenset(
    {chr(code) for code in range(0x21)}
    | {chr(code) for code in (0x7F, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)}
    | {chr(code) for code in range(0x2000, 0x2010)}
    | {chr(code) for code in range(0x202A, 0x202F)}
    | {chr(code) for code in range(0x2060, 0x206A)}
    | set("\ufeff\"'`=+-@\u2018\u2019\u201c\u201d")
    | set("\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
)


def defuse(text: str) -> str:
    """Return the text with `'` before it if a spreadsheet could evaluate it."""
    return f"'{text}" if _RISKY.match(text) else text


def defuse_all(texts: Sequence[str | None]) -> list[str | None]:
    """Return a column of texts, each defused."""
    return [defuse(text) if text and text[0] in _SUSPECT else text for text in texts]
