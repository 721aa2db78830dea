"""What text search understands by a word, in posts and in what people type; knows no database.

Both engines index the words made here, so that they find the same posts: letters count without
case and accents, Chinese and Japanese characters one by one, and nothing is stemmed.
"""

import re
import unicodedata
from dataclasses import dataclass

from common.errors import InvalidInput

# PostgreSQL numbers no more than 16,383 words of a text: what comes later could not be told apart.
MOST_WORDS = 16_000
# Twice Reddit's limit for a text; with it a document stays below PostgreSQL's limit of 1 MB.
LONGEST_TEXT = 100_000
# Longer runs of letters are data that somebody pasted; their beginning is enough to find them.
LONGEST_WORD = 64
# More than people type; each costs a look into the index.
MOST_TERMS = 32
# A beginning of one letter stands for a good part of all words.
SHORTEST_BEGINNING = 2

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_TERM = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"?|(?P<plain>[^\s"]+))')


@dataclass(frozen=True)
class Term:
    """Words that follow each other; the last one may be only the beginning of a word."""

    words: tuple[str, ...]
    is_beginning: bool = False


@dataclass(frozen=True)
class Wish:
    """What is searched: of each group at least one term, and none of the unwanted terms."""

    groups: tuple[tuple[Term, ...], ...]
    unwanted: tuple[Term, ...]


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order; at most MOST_WORDS."""
    found = []
    for match in _WORD.finditer(_fold(text[:LONGEST_TEXT])):
        found.append(match.group()[:LONGEST_WORD])
        if len(found) == MOST_WORDS:
            break
    return found


def parse(text: str) -> Wish:
    """Return what `text` asks for: words, "phrases", beginnings*, -unwanted ones, this OR that.

    Everything else is read as words; a quote that is not closed reaches to the end. Raises
    InvalidInput when nothing is left to look for, or too much.
    """
    groups: list[tuple[Term, ...]] = []
    unwanted: list[Term] = []
    joins_last = False
    for number, match in enumerate(_TERM.finditer(text)):
        if number == MOST_TERMS:
            raise InvalidInput("too_long", f"Name at most {MOST_TERMS} words.", attr="q")
        if match.group() == "OR":
            joins_last = bool(groups)
            continue
        term = _term_of(match)
        if term is None:
            continue
        if match["minus"]:
            unwanted.append(term)
        elif joins_last:
            groups[-1] += (term,)
        else:
            groups.append((term,))
        joins_last = False
    if not groups and not unwanted:
        raise InvalidInput("invalid", "Name at least one word to look for.", attr="q")
    return Wish(tuple(groups), tuple(unwanted))


def _term_of(match: re.Match[str]) -> Term | None:
    plain = match["plain"]
    words = tuple(words_of(plain if plain is not None else match["phrase"]))
    if not words:
        return None
    is_beginning = plain is not None and plain.endswith("*")
    if is_beginning and len(words[-1]) < SHORTEST_BEGINNING:
        raise InvalidInput("invalid", f"Name {SHORTEST_BEGINNING} letters before the *.", attr="q")
    return Term(words, is_beginning)


def _fold(text: str) -> str:
    """Return the text without case, accents and differences of width."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart)).casefold()
