"""Reads what an export holds: ids once, then rows in short reads, as plain values by column.

The ids of the matching posts are taken at the start (8 bytes each): so the selection is that of
one moment, a full-text filter runs once, and every page is a read of a few milliseconds that
holds no writer up. Rows come past the ORM's converters, which would take most of the time.
"""

from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from django.db import connection
from django.db.models import Count, F, Func, Max, Q, QuerySet
from django.db.models.expressions import Combinable

from exports.columns import field_of
from exports.lines import Lines
from exports.writers.base import Column, Kind
from scraper import selectors
from scraper.models import ScrapedComment, ScrapedPost

# Rows of one read; between two, an export looks whether it must stop.
PAGE_ROWS = 1000

_IDS_AT_ONCE = 10_000

Instants = Literal["iso", "epoch"]
Page = list[Sequence[Any]]


class _Instant(Func):
    """A column's instant as the database writes it: quicker than reading and writing it here."""

    def __init__(self, field: str, instants: Instants) -> None:
        super().__init__(F(field))
        self.instants = instants

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> Any:
        templates = {
            "iso": "substr(%(expressions)s, 1, 10) || 'T' || substr(%(expressions)s, 12, 8) || 'Z'",
            "epoch": "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)",
        }
        return self.as_sql(compiler, connection, template=templates[self.instants])

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> Any:
        utc = "%(expressions)s AT TIME ZONE 'UTC'"
        templates = {
            "iso": f"""to_char({utc}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
            "epoch": "floor(extract(epoch FROM %(expressions)s))::bigint",
        }
        return self.as_sql(compiler, connection, template=templates[self.instants])


def matching_posts(project_id: int, filters: Mapping[str, Any], *, with_removed: bool) -> Any:
    """Return the posts that the posts list shows under the same filters."""
    rows = selectors.posts_matching(project_id, filters)
    return rows if with_removed else rows.filter(removed=None)


def ids_of(posts: QuerySet[Any, Any]) -> Generator[int, None, None]:
    """Yield the ids of posts in the order in which an export shows them: as they were stored."""
    ids: QuerySet[Any, int] = posts.order_by("pk").values_list("pk", flat=True)
    yield from ids.iterator(chunk_size=_IDS_AT_ONCE)


def count_comments(posts: QuerySet[Any, Any]) -> int:
    """Return how many comments the posts have."""
    return ScrapedComment.objects.filter(post_id__in=posts.order_by().values("pk")).count()


class Selection:
    """The posts of one export, as they were chosen at its start, and their comments.

    `check` is called before every chunk is read, whether there is anything in it, and may raise.
    """

    def __init__(
        self, ids: Iterable[int], instants: Instants, check: Callable[[], None] = lambda: None
    ) -> None:
        self._ids = array("q", ids)
        self._instants = instants
        self._check = check
        self._last_comment: int = ScrapedComment.objects.aggregate(last=Max("pk"))["last"] or 0

    def __len__(self) -> int:
        return len(self._ids)

    def comment_counts(self) -> Iterator[int]:
        """Yield how many comments the posts have, chunk by chunk."""
        for ids in self._chunks():
            yield sum(self._comment_counts(ids).values())

    def posts(self, columns: Sequence[Column]) -> Iterator[Page]:
        """Yield the posts in pages, each a list of columns."""
        for ids in self._chunks():
            if rows := self._read(ScrapedPost.objects.filter(_among("pk", ids)), columns):
                yield list(zip(*rows, strict=True))

    def lines(self, lines: Lines) -> Generator[tuple[int, bytes], None, None]:
        """Yield the posts in pages that are written already: how many, and their lines."""
        return lines.pages(self._chunks())

    def comments(self, columns: Sequence[Column]) -> Iterator[Page]:
        """Yield the comments in pages: post by post, each thread depth first."""
        for ids in self._chunks():
            for group in _groups(ids, self._comment_counts(ids)):
                for rows in self._comments_of(group, columns):
                    yield list(zip(*rows, strict=True))

    def posts_with_comments(
        self, columns: Sequence[Column], comment_columns: Sequence[Column]
    ) -> Iterator[tuple[Page, list[list[tuple[Any, ...]]]]]:
        """Yield pages of posts, each with its posts' comments as rows of `comment_columns`."""
        for ids in self._chunks():
            for group in _groups(ids, self._comment_counts(ids)):
                posts = ScrapedPost.objects.filter(_among("pk", group))
                rows = self._read(posts, columns, "pk")
                if not rows:
                    continue
                page: Page = list(zip(*rows, strict=True))
                keys = page.pop()
                threads: dict[int, list[tuple[Any, ...]]] = {key: [] for key in keys}
                for part in self._comments_of(group, comment_columns, "post_id"):
                    for *values, post in part:
                        threads.get(post, []).append(tuple(values))
                yield page, [threads[key] for key in keys]

    def _chunks(self) -> "Iterator[array[int]]":
        for start in range(0, len(self._ids), PAGE_ROWS):
            self._check()
            yield self._ids[start : start + PAGE_ROWS]

    def _comments(self, ids: Sequence[int]) -> QuerySet[ScrapedComment]:
        return ScrapedComment.objects.filter(_among("post_id", ids), pk__lte=self._last_comment)

    def _comment_counts(self, ids: Sequence[int]) -> dict[int, int]:
        counts = self._comments(ids).order_by().values_list("post_id").annotate(Count("pk"))
        return dict(counts)

    def _comments_of(
        self, ids: Sequence[int], columns: Sequence[Column], *more: str
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the comments of a group: at once, or in pages where one post has very many."""
        place = ("position", "pk")
        rows = self._comments(ids)
        last: tuple[int, int] | None = None
        while True:
            self._check()
            after = Q()
            if last is not None:
                after = Q(position__gt=last[0]) | Q(position=last[0], pk__gt=last[1])
            order = ("post_id", *place)
            found = self._read(rows.filter(after), columns, *more, *place, order=order)
            if found:
                last = found[-1][-2:]
                yield [row[:-2] for row in found]
            if len(ids) > 1 or len(found) < PAGE_ROWS:
                return

    def _read(
        self,
        rows: QuerySet[Any],
        columns: Sequence[Column],
        *more: str,
        order: Sequence[str] = ("pk",),
    ) -> list[tuple[Any, ...]]:
        names = [_expression_of(column, self._instants) for column in columns]
        fetched = rows.order_by(*order).values_list(*names, *more)[:PAGE_ROWS]
        sql, params = fetched.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found


def _expression_of(column: Column, instants: Instants) -> str | Combinable:
    field = field_of(column)
    return _Instant(field, instants) if column.kind is Kind.INSTANT else field


def _among(field: str, ids: Sequence[int]) -> Q:
    """Return the condition of a chunk: a range where it has no gap, else a list."""
    if not len(ids):
        return Q(pk__in=[])
    if ids[-1] - ids[0] + 1 == len(ids):
        return Q(**{f"{field}__gte": ids[0], f"{field}__lte": ids[-1]})
    return Q(**{f"{field}__in": list(ids)})


def _groups(ids: Sequence[int], counts: Mapping[int, int]) -> Iterator[list[int]]:
    """Split posts into groups of at most a page of comments; a post with more is alone."""
    group: list[int] = []
    size = 0
    for post_id in ids:
        number = counts.get(post_id, 0)
        if group and size + number > PAGE_ROWS:
            yield group
            group, size = [], 0
        group.append(post_id)
        size += number
    if group:
        yield group
