"""Keeps the text index behind the stored posts: pages leave a note, `catch_up` works it off.

Inside a page's transaction the index would cost ten times the page. The note is one row, written
with the page and deleted with what it asked for, so that no crash loses or repeats anything.
"""

import json
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, connections, transaction

from common.wakeup import seconds_between_looks
from scraper.models import PostDocument, ScrapedPost, UnindexedPage
from scraper.search import name_token, project_token, row_number, word_token
from scraper.words import words_of

# So many pages of 100 posts hold SQLite's write lock for some tens of milliseconds.
PAGES_AT_ONCE = 2
# How long a stored page may stay unknown to text search while the worker has nothing else to index.
LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)

_DOCUMENTS = PostDocument._meta.db_table  # noqa: SLF001
_FTS = "scraper_postwords"
# One process indexes at a time: two could overwrite newer words with older ones. Any number.
_LOCK = 7_226_011
_INDEXED = ("id", "project_id", "created_at", "subreddit", "author", "title", "selftext")
_FAST = 1
_DIGEST_BYTES = 16


def catch_up() -> int:
    """Index pages that no search knows yet; the number of pages, 0 when none is left.

    Any number of processes may call it: on PostgreSQL one works and the others return at once.
    """
    if connection.vendor == "sqlite":
        # All that takes time is done before its transaction, which keeps all other writers out.
        return _index_oldest()
    with transaction.atomic():
        return _index_oldest() if _is_alone() else 0


def _index_oldest() -> int:
    pages = list(UnindexedPage.objects.order_by("pk")[:PAGES_AT_ONCE])
    if not pages:
        return 0
    numbers = [page.pk for page in pages]
    documents = _documents_of(pages)
    with transaction.atomic():
        # Oldest first: where others have done these, they may be at the same posts' newer words.
        if len(numbers) == UnindexedPage.objects.filter(pk__in=numbers).count():
            if documents:
                _ENGINES[connection.vendor](documents)
            UnindexedPage.objects.filter(pk__in=numbers).delete()
    return len(pages)


class Indexer:
    """A thread of a worker process that keeps the index a second or two behind the pages."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin; called once when the worker process is ready."""
        threading.Thread(target=self._run, name="index", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more; what was begun is done or undone by its transaction."""
        self._stopping.set()

    def _run(self) -> None:
        pause = seconds_between_looks(LOOK_SECONDS)
        while not self._stopping.wait(pause):
            close_old_connections()
            try:
                self._work_off()
            except DatabaseError:
                logger.warning("The text index could not go on; trying again.", exc_info=True)
        connections.close_all()

    def _work_off(self) -> None:
        begun = time.monotonic()
        while not self._stopping.is_set() and catch_up():
            if connection.vendor == "sqlite":
                # Who waits for its lock looks for it now and then, and is not given it in turn.
                self._stopping.wait(time.monotonic() - begun)
                begun = time.monotonic()


indexer = Indexer()


def forget(post_ids: Sequence[int]) -> None:
    """Remove posts that are being deleted; call it in their transaction."""
    known = PostDocument.objects.filter(pk__in=post_ids)
    if connection.vendor == "sqlite":
        _drop_words(known.values_list("created_at", "pk", "document"))
    known.delete()


def _is_alone() -> bool:
    """Keep others out of the index until the transaction ends, unless one of them is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


@dataclass(frozen=True)
class _Document:
    """A post as the index is told of it: `text` is in the form that the database takes."""

    number: int
    created_at: datetime
    digest: bytes
    text: str


def _documents_of(pages: Iterable[UnindexedPage]) -> list[_Document]:
    """Return those of the pages' posts whose words are new or have changed, by their numbers."""
    names: dict[int, set[str]] = {}
    for page in pages:
        names.setdefault(page.project_id, set()).update(json.loads(page.fullnames))
    compose = _COMPOSERS[connection.vendor]
    documents = []
    for project_id, fullnames in names.items():
        posts = ScrapedPost.objects.filter(project_id=project_id, fullname__in=fullnames)
        rows = posts.filter(project__deleted_at=None).values(*_INDEXED)
        digests = {row["id"]: _digest(row) for row in rows}
        known = PostDocument.objects.filter(pk__in=digests).values_list("pk", "digest")
        current = {number for number, digest in known if bytes(digest) == digests[number]}
        documents += [
            _Document(row["id"], row["created_at"], digests[row["id"]], compose(row))
            for row in rows
            if row["id"] not in current
        ]
    return sorted(documents, key=attrgetter("number"))


def _digest(row: Mapping[str, Any]) -> bytes:
    text = json.dumps([str(row[name]) for name in _INDEXED]).encode()
    return blake2b(text, digest_size=_DIGEST_BYTES).digest()


def _names(row: Mapping[str, Any]) -> list[str]:
    project = row["project_id"]
    names = [name_token(project, kind, row[kind]) for kind in ("subreddit", "author")]
    return [project_token(project), *(name for name in names if name)]


def _words(row: Mapping[str, Any]) -> list[str]:
    words = words_of(f"{row['title']}\n{row['selftext']}")
    return [word_token(row["project_id"], word) for word in words]


def _plain_text(row: Mapping[str, Any]) -> str:
    return " ".join([*_names(row), *_words(row)])


def _tsvector(row: Mapping[str, Any]) -> str:
    places: dict[str, list[str]] = {name: [] for name in _names(row)}
    for place, word in enumerate(_words(row), start=1):
        places.setdefault(word, []).append(str(place))
    return " ".join(
        f"'{word}':{','.join(at)}" if at else f"'{word}'" for word, at in places.items()
    )


_STORE_POSTGRESQL = f"""
INSERT INTO {_DOCUMENTS} (post_id, created_at, digest, document)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bytea[], %s::text[]::tsvector[])
ON CONFLICT (post_id) DO UPDATE
SET created_at = excluded.created_at, digest = excluded.digest, document = excluded.document
"""  # noqa: S608 -- a constant
_STORE_SQLITE = f"""
INSERT OR REPLACE INTO {_DOCUMENTS} (post_id, created_at, digest, document) VALUES (%s, %s, %s, %s)
"""  # noqa: S608 -- a constant

_ADD_WORDS = f"INSERT INTO {_FTS} (rowid, words) VALUES (%s, %s)"  # noqa: S608
_DROP_WORDS = f"INSERT INTO {_FTS} ({_FTS}, rowid, words) VALUES ('delete', %s, %s)"  # noqa: S608


def _store_postgresql(documents: Sequence[_Document]) -> None:
    columns: list[Any] = [
        [one.number for one in documents],
        [one.created_at for one in documents],
        [one.digest for one in documents],
        [one.text for one in documents],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE_POSTGRESQL, columns)


# FTS5 writes out what it has gathered whenever a number is below the one before: rows go sorted.
def _store_sqlite(documents: Sequence[_Document]) -> None:
    before = PostDocument.objects.filter(pk__in=[one.number for one in documents])
    _drop_words(before.values_list("created_at", "pk", "document"))
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        (one.number, adapt(one.created_at), one.digest, zlib.compress(one.text.encode(), _FAST))
        for one in documents
    ]
    words = sorted((row_number(one.created_at, one.number), one.text) for one in documents)
    with connection.cursor() as cursor:
        cursor.executemany(_STORE_SQLITE, rows)
        cursor.executemany(_ADD_WORDS, words)


def _drop_words(documents: Iterable[tuple[datetime, int, bytes]]) -> None:
    """Take documents out of FTS5, which has to be told again what it was given."""
    rows = sorted(
        (row_number(created_at, number), zlib.decompress(packed).decode())
        for created_at, number, packed in documents
    )
    with connection.cursor() as cursor:
        cursor.executemany(_DROP_WORDS, rows)


_COMPOSERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "postgresql": _tsvector,
    "sqlite": _plain_text,
}
_ENGINES: dict[str, Callable[[Sequence[_Document]], None]] = {
    "postgresql": _store_postgresql,
    "sqlite": _store_sqlite,
}
