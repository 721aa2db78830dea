"""Texts that no spreadsheet evaluates (OWASP ASVS 1.2.10).

What matters are the characters that a text begins with; they are told here once, for Python and
for the databases that write lines themselves (`exports.lines`).
"""

import re
from collections.abc import Sequence

# Signs that begin a formula, with their full-width and small twins, and the minus of typography.
_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
# Control characters that some programs drop before they look for a sign.
_CONTROLS = "\t\r\n"
_SPACES = "".join(
    map(
        chr,
        (0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    )
)
_MARKS = "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A))))
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"

# What programs skip on their way to the first sign: spaces of all kinds, marks, quotes; NUL, which
# no stored text has, is left to Python.
SKIPPED_STARTS = (
    "".join(chr(code) for code in range(1, 0x20) if chr(code) not in _CONTROLS)
    + _SPACES
    + _MARKS
    + _QUOTES
    + "\ufeff"
)
# What, after that, makes a text one that a spreadsheet could evaluate.
FORMULA_STARTS = _SIGNS + _CONTROLS
# A text that begins with none of these needs no closer look: nearly all of them.
SUSPECT_STARTS = SKIPPED_STARTS + FORMULA_STARTS

_RISKY = re.compile(f"[{re.escape(SKIPPED_STARTS)}]*[{re.escape(FORMULA_STARTS)}\x00]")
_SUSPECT = frozenset(SUSPECT_STARTS + "\x00")


def defuse(text: str) -> str:
    """Return the text with `'` before it if a spreadsheet could evaluate it."""
    return f"'{text}" if _RISKY.match(text) else text


def defuse_all(texts: Sequence[str | None]) -> list[str | None]:
    """Return a column of texts, each defused."""
    return [defuse(text) if text and text[0] in _SUSPECT else text for text in texts]
