"""What changes about a post that is seen again: its row shows the present, its history the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from data_provider.testing import make_post, make_posts
from scraper import store
from scraper.models import PostMetric
from tests.callers import signed_in
from tests.scraper.building import claimed_job, make_page, make_project, stored, target_of

if TYPE_CHECKING:
    from data_provider import Post
    from projects.models import Project

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 11, 1, 12, tzinfo=UTC)


def see(project: Project, *posts: Post, hours: int = 0, backend: str = "scripted") -> None:
    """Have a new job store the posts so many hours after the first look."""
    job = claimed_job(project)
    page = make_page(posts, fetched_at=FIRST + timedelta(hours=hours), backend=backend)
    store.commit_page(job, target_of(job), page, page.posts)


def history() -> list[PostMetric]:
    return list(PostMetric.objects.order_by("id"))


class TestHistory:
    def test_begins_with_the_first_change(self) -> None:
        project = make_project()
        see(project, *make_posts(5))
        assert history() == []

    def test_is_one_row_per_observed_change_with_what_was_before(self) -> None:
        project = make_project()
        see(project, make_post(1, score=10, num_comments=3, upvote_ratio=0.9))
        see(project, make_post(1, score=15, num_comments=3, upvote_ratio=0.87), hours=2)
        (row,) = history()
        assert row.post.fullname == "t3_p1"
        assert (row.score_before, row.score) == (10, 15)
        assert (row.num_comments_before, row.num_comments) == (3, 3)
        assert (row.upvote_ratio_before, row.upvote_ratio) == (0.9, 0.87)
        assert (row.seen_before_at, row.seen_at) == (FIRST, FIRST + timedelta(hours=2))
        assert (stored("t3_p1").score, stored("t3_p1").upvote_ratio) == (15, 0.87)

    def test_has_no_row_for_a_look_that_found_nothing_changed(self) -> None:
        project = make_project()
        for hours in range(4):
            see(project, make_post(1, score=10, upvote_ratio=1.0, title=f"{hours}"), hours=hours)
        assert history() == []

    def test_goes_from_the_last_look_however_often_nothing_changed(self) -> None:
        project = make_project()
        for hours, score in enumerate((10, 10, 12, 12, 11)):
            see(project, make_post(1, score=score), hours=hours)
        assert [(row.score_before, row.score) for row in history()] == [(10, 12), (12, 11)]
        ends = [(row.seen_before_at, row.seen_at) for row in history()]
        hour = timedelta(hours=1)
        assert ends == [(FIRST + hour, FIRST + 2 * hour), (FIRST + 3 * hour, FIRST + 4 * hour)]

    def test_takes_a_number_that_becomes_known_for_a_change_and_one_unknown_for_none(self) -> None:
        project = make_project()
        see(project, make_post(1, score=None))
        see(project, make_post(1, score=4), hours=1)
        see(project, make_post(1, score=None), hours=2)
        assert [(row.score_before, row.score) for row in history()] == [(None, 4)]
        assert stored("t3_p1").score == 4

    def test_belongs_to_the_project(self) -> None:
        see(make_project("ada"), make_post(1, score=1))
        see(make_project("bob"), make_post(1, score=2), hours=1)
        assert history() == []

    def test_tells_which_of_a_page_s_posts_changed(self) -> None:
        project = make_project()
        see(project, *make_posts(100))
        changed = [make_post(n, score=n + 1000 * (n % 3 == 0)) for n in range(100)]
        see(project, *changed, *make_posts(10, 200), hours=1)
        assert {row.score for row in history()} == {n + 1000 for n in range(0, 100, 3)}

    def test_is_one_row_when_a_page_shows_a_post_twice(self) -> None:
        project = make_project()
        see(project, make_post(1, score=1))
        see(project, make_post(1, score=2), make_post(1, score=3), hours=1)
        assert [(row.score_before, row.score) for row in history()] == [(1, 3)]

    def test_costs_no_query_per_post(self) -> None:
        project = make_project()
        counts = []
        for size, base in ((1, 0), (1, 1000), (100, 0), (100, 1000)):
            posts = [make_post(n, score=base + n) for n in range(size)]
            with CaptureQueriesContext(connection) as queries:
                see(project, *posts)
            counts.append(len(queries))
        assert len(set(counts)) == 1

    def test_goes_with_the_page_that_is_refused(self) -> None:
        project = make_project()
        see(project, make_post(1, score=1))
        with pytest.raises((DataError, OverflowError)):
            see(project, make_post(1, score=2), make_post(2, score=2**70), hours=1)
        assert history() == []
        assert stored("t3_p1").score == 1


GONE = {"selftext": "", "removed": "removed", "author": None}


class TestRemoval:
    def test_empties_the_text_and_is_told_in_the_history(self) -> None:
        project = make_project()
        see(project, make_post(1, selftext="Words.", removed=None))
        see(project, make_post(1, **GONE), hours=1)
        post = stored("t3_p1")
        assert (post.selftext, post.removed, post.author) == ("", "removed", None)
        (row,) = history()
        assert (row.removed_before, row.removed, row.seen_at) == (
            None,
            "removed",
            FIRST + timedelta(hours=1),
        )

    def test_undone_is_told_too(self) -> None:
        project = make_project()
        see(project, make_post(1, **GONE))
        see(project, make_post(1, selftext="Words."), hours=1)
        assert (stored("t3_p1").selftext, stored("t3_p1").removed) == ("Words.", None)
        assert [(row.removed_before, row.removed) for row in history()] == [("removed", None)]

    def test_is_not_undone_by_an_archive(self) -> None:
        project = make_project()
        see(project, make_post(1, score=50, **GONE))
        see(project, make_post(1, selftext="Words.", score=1), hours=1, backend="archive")
        post = stored("t3_p1")
        assert (post.selftext, post.removed, post.score) == ("", "removed", 50)
        assert (post.backend, post.fetched_at) == ("scripted", FIRST)
        assert history() == []

    def test_an_archive_refreshes_what_it_gave_itself_and_a_living_source_everything(self) -> None:
        project = make_project()
        see(project, make_post(1, score=1), backend="archive")
        see(project, make_post(1, score=2), hours=1, backend="archive")
        assert (stored("t3_p1").score, stored("t3_p1").backend) == (2, "archive")
        see(project, make_post(1, score=9), hours=2)
        assert (stored("t3_p1").score, stored("t3_p1").backend) == (9, "scripted")
        assert [(row.score_before, row.score) for row in history()] == [(1, 2), (2, 9)]

    def test_what_an_archive_gives_counts_for_its_job(self) -> None:
        project = make_project()
        see(project, *make_posts(3))
        job = claimed_job(project)
        page = make_page(make_posts(4), backend="archive")
        committed = store.commit_page(job, target_of(job), page, page.posts)
        assert (committed.posts_scraped, committed.posts_new) == (4, 1)


class TestEdit:
    def test_is_told_and_not_forgotten_by_a_source_that_does_not_know(self) -> None:
        project, edited_at = make_project(), FIRST - timedelta(minutes=5)
        see(project, make_post(1, selftext="Before."))
        see(project, make_post(1, selftext="After.", edited_at=edited_at), hours=1)
        see(project, make_post(1, selftext="After."), hours=2, backend="rss")
        assert (stored("t3_p1").selftext, stored("t3_p1").edited_at) == ("After.", edited_at)
        assert [(row.edited_at_before, row.edited_at) for row in history()] == [(None, edited_at)]


class TestOverHttp:
    def address(self, project: Project, fullname: str = "t3_p1") -> str:
        return f"/api/projects/{project.pk}/posts/{fullname}/metrics/"

    def test_lists_the_changes_newest_first_page_by_page(self) -> None:
        project = make_project()
        for hours in range(6):
            see(project, make_post(1, score=hours), make_post(2, score=hours), hours=hours)
        caller = signed_in(project.owner)
        first = caller.get(f"{self.address(project)}?page_size=3").json()
        second = caller.get(first["next"]).json()
        rows = [*first["results"], *second["results"]]
        assert [row["score"] for row in rows] == [5, 4, 3, 2, 1]
        assert rows[0] == {
            "seen_at": "2026-11-01T17:00:00Z",
            "seen_before_at": "2026-11-01T16:00:00Z",
            "score": 5,
            "score_before": 4,
            "upvote_ratio": None,
            "upvote_ratio_before": None,
            "num_comments": 0,
            "num_comments_before": 0,
            "removed": None,
            "removed_before": None,
            "edited_at": None,
            "edited_at_before": None,
        }

    @pytest.mark.parametrize("who", ["missing", "foreign"])
    def test_is_the_same_404_for_a_missing_and_a_foreign_post(self, who: str) -> None:
        project = make_project()
        see(project, make_post(1))
        caller: Any = signed_in(project.owner if who == "missing" else make_project("bob").owner)
        name = "t3_other" if who == "missing" else "t3_p1"
        assert caller.get(self.address(project, name)).status_code == 404
