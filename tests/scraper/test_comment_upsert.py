"""A thread goes in whole, keeps its order when it is read again, and keeps what is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from data_provider.testing import EPOCH, make_comment, make_posts
from scraper import store
from scraper.comment_upsert import store_comments
from scraper.models import ScrapedComment, ScrapedPost
from tests.scraper.building import claimed_job, make_page, stored, target_of
from tests.scraper.test_store import HOSTILE

if TYPE_CHECKING:
    from data_provider import Comment

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def post() -> ScrapedPost:
    job, page = claimed_job(), make_page(make_posts(1))
    store.commit_page(job, target_of(job), page, page.posts)
    return stored("t3_p0")


def put(post: ScrapedPost, *comments: Comment, at: datetime = EPOCH) -> None:
    with transaction.atomic():
        store_comments(post, comments, fetched_at=at, backend="scripted")


def names(post: ScrapedPost) -> list[str]:
    rows = ScrapedComment.objects.filter(post=post).order_by("position", "id")
    return [name.removeprefix("t1_c") for name in rows.values_list("fullname", flat=True)]


THREAD = (
    make_comment(1),
    make_comment(2, 1, depth=1),
    make_comment(3, 2, depth=2),
    make_comment(4, 1, depth=1),
    make_comment(5),
)


class TestStoreComments:
    def test_keeps_every_field(self, post: ScrapedPost) -> None:
        whole = make_comment(
            7, 6, depth=3, is_submitter=True, stickied=True, distinguished="moderator",
            removed="removed", body="", author=None, score=-12, edited_at=LATER,
        )  # fmt: skip
        put(post, whole)
        row = ScrapedComment.objects.get(post=post)
        assert row.fullname == whole.id
        for name, value in whole:
            if name not in ("id", "post_id"):
                assert getattr(row, name) == value, name
        assert (row.project_id, row.fetched_at, row.backend) == (post.project_id, EPOCH, "scripted")

    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
    def test_keeps_hostile_text_as_it_is(self, post: ScrapedPost, text: str) -> None:
        put(post, make_comment(1, body=text, author=text))
        row = ScrapedComment.objects.get(post=post)
        assert (row.body, row.author) == (text, text)

    def test_keeps_the_order_it_is_given(self, post: ScrapedPost) -> None:
        put(post, *THREAD)
        assert names(post) == ["1", "2", "3", "4", "5"]

    def test_that_comes_again_is_refreshed_and_not_doubled(self, post: ScrapedPost) -> None:
        put(post, *THREAD)
        put(post, make_comment(5, score=50), *THREAD[:4], at=LATER)
        assert names(post) == ["5", "1", "2", "3", "4"]
        row = ScrapedComment.objects.get(fullname="t1_c5")
        assert (row.score, row.fetched_at) == (50, LATER)

    def test_without_a_score_keeps_the_one_that_was_known(self, post: ScrapedPost) -> None:
        put(post, make_comment(1, score=9))
        put(post, make_comment(1, score=None))
        assert ScrapedComment.objects.get().score == 9

    def test_keeps_what_vanished_below_its_parent(self, post: ScrapedPost) -> None:
        put(post, *THREAD)
        put(post, make_comment(5), make_comment(6, 5), make_comment(1), make_comment(4, 1))
        assert names(post) == ["5", "6", "1", "4", "2", "3"]

    def test_stay_where_they_were_written_when_a_source_shows_them_flat(
        self, post: ScrapedPost
    ) -> None:
        put(post, *THREAD)
        put(post, *(make_comment(number, score=9) for number in (5, 1, 2, 3, 4)))
        rows = ScrapedComment.objects.filter(post=post).order_by("position")
        assert [(row.fullname, row.parent_id, row.depth, row.score) for row in rows] == [
            ("t1_c5", "t3_p0", 0, 9),
            ("t1_c1", "t3_p0", 0, 9),
            ("t1_c2", "t1_c1", 1, 9),
            ("t1_c3", "t1_c2", 2, 9),
            ("t1_c4", "t1_c1", 1, 9),
        ]

    def test_shown_flat_are_put_where_they_belong_once_that_is_known(
        self, post: ScrapedPost
    ) -> None:
        put(post, make_comment(1), make_comment(2))
        put(post, make_comment(1), make_comment(2, 1, depth=1))
        row = ScrapedComment.objects.get(fullname="t1_c2")
        assert (row.parent_id, row.depth) == ("t1_c1", 1)

    def test_of_an_orphan_and_of_a_circle_loses_neither(self, post: ScrapedPost) -> None:
        put(post, make_comment(1, 99))
        put(post, make_comment(2, 3), make_comment(3, 2))
        assert sorted(names(post)) == ["1", "2", "3"]
        assert len(set(ScrapedComment.objects.values_list("position", flat=True))) == 3

    def test_takes_a_statement_per_thousand_and_not_per_row(self, post: ScrapedPost) -> None:
        thread = [make_comment(number) for number in range(2500)]
        with (
            CaptureQueriesContext(
                connection,
            ) as queries,
            transaction.atomic(),
        ):
            store_comments(post, thread, fetched_at=EPOCH, backend="scripted")
        assert ScrapedComment.objects.count() == 2500
        assert len(queries) < 10

    def test_of_nothing_changes_nothing(self, post: ScrapedPost) -> None:
        put(post, *THREAD)
        put(post)
        assert len(names(post)) == 5
