"""Sentiment by VADER (Hutto and Gilbert 2014): a lexicon and rules for English social media."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

# A text's beginning tells nearly as much as all of it, in less than half of the time.
READ_CHARACTERS = 1000
# VADER spells emoji out and takes time by the square of the words: a thousand take it a second.
MOST_EMOJI = 50
# Where VADER's authors draw the lines.
POSITIVE_FROM = 0.05
NEGATIVE_TO = -0.05

# A date as text, or an instant at which one begins.
Day = TypeVar("Day", str, int)


@dataclass
class DaySentiment(Generic[Day]):
    """What the posts of a day sound like. A post without a word of the lexicon counts as 0."""

    date: Day
    count: int = 0
    # Posts with a word that the lexicon knows.
    scored: int = 0
    total: float = 0.0
    positive: int = 0
    negative: int = 0

    @property
    def neutral(self) -> int:
        """Posts that are neither."""
        return self.count - self.positive - self.negative

    @property
    def mean(self) -> float:
        """Mean of all posts: -1 to 1."""
        return round(self.total / self.count, 4)

    def add(self, score: float | None) -> None:
        """Count a post."""
        self.count += 1
        if score is None:
            return
        self.scored += 1
        self.total += score
        self.positive += score >= POSITIVE_FROM
        self.negative += score <= NEGATIVE_TO


def score_of(text: str) -> float | None:
    """Return a text's sentiment, -1 to 1; null when no word of it is in the lexicon."""
    found = _vader().polarity_scores(_bounded(text[:READ_CHARACTERS]))
    is_known = found["pos"] or found["neg"] or found["compound"]
    return float(found["compound"]) if is_known else None


def sentiment_by_day(pages: Iterable[Sequence[tuple[Day, str]]]) -> list[DaySentiment[Day]]:
    """Return the days of pages of (date, text), in order."""
    days: dict[Day, DaySentiment[Day]] = {}
    for page in pages:
        for date, text in page:
            if date not in days:
                days[date] = DaySentiment(date)
            days[date].add(score_of(text))
    return [days[date] for date in sorted(days)]


def _bounded(text: str) -> str:
    """Return a text with no more emoji than say what it feels."""
    if text.isascii():
        return text
    emoji = _vader().emojis
    places = [place for place, sign in enumerate(text) if sign in emoji]
    dropped = set(places[MOST_EMOJI:])
    if not dropped:
        return text
    return "".join(sign for place, sign in enumerate(text) if place not in dropped)


@lru_cache(1)
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import (  # type: ignore[import-untyped] # noqa: PLC0415 -- two lexicons are read
        SentimentIntensityAnalyzer,
    )

    return SentimentIntensityAnalyzer()
