"""The sheets of an analysis: what is said in an export's posts, found while it is made."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from content_analysis.analyzers.keywords import Keyword, find_keywords
from content_analysis.analyzers.sentiment import (
    READ_CHARACTERS,
    DaySentiment,
    sentiment_by_day,
)
from exports.columns import POST_COLUMNS
from exports.tally import day_begun_by, day_of
from exports.writers.base import Column, Columns, Kind, Table

KEYWORDS = Table(
    "keywords",
    (
        Column("term", Kind.TEXT),
        Column("count", Kind.INTEGER),
        Column("score", Kind.NUMBER),
        Column("post_ids", Kind.JSON),
    ),
)
SENTIMENT = Table(
    "sentiment",
    (
        Column("date", Kind.INSTANT),
        Column("count", Kind.INTEGER),
        Column("scored", Kind.INTEGER),
        Column("mean", Kind.NUMBER),
        Column("positive", Kind.INTEGER),
        Column("neutral", Kind.INTEGER),
        Column("negative", Kind.INTEGER),
    ),
)

# How often the posts are read for each.
READINGS = {KEYWORDS.name: 2, SENTIMENT.name: 1}

# Pages of chosen columns of the posts, by column.
Read = Callable[[Sequence[Column]], Iterable[Sequence[Sequence[Any]]]]

_COLUMNS = {column.name: column for column in POST_COLUMNS}


def keywords_of(read: Read) -> list[Keyword]:
    """Return the keywords of the posts; they are read twice."""
    return find_keywords(lambda: _texts(read, "id"))


def sentiment_of(read: Read) -> list[DaySentiment[Any]]:
    """Return the days that have posts, each with what these sound like."""
    return sentiment_by_day(
        [(day_begun_by(created), text) for created, text in page]
        for page in _texts(read, "created_at")
    )


def page_of(table: Table, found: Sequence[Any]) -> Columns:
    """Return the rows of a table by column, from what is named as its columns are."""
    return [[_value_of(one, column) for one in found] for column in table.columns]


def sentiment_per_day(days: Sequence[DaySentiment[Any]]) -> list[tuple[str, float]]:
    """Return the mean of each day, by its date."""
    return [(day_of(one.date), one.mean) for one in days]


def about_sentiment(days: Sequence[DaySentiment[Any]]) -> str:
    """Say how the figures came about, and of how much they speak."""
    count, scored = (sum(getattr(one, name) for one in days) for name in ("count", "scored"))
    return (
        f"by VADER, an English lexicon, of the first {READ_CHARACTERS:,} characters: -1 to 1."
        f" {scored:,} of {count:,} posts have a word of it, the others count as 0."
    )


def _value_of(one: Any, column: Column) -> Any:
    value = getattr(one, column.name)
    return orjson.dumps(value).decode() if column.kind is Kind.JSON else value


def _texts(read: Read, name: str) -> Iterator[list[tuple[Any, str]]]:
    for values, titles, bodies in read([_COLUMNS[one] for one in (name, "title", "selftext")]):
        texts = zip(titles, bodies, strict=True)
        pairs = zip(values, texts, strict=True)
        yield [(value, f"{title}\n{body}") for value, (title, body) in pairs]
