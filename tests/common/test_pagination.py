"""Keyset pagination on whatever engine the run has."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.signing import Signer
from django.db import connection
from django.db.models import QuerySet

from common.errors import InvalidInput
from common.pagination import Key, Order, page_of, read_page_size
from projects.models import Project, User
from scraper.models import ScrapedPost

BY_DATE = Order("date", (Key("created_at"), Key("id")))
BY_SCORE = Order("score", (Key("score", nulls_as=-1), Key("id")))
BY_SCORE_UP = Order("score_up", (Key("score", nulls_as=-1), Key("id")), is_descending=False)


@pytest.fixture
def posts(db: None) -> QuerySet[ScrapedPost]:
    """40 posts with few different dates and scores, some scores unknown."""
    owner = User.objects.create_user("ada")
    project = Project.objects.create(owner=owner, name="p")
    chance = random.Random(7)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ScrapedPost.objects.bulk_create(
        ScrapedPost(
            project=project,
            fullname=f"t3_{number}",
            created_at=moment.replace(day=chance.randint(1, 5)),
            fetched_at=moment,
            score=chance.choice([None, -7, -1, 0, 3, 2**31 - 1]),
            over_18=False,
            spoiler=False,
            stickied=False,
            locked=False,
            is_self=True,
        )
        for number in range(40)
    )
    return ScrapedPost.objects.filter(project=project)


def read_all(rows: QuerySet[Any, Any], order: Order, size: int) -> list[list[Any]]:
    pages, cursor = [], None
    while True:
        page = page_of(rows, order, cursor=cursor, size=size)
        pages.append(page)
        if page.next is None:
            return pages
        cursor = page.next


def sort_key(order: Order) -> Any:
    return lambda row: tuple(key.value_of(row) for key in order.keys)


class TestPageOf:
    @pytest.mark.parametrize("order", [BY_DATE, BY_SCORE, BY_SCORE_UP], ids=lambda o: o.name)
    @pytest.mark.parametrize("size", [1, 7, 39, 40, 41])
    def test_reads_every_row_once_in_order(
        self, posts: QuerySet[ScrapedPost], order: Order, size: int
    ) -> None:
        pages = read_all(posts.values("id", "created_at", "score"), order, size)
        rows = [row for page in pages for row in page.rows]
        expected = sorted(
            posts.values("id", "created_at", "score"),
            key=sort_key(order),
            reverse=order.is_descending,
        )
        assert rows == expected
        assert all(len(page.rows) == size for page in pages[:-1])

    @pytest.mark.parametrize("order", [BY_DATE, BY_SCORE, BY_SCORE_UP], ids=lambda o: o.name)
    def test_reads_the_same_pages_backwards(
        self, posts: QuerySet[ScrapedPost], order: Order
    ) -> None:
        forwards = read_all(posts, order, 8)
        page = forwards[-1]
        for expected in reversed(forwards[:-1]):
            page = page_of(posts, order, cursor=page.previous, size=8)
            assert page.rows == expected.rows
            assert page.next is not None
        assert page.previous is None

    def test_neither_repeats_nor_skips_when_rows_come_in_between(
        self, posts: QuerySet[ScrapedPost]
    ) -> None:
        before = list(posts.order_by("-created_at", "-id"))
        first = page_of(posts, BY_DATE, size=10)
        newer = before[0]
        newer.pk, newer.fullname = None, "t3_new"
        newer.save()
        second = page_of(posts, BY_DATE, cursor=first.next, size=10)
        assert [*first.rows, *second.rows][1:] == before[1:20]

    def test_follows_relations_of_instances(self, posts: QuerySet[ScrapedPost]) -> None:
        order = Order("name", (Key("project__name"), Key("id")))
        pages = read_all(posts.select_related("project"), order, 15)
        assert sum(len(page.rows) for page in pages) == 40

    @pytest.mark.parametrize("order", [BY_DATE, BY_SCORE], ids=lambda o: o.name)
    def test_is_one_range_of_an_index(self, posts: QuerySet[ScrapedPost], order: Order) -> None:
        cursor = page_of(posts, order, size=5).next
        queries: list[tuple[str, Any]] = []

        def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
            queries.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            page_of(posts.values("id", "created_at", "score"), order, cursor=cursor, size=5)
        (query,) = queries
        plan = explain(*query)
        index = {"date": "post_by_date", "score": "post_by_score"}[order.name]
        assert index in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        assert "Sort" not in plan, plan

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "!!!",
            "\x00",
            "é",
            Signer(salt="cursor:other").sign_object([0, "2026-01-01T00:00:00Z", 1]),
            Signer(salt="cursor:date").sign_object([0, 1]) + "x",
        ],
    )
    def test_refuses_cursors_of_other_lists(
        self, posts: QuerySet[ScrapedPost], cursor: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            page_of(posts, BY_DATE, cursor=cursor)
        assert (caught.value.code, caught.value.attr) == ("invalid_cursor", "cursor")


class TestReadPageSize:
    def test_defaults_to_fifty_and_ends_at_two_hundred(self) -> None:
        assert read_page_size(None) == 50
        assert read_page_size("200") == 200
        for text in ("0", "201", "", " 5", "+5", "5.0", "٣", "9" * 5000):
            with pytest.raises(InvalidInput):
                read_page_size(text)


def explain(sql: str, params: Any) -> str:
    """Return the engine's plan; PostgreSQL is told that tables of 40 rows are large."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for way in ("seqscan", "sort", "bitmapscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{prefix} {sql}", params)
        return "\n".join(str(row) for row in cursor.fetchall())
