"""Puts a page of posts into the database in one or two statements, whatever the engine.

PostgreSQL gets one statement fed by one JSON parameter; SQLite a prepared upsert run per row inside
the driver (measured: 38 and 62 times the row-by-row design). `store_posts` is the only door.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from operator import itemgetter
from typing import Any

import psycopg
from django.db import connection
from pydantic import TypeAdapter

from data_provider import Page, Post
from scraper.models import JobPost, PostMetric, ScrapedPost, ScrapingJob, UnindexedPage

# Columns that a post brings along, with the types PostgreSQL reads them as.
_POST_COLUMNS = {
    "subreddit": "text",
    "title": "text",
    "author": "text",
    "selftext": "text",
    "url": "text",
    "permalink": "text",
    "domain": "text",
    "score": "integer",
    "upvote_ratio": "double precision",
    "num_comments": "integer",
    "flair": "text",
    "over_18": "boolean",
    "spoiler": "boolean",
    "stickied": "boolean",
    "locked": "boolean",
    "is_self": "boolean",
    "post_type": "text",
    "thumbnail": "text",
    "media": "jsonb",
    "crosspost_parent": "text",
    "removed": "text",
    "edited_at": "timestamptz",
    "created_at": "timestamptz",
}
# A source that does not know these must not erase what another one knew.
_KEPT_WHEN_UNKNOWN = ("score", "upvote_ratio", "num_comments", "edited_at")
# Sources that show posts as they once were: what a living one has seen since stays, above all that
# a text is gone.
_OF_THE_PAST = ("archive",)
# What a post's history is made of.
_WATCHED = ("score", "upvote_ratio", "num_comments", "removed", "edited_at")

_POSTS = ScrapedPost._meta.db_table  # noqa: SLF001
_JOB_POSTS = JobPost._meta.db_table  # noqa: SLF001
_UNINDEXED = UnindexedPage._meta.db_table  # noqa: SLF001
_METRICS = PostMetric._meta.db_table  # noqa: SLF001


def store_posts(job: ScrapingJob, seq: int, posts: Sequence[Post], page: Page) -> tuple[int, int]:
    """Insert or refresh posts and note that the job saw them under event `seq`.

    Returns how many the job had not seen before, and how many the project did not have. Call it
    inside the page's transaction.
    """
    unique = list({post.id: post for post in posts}.values())
    if not unique:
        return 0, 0
    return _ENGINES[connection.vendor](job, seq, unique, page)


def _assignments(*, of_the_past: bool) -> str:
    names = [*_POST_COLUMNS, "fetched_at", "backend"]
    values = {name: f"excluded.{name}" for name in names}
    for name in _KEPT_WHEN_UNKNOWN:
        values[name] = f"COALESCE(excluded.{name}, {_POSTS}.{name})"
    if of_the_past:
        since = f"{_POSTS}.backend IN ({', '.join(repr(name) for name in _OF_THE_PAST)})"
        values = {
            name: f"CASE WHEN {since} THEN {value} ELSE {_POSTS}.{name} END"
            for name, value in values.items()
        }
    return ", ".join(f"{name} = {value}" for name, value in values.items())


_NAMES = ", ".join(_POST_COLUMNS)
_TYPED = ", ".join(f"{name} {kind}" for name, kind in _POST_COLUMNS.items())
_CONFLICT = {
    of_the_past: "ON CONFLICT (project_id, fullname) DO UPDATE SET "
    + _assignments(of_the_past=of_the_past)
    for of_the_past in (False, True)
}
_WATCHED_NAMES = ", ".join(_WATCHED)
_STORED = ", ".join(f"stored.{name}" for name in _WATCHED)
_WAS = ", ".join(f"was.{name}" for name in _WATCHED)
_HISTORY = f"""
INSERT INTO {_METRICS} (post_id, seen_at, seen_before_at,
  {_WATCHED_NAMES}, {", ".join(f"{name}_before" for name in _WATCHED)})
SELECT stored.id, stored.fetched_at, was.fetched_at,
  {_STORED}, {_WAS}
"""

# Rows are written in the order of their names: two jobs of one project that meet in the same posts
# then wait for each other instead of deadlocking. What a post was is read as of the statement's
# beginning, one by one through its key: a join would be planned once, over a table that is still
# small, and then read the whole project for every page.
_POSTGRESQL = {
    of_the_past: f"""
WITH page AS (
  SELECT * FROM ROWS FROM (
    json_to_recordset(%s::json) AS (id text, {_TYPED})
  ) WITH ORDINALITY AS page(fullname, {_NAMES}, n)
), was AS MATERIALIZED (
  SELECT known.* FROM page CROSS JOIN LATERAL (
    SELECT id, fetched_at, {_WATCHED_NAMES} FROM {_POSTS}
    WHERE project_id = %s AND fullname = page.fullname LIMIT 1
  ) AS known
), stored AS (
  INSERT INTO {_POSTS} (project_id, fullname, {_NAMES}, fetched_at, backend)
  SELECT %s, fullname, {_NAMES}, %s, %s FROM page ORDER BY fullname
  {conflict}
  RETURNING id, fullname, (xmax = 0) AS is_new, fetched_at, {_WATCHED_NAMES}
), history AS (
  {_HISTORY}
  FROM stored JOIN was ON was.id = stored.id
  WHERE ({_STORED}) IS DISTINCT FROM ({_WAS})
), noted AS (
  INSERT INTO {_JOB_POSTS} (job_id, post_id, seq, n)
  SELECT %s, stored.id, %s, page.n FROM stored JOIN page USING (fullname)
  ON CONFLICT (job_id, post_id) DO NOTHING
  RETURNING 1
), left_to_index AS (
  INSERT INTO {_UNINDEXED} (project_id, fullnames) SELECT %s, json_agg(fullname)::text FROM page
)
SELECT (SELECT count(*) FROM noted), (SELECT count(*) FROM stored WHERE is_new)
"""  # noqa: S608 -- composed of constants above
    for of_the_past, conflict in _CONFLICT.items()
}

_SQLITE = {
    of_the_past: f"""
INSERT INTO {_POSTS} (project_id, fullname, {_NAMES}, fetched_at, backend)
VALUES ({", ".join(["?"] * (len(_POST_COLUMNS) + 4))})
{conflict}
"""  # noqa: S608 -- composed of constants above
    for of_the_past, conflict in _CONFLICT.items()
}

_SQLITE_WAS = f"""
SELECT id, fetched_at, {_WATCHED_NAMES} FROM {_POSTS}
WHERE project_id = ? AND fullname IN (SELECT value FROM json_each(?))
"""  # noqa: S608

# What the posts were comes back as JSON, which both sides of the comparison have passed through.
_READ_BACK = [f"value ->> {n} AS {name}" for n, name in enumerate(("id", "fetched_at", *_WATCHED))]
_SQLITE_HISTORY = f"""
WITH was AS (SELECT {", ".join(_READ_BACK)} FROM json_each(?))
{_HISTORY}
FROM was CROSS JOIN {_POSTS} AS stored
WHERE stored.id = was.id AND ({_STORED}) IS NOT ({_WAS})
"""  # noqa: S608

_SQLITE_NOTED = f"""
INSERT INTO {_JOB_POSTS} (job_id, post_id, seq, n)
SELECT ?, post.id, ?, page.key + 1
FROM json_each(?) AS page CROSS JOIN {_POSTS} AS post
WHERE post.project_id = ? AND post.fullname = page.value ON CONFLICT (job_id, post_id) DO NOTHING
"""  # noqa: S608

_SQLITE_LEFT_TO_INDEX = f"INSERT INTO {_UNINDEXED} (project_id, fullnames) VALUES (?, ?)"  # noqa: S608

_as_json = TypeAdapter(list[Post]).dump_json
_plain = itemgetter("id", *_POST_COLUMNS)
_MEDIA = 1 + list(_POST_COLUMNS).index("media")
_INSTANTS = tuple(1 + list(_POST_COLUMNS).index(name) for name in ("edited_at", "created_at"))


def _store_postgresql(job: ScrapingJob, seq: int, posts: list[Post], page: Page) -> tuple[int, int]:
    parameters: list[Any] = [
        _as_json(posts).decode(),
        job.project_id,
        job.project_id,
        page.fetched_at,
        page.backend,
        job.pk,
        seq,
        job.project_id,
    ]
    connection.ensure_connection()
    # The driver's cursor that sends parameters apart, to a statement that the server has planned
    # once; Django's writes the page into the statement, and lets no connection prepare any.
    connection.connection.prepare_threshold = 0
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        statement = _POSTGRESQL[page.backend in _OF_THE_PAST]
        added, new = cursor.execute(statement, parameters).fetchone() or (0, 0)
    return added, new


def _store_sqlite(job: ScrapingJob, seq: int, posts: list[Post], page: Page) -> tuple[int, int]:
    names = json.dumps([post.id for post in posts])
    tail = (sqlite_instant(page.fetched_at), page.backend)
    rows = [(job.project_id, *_sqlite_row(post), *tail) for post in posts]
    # The driver's own cursor: Django's rewrites the statement's placeholders for every row.
    connection.ensure_connection()
    with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
        was = cursor.execute(_SQLITE_WAS, (job.project_id, names)).fetchall()
        cursor.executemany(_SQLITE[page.backend in _OF_THE_PAST], rows)
        if was:
            cursor.execute(_SQLITE_HISTORY, (json.dumps(was, default=sqlite_instant),))
        cursor.execute(_SQLITE_LEFT_TO_INDEX, (job.project_id, names))
        cursor.execute(_SQLITE_NOTED, (job.pk, seq, names, job.project_id))
        return cursor.rowcount, len(posts) - len(was)


def _sqlite_row(post: Post) -> list[Any]:
    row = list(_plain(vars(post)))
    media = row[_MEDIA]
    row[_MEDIA] = json.dumps([item.model_dump() for item in media]) if media else "[]"
    for index in _INSTANTS:
        if row[index] is not None:
            row[index] = sqlite_instant(row[index])
    return row


def sqlite_instant(value: datetime) -> str:
    """Return an instant of whole UTC seconds as Django writes it into SQLite."""
    return value.isoformat(" ", "seconds")[:19]


_ENGINES: dict[str, Callable[[ScrapingJob, int, list[Post], Page], tuple[int, int]]] = {
    "postgresql": _store_postgresql,
    "sqlite": _store_sqlite,
}
