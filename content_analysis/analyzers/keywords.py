"""Keywords: words and pairs of words that are told in many posts, but not in all of them.

Texts are read twice. The first time only candidates are looked for, with a bound on how many terms
are held; the second time these are counted exactly. So memory stays small, and a count is a count.
"""

import heapq
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from content_analysis.analyzers.stop_words import STOP_WORDS

# Shown at most.
MOST_KEYWORDS = 500
# Posts named as examples of each.
MOST_EXAMPLES = 3
# A term of one post only is no keyword.
FEWEST_POSTS = 2

# Candidates that are counted exactly: so many more than are shown that terms of nearly every post,
# whose scores are low however high their counts, crowd nobody out.
_MOST_CANDIDATES = 2500
# Terms held while candidates are looked for: some 30 MB.
_MOST_HELD = 150_000
_LONGEST_WORD = 40

# Addresses and people's names say nothing of a topic.
_NOISE = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)/?u(?:ser)?/[\w-]+", re.IGNORECASE)
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
    found = _counted(_candidates(read()), read())
    return sorted(found, key=lambda one: (-one.score, -one.count, one.term))[:MOST_KEYWORDS]


def terms_of(text: str) -> set[str]:
    """Return the words of a text, in small letters, and the pairs that stand side by side."""
    found = set()
    for part in _BREAKS.split(_NOISE.sub("\n", text).lower().replace("\u2019", "'")):
        before = ""
        for raw in part.split():
            word = _word_in(raw)
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


def _candidates(pages: Pages) -> frozenset[str]:
    """Return the terms of most posts.

    Each is held with the most posts that it can have: one that was dropped, or that is new, may
    have been in as many as any that was dropped.
    """
    most: dict[str, int] = {}
    dropped = 0
    for page in pages:
        for _, text in page:
            for term in terms_of(text):
                most[term] = most.get(term, dropped) + 1
            if len(most) > _MOST_HELD:
                kept = heapq.nlargest(_MOST_HELD // 2, most.items(), key=itemgetter(1))
                dropped = kept[-1][1]
                most = dict(kept)
    best = heapq.nlargest(_MOST_CANDIDATES, most.items(), key=itemgetter(1))
    return frozenset(term for term, _ in best)


def _counted(candidates: frozenset[str], pages: Pages) -> list[Keyword]:
    counts = dict.fromkeys(candidates, 0)
    examples: dict[str, list[str]] = {term: [] for term in candidates}
    posts = 0
    for page in pages:
        for post_id, text in page:
            posts += 1
            for term in terms_of(text) & candidates:
                counts[term] += 1
                if counts[term] <= MOST_EXAMPLES:
                    examples[term].append(post_id)
    return [
        Keyword(term, count, round(count * math.log(posts / count), 4), examples[term])
        for term, count in counts.items()
        if count >= FEWEST_POSTS
    ]
