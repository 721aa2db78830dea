"""Finds posts by the words in them, the same ones on both engines: the only door to the text index.

PostgreSQL answers from a GIN index over `tsvector`s, SQLite from FTS5. Every word is indexed under
its project, so that no search wades through the words of another. `scraper.indexing` fills both.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from common.errors import InvalidInput
from common.pagination import Place
from scraper.models import PostDocument, ScrapedPost
from scraper.words import Term, Wish, parse

# Leaves time to answer within the second that any question may take at most.
LONGEST_SECONDS = 0.9
# A word in one post of forty or more fills a page from so many posts in the list's order; rarer
# ones are cheaper to collect and sort. A look into FTS5 costs five times one into PostgreSQL.
_WINDOWS = {"postgresql": (200, 2000), "sqlite": (100, 1000)}
# So many are read and sorted in the time of the looks that the windows take.
FEW = {"postgresql": 2000, "sqlite": 50_000}
# Narrows on columns that are indexed with the words.
INDEXED_FILTERS = frozenset(("subreddit", "author"))

_DOCUMENTS = PostDocument._meta.db_table  # noqa: SLF001
_FTS = "scraper_postwords"
# FTS5 walks its rows in the order of their numbers: seconds since 1970, then 31 bits of the post's.
_ID_BITS = 31
_ID_MASK = (1 << _ID_BITS) - 1
# How many operations of SQLite's machine pass between two looks at the clock.
_CLOCK_STEPS = 10_000

_IDS_POSTGRESQL = f"SELECT post_id FROM {_DOCUMENTS} WHERE document @@ %s::tsquery"  # noqa: S608
_IDS_SQLITE = f"SELECT rowid & {_ID_MASK} FROM {_FTS} WHERE {_FTS} MATCH %s"  # noqa: S608

_PLAIN_NAME = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Search:
    """A question to the text index of one project, and the columns that it narrows as well."""

    project_id: int
    wish: Wish
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, project_id: int, text: str, filters: Mapping[str, Any]) -> "Search":
        """Read what a person typed, beside the list's filters. Raises InvalidInput as `parse`."""
        names = [name_token(project_id, kind, filters.get(kind)) for kind in INDEXED_FILTERS]
        return cls(project_id, parse(text), tuple(name for name in names if name))

    def ids(self) -> RawSQL:
        """Return the ids of all posts found, for `filter(pk__in=...)`."""
        if connection.vendor == "postgresql":
            return RawSQL(_IDS_POSTGRESQL, [self.tsquery()])  # noqa: S611 -- a constant
        return RawSQL(_IDS_SQLITE, [self.fts_query()])  # noqa: S611 -- a constant

    def tsquery(self) -> str:
        """Return the question as PostgreSQL takes it."""
        wanted = [self._any(group, _tsquery_term, " | ") for group in self.wish.groups]
        unwanted = ["!" + _tsquery_term(self.project_id, term) for term in self.wish.unwanted]
        names = [f"'{name}'" for name in self._scope()]
        return " & ".join([*wanted, *names, *unwanted])

    def fts_query(self) -> str:
        """Return the question as SQLite's FTS5 takes it."""
        wanted = [self._any(group, _fts_term, " OR ") for group in self.wish.groups]
        names = [f'"{name}"' for name in self._scope()]
        found = " AND ".join([*wanted, *names])
        if not self.wish.unwanted:
            return found
        return f"({found}) NOT {self._any(self.wish.unwanted, _fts_term, ' OR ')}"

    def _scope(self) -> Sequence[str]:
        """Return the words that stand for columns; the project's own where no other names it."""
        is_named = self.wish.groups or self.names
        return self.names if is_named else (project_token(self.project_id),)

    def _any(self, terms: Sequence[Term], spell: Callable[[int, Term], str], separator: str) -> str:
        return f"({separator.join(spell(self.project_id, term) for term in terms)})"


class FoundPosts:
    """The rows of posts found, to be read page by page; `rows` are those that filters leave.

    The filters in `rows` must not name the project: every word does, and an index on the project's
    column would tempt planners to walk through all posts instead of looking up those found.
    """

    def __init__(
        self,
        search: Search,
        rows: QuerySet[ScrapedPost, dict[str, Any]],
        filters: Mapping[str, Any],
    ) -> None:
        self._search = search
        self._rows = rows
        self._filters = filters

    def read(self, place: Place, limit: int) -> list[dict[str, Any]]:
        """Return up to `limit` rows after a place. Raises InvalidInput when that takes too long."""
        with _limited():
            ids = self._read_ids(place, limit)
            found = {row["id"]: row for row in self._rows.filter(pk__in=ids)}
        return [found[number] for number in ids if number in found]

    def _read_ids(self, place: Place, limit: int) -> list[int]:
        if connection.vendor == "sqlite" and self._is_in_index_order(place):
            return self._walk_index(place, limit)
        if self._are_few():
            return self._sort_all(place, limit)
        found: list[int] = []
        for window in _WINDOWS[connection.vendor]:
            rows = place.read(self._window_rows(place), window)
            matching = self._matching_among(rows)
            found += [row["id"] for row in rows if row["id"] in matching]
            if len(found) >= limit or len(rows) < window:
                return found[:limit]
            place = place.after(rows[-1])
        return found + self._sort_all(place, limit - len(found))

    def _window_rows(self, place: Place) -> QuerySet[ScrapedPost, dict[str, Any]]:
        fields = {"created_at", *(key.field for key in place.order.keys)}
        rows: QuerySet[ScrapedPost, dict[str, Any]]
        rows = self._rows.filter(project_id=self._search.project_id).values(*fields)
        return rows

    def _is_in_index_order(self, place: Place) -> bool:
        known = {"q", "since", "until", "sort", "order"} | INDEXED_FILTERS
        return place.order.keys[0].field == "created_at" and set(self._filters) <= known

    def _are_few(self) -> bool:
        """Tell whether all that is found is sooner sorted than looked for in the list's order."""
        few = FEW[connection.vendor]
        table, parameter = (
            (f"{_DOCUMENTS} WHERE document @@ %s::tsquery", self._search.tsquery())
            if connection.vendor == "postgresql"
            else (f"{_FTS} WHERE {_FTS} MATCH %s", self._search.fts_query())
        )
        statement = f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT %s) AS found"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, [parameter, few + 1])
            (number,) = cursor.fetchone()
        return bool(number <= few)

    def _walk_index(self, place: Place, limit: int) -> list[int]:
        """Read SQLite's index in its own order, which is that of creation."""
        low = row_number(self._filters["since"], 0) if "since" in self._filters else 0
        high = row_number(self._filters["until"], 0) if "until" in self._filters else 1 << 63
        if place.values:
            there = row_number(datetime.fromisoformat(place.values[0]), place.values[1])
            low, high = (low, min(high, there)) if place.is_descending else (there + 1, high)
        statement = (
            f"SELECT rowid & {_ID_MASK} FROM {_FTS}"  # noqa: S608 -- constants
            f" WHERE {_FTS} MATCH %s AND rowid >= %s AND rowid <= %s"
            f" ORDER BY rowid {'DESC' if place.is_descending else 'ASC'} LIMIT %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [self._search.fts_query(), low, high - 1, limit])
            return [number for (number,) in cursor.fetchall()]

    def _matching_among(self, rows: Sequence[Mapping[str, Any]]) -> set[int]:
        """Return which of the posts are found."""
        if connection.vendor == "postgresql":
            statement = (
                f"SELECT post_id FROM {_DOCUMENTS}"  # noqa: S608 -- constants
                " WHERE post_id = ANY(%s) AND document @@ %s::tsquery"
            )
            parameters: list[Any] = [[row["id"] for row in rows], self._search.tsquery()]
        else:
            statement = (
                f"SELECT value & {_ID_MASK} FROM json_each(%s) WHERE EXISTS"  # noqa: S608
                f" (SELECT 1 FROM {_FTS} WHERE {_FTS} MATCH %s AND rowid = value)"
            )
            numbers = [row_number(row["created_at"], row["id"]) for row in rows]
            parameters = [json.dumps(numbers), self._search.fts_query()]
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return {number for (number,) in cursor.fetchall()}

    def _sort_all(self, place: Place, limit: int) -> list[int]:
        """Collect all that is found after the place, and sort it."""
        # The fence lets only the outer query sort: no planner may walk all posts in their order.
        key, number = place.order.keys
        rows = self._rows.filter(pk__in=self._search.ids())
        inner, parameters = (
            place.narrow(rows)
            .annotate(sort_key=key.expression)
            .values_list("sort_key", number.field)
            .query.sql_with_params()
        )
        fence = "OFFSET 0" if connection.vendor == "postgresql" else "LIMIT -1 OFFSET 0"
        direction = "DESC" if place.is_descending else "ASC"
        statement = (
            f"WITH found(sort_key, number) AS ({inner} {fence})"  # noqa: S608 -- the ORM's
            f" SELECT number FROM found ORDER BY sort_key {direction}, number {direction} LIMIT %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [*parameters, limit])
            return [found for (found,) in cursor.fetchall()]


def project_token(project_id: int) -> str:
    """Return the word that every post of the project has."""
    return f"{project_id}."


def name_token(project_id: int, kind: str, name: str | None) -> str | None:
    """Return the word that the posts of a subreddit or an author have; case does not count."""
    if name is None:
        return None
    plain = name.lower()
    if not _PLAIN_NAME.fullmatch(plain):
        plain = "." + sha256(plain.encode(errors="surrogatepass")).hexdigest()
    return f"{project_id}.{kind[0]}.{plain}"


def word_token(project_id: int, word: str) -> str:
    """Return a word of a project's posts as it is indexed."""
    return f"{project_id}.{word}"


def row_number(created_at: datetime, post_id: int) -> int:
    """Return the number under which SQLite's index has a post; in the order of creation."""
    seconds = min(max(int(created_at.timestamp()), 0), (1 << 32) - 1)
    return seconds << _ID_BITS | post_id


def _tsquery_term(project_id: int, term: Term) -> str:
    words = [f"'{word_token(project_id, word)}'" for word in term.words]
    if term.is_beginning:
        words[-1] += ":*"
    return f"({' <-> '.join(words)})"


def _fts_term(project_id: int, term: Term) -> str:
    words = " ".join(word_token(project_id, word) for word in term.words)
    return f'"{words}"' + (" *" if term.is_beginning else "")


@contextmanager
def _limited() -> Iterator[None]:
    """End the questions inside after LONGEST_SECONDS, with InvalidInput."""
    limits = {"postgresql": _limited_postgresql, "sqlite": _limited_sqlite}
    try:
        with limits[connection.vendor]():
            yield
    except OperationalError as error:
        if not _is_timeout(error):
            raise
        raise InvalidInput(
            "too_broad", "This search takes too long; name more words or filters.", attr="q"
        ) from error


@contextmanager
def _limited_postgresql() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(LONGEST_SECONDS * 1000)}")
        yield


@contextmanager
def _limited_sqlite() -> Iterator[None]:
    deadline = time.monotonic() + LONGEST_SECONDS
    connection.ensure_connection()
    driver = connection.connection
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _CLOCK_STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _is_timeout(error: OperationalError) -> bool:
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) == "57014" or "interrupted" in str(error)
