"""Counts kept while posts pass: per day and per subreddit, so that they agree with the rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exports.columns import POST_COLUMNS
from exports.writers.base import Column, Kind, Table

# What is counted, by column.
NEEDED = ("subreddit", "created_at", "score", "num_comments")
# A chart or a table with more says less.
MOST_SUBREDDITS_SHOWN = 30

_DAY_SECONDS = 86_400
_DATE_LENGTH = len("2026-01-01")

NEEDED_COLUMNS = tuple(
    next(column for column in POST_COLUMNS if column.name == name) for name in NEEDED
)
SUBREDDITS = Table(
    "subreddits",
    (
        Column("subreddit", Kind.TEXT),
        Column("posts", Kind.INTEGER),
        Column("comments", Kind.INTEGER),
        Column("mean_score", Kind.NUMBER),
        Column("first_post_at", Kind.INSTANT),
        Column("last_post_at", Kind.INSTANT),
    ),
)


@dataclass
class _Counts:
    posts: int = 0
    comments: int = 0
    score: int = 0
    scored: int = 0
    first: Any = None
    last: Any = None


class Tally:
    """What was seen of an export's posts."""

    def __init__(self) -> None:
        self._days: Counter[str | int] = Counter()
        self._subreddits: dict[str, _Counts] = {}

    @property
    def is_begun(self) -> bool:
        """Whether anything was counted yet."""
        return bool(self._days)

    def add(self, page: Sequence[Sequence[Any]]) -> None:
        """Count a page of the NEEDED columns; instants in either form."""
        for subreddit, created, score, comments in zip(*page, strict=True):
            counts = self._subreddits.get(subreddit)
            if counts is None:
                counts = self._subreddits[subreddit] = _Counts(first=created, last=created)
            counts.posts += 1
            counts.comments += comments or 0
            if score is not None:
                counts.score += score
                counts.scored += 1
            if created < counts.first:
                counts.first = created
            elif created > counts.last:
                counts.last = created
        created_at = page[NEEDED.index("created_at")]
        self._days.update(map(day_begun_by, created_at))

    def posts_per_day(self) -> list[tuple[str, int]]:
        """Return the days that have posts, in order."""
        return sorted((day_of(day), number) for day, number in self._days.items())

    def posts_per_subreddit(self) -> list[tuple[str, int]]:
        """Return the subreddits with most posts, the fullest first."""
        counts = [(name, counts.posts) for name, counts in self._subreddits.items()]
        return sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:MOST_SUBREDDITS_SHOWN]

    def subreddit_page(self) -> list[list[Any]]:
        """Return the rows of SUBREDDITS by column."""
        found = sorted(self._subreddits.items(), key=lambda pair: (-pair[1].posts, pair[0]))
        return [
            [name for name, _ in found],
            [counts.posts for _, counts in found],
            [counts.comments for _, counts in found],
            [counts.score / counts.scored if counts.scored else None for _, counts in found],
            [counts.first for _, counts in found],
            [counts.last for _, counts in found],
        ]


def day_begun_by(instant: Any) -> Any:
    """Return the instant at which the day (UTC) of an instant began, in the same form."""
    if isinstance(instant, str):
        return f"{instant[:_DATE_LENGTH]}T00:00:00Z"
    return instant - instant % _DAY_SECONDS


def day_of(instant: str | int) -> str:
    """Return an instant's date in UTC."""
    if isinstance(instant, str):
        return instant[:_DATE_LENGTH]
    return datetime.fromtimestamp(instant, UTC).date().isoformat()
