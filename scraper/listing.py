"""Reads the post list by a statement of its own: the ORM takes as long to write it as to run it.

Rows come as the API shows them, instants and pictures ready to be written out. What the filters
mean is said once more in `selectors`, for those who read all posts; a test holds both together.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from django.db import connection

from common.pagination import Place
from scraper.models import JobPost, ScrapedPost
from scraper.selectors import POST_FIELDS, post_as_json, posts_found

if TYPE_CHECKING:
    from scraper.search import FoundPosts

_POSTS = ScrapedPost._meta.db_table  # noqa: SLF001
_JOB_POSTS = JobPost._meta.db_table  # noqa: SLF001

_CONDITIONS = {
    "subreddit": "LOWER(subreddit) = %s",
    "author": "LOWER(author) = %s",
    "flair": "flair = %s",
    "min_score": "score >= %s",
    "since": "created_at >= %s",
    "until": "created_at < %s",
    "over_18": "over_18 = %s",
    "job": f"id IN (SELECT post_id FROM {_JOB_POSTS} WHERE job_id = %s)",  # noqa: S608 -- a constant
}
# Spelled as in the indexes.
_KEYS = {
    "created_at": "created_at",
    "score": "COALESCE(score, -1)",
    "num_comments": "COALESCE(num_comments, -1)",
}
_NAMES = ("id", *POST_FIELDS)
_COLUMNS = ", ".join(_NAMES)
_OF_EVENTS = f"""
SELECT seq, n, {", ".join(f"post.{name}" for name in _NAMES)}
FROM {_JOB_POSTS} JOIN {_POSTS} AS post ON post.id = post_id
WHERE job_id = %s AND seq IN ({{}}) ORDER BY seq, n
"""  # noqa: S608 -- composed of constants
_INSTANTS = tuple(name for name in _NAMES if name.endswith("_at"))


def posts_listed(project_id: int, wish: Mapping[str, Any]) -> "ListedPosts | FoundPosts":
    """Return a project's posts that match the filters named as in REST, to be read by pages.

    Each row has POST_FIELDS and its `id`. Raises InvalidInput for a `q` without words.
    """
    if "q" in wish:
        return posts_found(project_id, wish)
    return ListedPosts(project_id, wish)


class ListedPosts:
    """A project's posts that match filters named as in REST (all but `q`)."""

    def __init__(self, project_id: int, wish: Mapping[str, Any]) -> None:
        self._conditions = ["project_id = %s"]
        self._parameters: list[Any] = [project_id]
        for name, condition in _CONDITIONS.items():
            if name in wish:
                self._conditions.append(condition)
                self._parameters.append(_parameter(wish[name], name))

    def read(self, place: Place, limit: int) -> list[dict[str, Any]]:
        """Return up to `limit` posts after a place."""
        conditions, parameters = [*self._conditions], [*self._parameters]
        key = _KEYS[place.order.keys[0].field]
        if place.values:
            conditions.append(f"({key}, id) {'<' if place.is_descending else '>'} (%s, %s)")
            first, number = place.values
            parameters += [_instant_of(first) if key == "created_at" else first, number]
        way = "DESC" if place.is_descending else "ASC"
        statement = (
            f"SELECT {_COLUMNS} FROM {_POSTS} WHERE {' AND '.join(conditions)}"  # noqa: S608
            f" ORDER BY {key} {way}, id {way} LIMIT %s"
        )
        return _posts(_read(statement, [*parameters, limit]))


def posts_of_events(
    job_id: int, seqs: Sequence[int]
) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    """Return for each page event its posts with their place in it, as they are now."""
    found: dict[int, list[tuple[int, dict[str, Any]]]] = {seq: [] for seq in seqs}
    statement = _OF_EVENTS.format(", ".join(["%s"] * len(seqs)))
    rows = _read(statement, [job_id, *seqs])
    for (seq, n, *_), post in zip(rows, _posts([row[2:] for row in rows]), strict=True):
        found[seq].append((n, post_as_json(post)))
    return found


def _read(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement whose columns are posts'."""
    if connection.vendor == "postgresql":
        # In the driver's binary form: of the time that reading took, instants as text were half.
        connection.ensure_connection()
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as driver:
            query = statement.encode()
            return driver.execute(query, parameters, prepare=False, binary=True).fetchall()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _parameter(value: Any, name: str) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.lower() if name in ("subreddit", "author") else value


def _instant_of(text: str) -> Any:
    return connection.ops.adapt_datetimefield_value(datetime.fromisoformat(text))


def _posts(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    posts = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    if connection.vendor == "sqlite":
        for post in posts:
            for name in _INSTANTS:
                if (value := post[name]) is not None:
                    post[name] = value.replace(tzinfo=UTC)
            post["media"] = [] if post["media"] == "[]" else orjson.loads(post["media"])
    return posts
