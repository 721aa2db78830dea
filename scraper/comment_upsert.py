"""Puts a post's comments into the database in as few statements as `upsert` takes for posts."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from operator import itemgetter
from typing import Any

import psycopg
from django.db import connection
from pydantic import TypeAdapter

from data_provider import Comment
from scraper.models import ScrapedComment, ScrapedPost
from scraper.upsert import sqlite_instant

# Columns that a comment brings along, with the types PostgreSQL reads them as.
_COLUMNS = {
    "parent_id": "text",
    "depth": "integer",
    "author": "text",
    "body": "text",
    "score": "integer",
    "is_submitter": "boolean",
    "stickied": "boolean",
    "distinguished": "text",
    "removed": "text",
    "edited_at": "timestamptz",
    "created_at": "timestamptz",
}
# A score that is hidden today must not erase the one that was shown.
_KEPT_WHEN_UNKNOWN = ("score",)
# A comment stays where it was written; a source that shows threads flat knows nothing of that.
_KEPT_IN_ITS_PLACE = ("parent_id", "depth")
# So many comments per statement: about a megabyte at the longest bodies usually seen.
_ROWS_PER_STATEMENT = 1000

_COMMENTS = ScrapedComment._meta.db_table  # noqa: SLF001
_NAMES = ", ".join(_COLUMNS)
_ALL = f"project_id, post_id, fullname, {_NAMES}, position, fetched_at, backend"
_VALUES = {
    **{name: f"excluded.{name}" for name in (*_COLUMNS, "position", "fetched_at", "backend")},
    **{name: f"COALESCE(excluded.{name}, {_COMMENTS}.{name})" for name in _KEPT_WHEN_UNKNOWN},
    **{
        name: f"CASE WHEN substr({_COMMENTS}.parent_id, 1, 3) = 't1_'"
        f" THEN {_COMMENTS}.{name} ELSE excluded.{name} END"
        for name in _KEPT_IN_ITS_PLACE
    },
}
_ASSIGNMENTS = ", ".join(f"{name} = {value}" for name, value in _VALUES.items())
_CONFLICT = f"ON CONFLICT (project_id, fullname) DO UPDATE SET {_ASSIGNMENTS}"

# In the order of their names, so that two jobs that meet in a thread wait and never deadlock.
_POSTGRESQL = f"""
INSERT INTO {_COMMENTS} ({_ALL})
SELECT %s, %s, fullname, {_NAMES}, position, %s, %s
FROM ROWS FROM (
  json_to_recordset(%s::json)
    AS (id text, {", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())}),
  unnest(%s::integer[])
) AS thread(fullname, {_NAMES}, position)
ORDER BY fullname
{_CONFLICT}
"""  # noqa: S608 -- composed of constants above

_SQLITE = f"""
INSERT INTO {_COMMENTS} ({_ALL}) VALUES ({", ".join(["?"] * (len(_COLUMNS) + 6))}) {_CONFLICT}
"""  # noqa: S608 -- composed of constants above

_as_json = TypeAdapter(list[Comment]).dump_json
_plain = itemgetter("id", *_COLUMNS)
_INSTANTS = tuple(1 + list(_COLUMNS).index(name) for name in ("edited_at", "created_at"))


def store_comments(
    post: ScrapedPost, comments: Sequence[Comment], *, fetched_at: datetime, backend: str
) -> None:
    """Insert or refresh a post's comments, given depth first; call it inside a transaction.

    Those stored before that did not come this time stay, behind what their parent still has.
    """
    unique = list({comment.id: comment for comment in comments}.values())
    places = _places(post, unique)
    origin = (fetched_at, backend)
    for start in range(0, len(unique), _ROWS_PER_STATEMENT):
        rows = unique[start : start + _ROWS_PER_STATEMENT]
        positions = [places[comment.id] for comment in rows]
        _ENGINES[connection.vendor](post, rows, positions, origin)


def _places(post: ScrapedPost, comments: Sequence[Comment]) -> dict[str, int]:
    """Return the position of each comment; move the stored ones that are not among them."""
    here = {comment.id for comment in comments}
    known = ScrapedComment.objects.filter(post_id=post.pk)
    stored = known.order_by("position").values_list("pk", "fullname", "parent_id", "position")
    vanished = [row for row in stored if row[1] not in here]
    answers = {name: parent for _, name, parent, _ in stored if parent.startswith("t1_")}
    pairs = [(one.id, answers.get(one.id, one.parent_id)) for one in comments]
    if not vanished and all(
        one.parent_id == pair[1] for one, pair in zip(comments, pairs, strict=True)
    ):
        return {comment.id: place for place, comment in enumerate(comments)}
    places = _number_depth_first(pairs + [(name, parent) for _, name, parent, _ in vanished])
    moved = [
        ScrapedComment(pk=pk, position=places[name])
        for pk, name, _, position in vanished
        if places[name] != position
    ]
    ScrapedComment.objects.bulk_update(moved, ["position"], batch_size=_ROWS_PER_STATEMENT)
    return places


def _number_depth_first(pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return positions for (name, parent) pairs; who has no parent here is at the top.

    Upstream could name two comments each other's parents: they stand at the end.
    """
    names = {name for name, _ in pairs}
    children: dict[str, list[str]] = {}
    for name, parent in pairs:
        children.setdefault(parent if parent in names else "", []).append(name)
    places: dict[str, int] = {}
    waiting = children.get("", [])[::-1]
    while waiting:
        name = waiting.pop()
        places[name] = len(places)
        waiting += reversed(children.get(name, ()))
    for name, _ in pairs:
        places.setdefault(name, len(places))
    return places


_Origin = tuple[datetime, str]


def _store_postgresql(
    post: ScrapedPost, comments: list[Comment], positions: list[int], origin: _Origin
) -> None:
    body = _as_json(comments).decode()
    parameters: list[Any] = [post.project_id, post.pk, *origin, body, positions]
    connection.ensure_connection()
    # As for posts: the driver's own cursor, to a statement that the server has planned once.
    connection.connection.prepare_threshold = 0
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_POSTGRESQL, parameters)


def _store_sqlite(
    post: ScrapedPost, comments: list[Comment], positions: list[int], origin: _Origin
) -> None:
    tail = (sqlite_instant(origin[0]), origin[1])
    rows = [
        (post.project_id, post.pk, *_sqlite_row(comment), position, *tail)
        for comment, position in zip(comments, positions, strict=True)
    ]
    connection.ensure_connection()
    with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
        cursor.executemany(_SQLITE, rows)


def _sqlite_row(comment: Comment) -> list[Any]:
    row = list(_plain(vars(comment)))
    for index in _INSTANTS:
        if row[index] is not None:
            row[index] = sqlite_instant(row[index])
    return row


_ENGINES: dict[str, Callable[[ScrapedPost, list[Comment], list[int], _Origin], None]] = {
    "postgresql": _store_postgresql,
    "sqlite": _store_sqlite,
}
