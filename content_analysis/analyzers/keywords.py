"""Keywords: words and pairs of words that are told in many posts, but not in all of them.

Texts are read twice. The first time each term only adds to one of four million cells, so that a
cell is never below the posts of any of its terms; the second time the terms of the fullest cells
are counted one by one. So memory stays small, and a count is a count: what is not counted is told
in fewer posts than what is, or in one.
"""

import heapq
import math
import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from content_analysis.analyzers.stop_words import STOP_WORDS

# Shown at most.
MOST_KEYWORDS = 500
# Posts named as examples of each.
MOST_EXAMPLES = 3
# A term of one post only is no keyword.
FEWEST_POSTS = 2

# 16 MB. Some hundred thousand posts have so many terms.
_CELLS = 1 << 22
# Terms of so many cells are counted: a term or a few each.
_MOST_FULL_CELLS = 20_000
# Longer ones are no words, and are not remembered.
_LONGEST_RUN = 64
_LONGEST_WORD = 40

# Addresses, people's names (Reddit's editor escapes their underscores) and entities say nothing of
# a topic.
_NOISE = re.compile(
    r"(?:https?://|www\.)\S+|(?<!\w)/?(?:u/|user/|r/u_)[\w\\-]+|&#?\w+;", re.IGNORECASE
)
# Signs that show nothing: soft hyphens, marks of direction, spaces without width.
_UNSEEN = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# A pair of words does not reach beyond one of these.
_BREAKS = re.compile(
    r"[\n!-&(-,./:-@\[-^`{-~\u00a1\u00ab\u00bb\u00bf\u2013\u2014\u201c-\u201f\u2022\u2026"
    r"\u3001-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff20]+"
)

# Pages of (id of a post, its text).
Pages = Iterable[Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Keyword:
    """A term: in how many posts it is told, its TF-IDF over all of them, and the first such posts.

    The score is count * ln(posts / count): 0 for what every post says.
    """

    term: str
    count: int
    score: float
    post_ids: list[str]


def find_keywords(read: Callable[[], Pages]) -> list[Keyword]:
    """Return the keywords of the texts that `read()` yields, the best first; it is called twice.

    English stop words are left out; texts of other languages keep theirs.
    """
    cells = _Cells()
    for page in read():
        for _, text in page:
            for term in terms_of(text):
                cells.add(term)
    return heapq.nsmallest(
        MOST_KEYWORDS, _counted(cells, read()), key=lambda one: (-one.score, -one.count, one.term)
    )


def terms_of(text: str) -> set[str]:
    """Return the words of a text, in small letters, and the pairs that stand side by side."""
    found = set()
    if not text.isascii():
        text = _UNSEEN.sub("", text).replace("\u2019", "'")
    for part in _BREAKS.split(_NOISE.sub("\n", text).lower()):
        before = ""
        for raw in part.split():
            word = _word_in(raw) if len(raw) <= _LONGEST_RUN else ""
            if word:
                found.add(word)
                if before:
                    found.add(f"{before} {word}")
            before = word
    return found


@lru_cache(1 << 15)
def _word_in(raw: str) -> str:
    """Return a word without what stands around it; empty when it says nothing."""
    word = raw.strip("'-_").removesuffix("'s")
    is_telling = (
        1 < len(word) <= _LONGEST_WORD
        and word not in STOP_WORDS
        and word[0].isalnum()
        and not word.isdigit()
    )
    return word if is_telling else ""


class _Cells:
    """How many posts tell any of a cell's terms; the same in every process."""

    def __init__(self) -> None:
        self._posts = array("I", bytes(4 * _CELLS))
        # By number of posts: how many cells have as many or more.
        self._at_least = [0]

    def add(self, term: str) -> None:
        """Count a post that tells a term."""
        cell = crc32(term.encode("utf-8", "replace")) % _CELLS
        posts = self._posts[cell] + 1
        self._posts[cell] = posts
        if posts == len(self._at_least):
            self._at_least.append(0)
        self._at_least[posts] += 1

    def fewest(self) -> int:
        """Return from how many posts on a term is counted."""
        fewest = FEWEST_POSTS
        while fewest < len(self._at_least) and self._at_least[fewest] > _MOST_FULL_CELLS:
            fewest += 1
        return fewest

    def most(self, term: str) -> int:
        """Return how many posts at most tell a term."""
        return self._posts[crc32(term.encode("utf-8", "replace")) % _CELLS]


def _counted(cells: _Cells, pages: Pages) -> list[Keyword]:
    """Return the keywords that are told in as many posts as are counted, or more."""
    fewest = cells.fewest()
    examples: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    posts = 0
    for page in pages:
        for post_id, text in page:
            posts += 1
            for term in terms_of(text):
                count = counts.get(term, 0)
                if count or cells.most(term) >= fewest:
                    counts[term] = count + 1
                    if count < MOST_EXAMPLES:
                        examples.setdefault(term, []).append(post_id)
    return [
        Keyword(term, count, round(count * math.log(posts / count), 4), examples[term])
        for term, count in counts.items()
        if count >= fewest
    ]
