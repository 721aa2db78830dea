"""A page goes in whole or not at all, counts what is new, and keeps what a post says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DataError, OperationalError, connection

from data_provider import Media, Notice, Post, Private
from data_provider.testing import EPOCH, make_post, make_posts
from projects.keeper import Stopped, StopReason
from scraper import selectors, store
from scraper.models import JobPost, ScrapedPost, ScrapingJob, ScrapingTarget
from tests.scraper.building import (
    claim,
    claimed_job,
    events_of,
    let_lease_expire,
    make_page,
    make_project,
    now_of,
    posts_of,
    stored,
    target_of,
)
from tests.threads import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scraper.store import Committed

pytestmark = pytest.mark.django_db

LATER = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
# The longest of Reddit's in the census of January 2026.
LONGEST_TEXT = 77_835
LONGEST_URL = 23_120

HOSTILE = {
    "emoji": "\U0001f680\U0001f9d1\u200d\U0001f373 \u202eltr\u202c",
    "separators": "a\u2028b\u2029c\u0085d\x0be\x0cf",
    "newlines": "a\r\nb\rc\n\n",
    "replaced NUL": "a\ufffdb",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f",
    "quotes": "'; DROP TABLE x; -- \" \\ \\u0000 %s %(a)s ? :a {} $1",
    "json": '{"a": [1, "\\ud800"]}',
    "not characters": "\ufffe\uffff\U0010ffff",
    "blank": "   ",
    "empty": "",
}


def commit(
    job: ScrapingJob, posts: Sequence[Post], cursor: str | None = "next", **fields: Any
) -> Committed:
    page = make_page(posts, cursor, **fields)
    return store.commit_page(job, target_of(job), page, page.posts)


def everything() -> list[Any]:
    """All that a page may change."""
    return [
        list(table.objects.order_by("pk").values())  # type: ignore[attr-defined]
        for table in (ScrapingJob, ScrapingTarget, ScrapedPost, JobPost)
    ]


class TestCommitPage:
    def test_stores_posts_place_counts_and_facts_together(self) -> None:
        job = claimed_job()
        committed = commit(job, make_posts(3), "after-3", requests=2)
        now, target = now_of(job), target_of(job)
        assert (committed.posts_scraped, committed.posts_new) == (3, 3)
        assert (now.posts_scraped, now.posts_new, now.requests_made) == (3, 3, 2)
        assert (target.status, target.cursor, target.backend_used) == (
            "running",
            "after-3",
            "scripted",
        )
        assert (target.posts_scraped, target.posts_new) == (3, 3)
        page, changed = events_of(job)[-2:]
        assert (page.type, page.seq) == ("page.stored", committed.seq)
        assert page.data == {"posts": 3, "posts_scraped": 3}
        assert (changed.type, changed.data) == ("target.changed", target.entry())
        rows = JobPost.objects.filter(job=job, seq=committed.seq).order_by("n")
        assert [(row.n, row.post.fullname) for row in rows] == [
            (1, "t3_p0"),
            (2, "t3_p1"),
            (3, "t3_p2"),
        ]

    def test_the_last_page_completes_the_target(self) -> None:
        job = claimed_job()
        commit(job, make_posts(1), None)
        target = target_of(job)
        assert (target.status, target.cursor, target.stopped_by) == ("completed", "", "exhausted")
        assert target.entry()["exhausted"] is True

    def test_counts_what_the_project_did_not_have(self) -> None:
        project = make_project()
        first, second = claimed_job(project), claimed_job(project)
        commit(first, make_posts(3))
        committed = commit(second, make_posts(4, 1))
        assert (committed.posts_scraped, committed.posts_new) == (4, 2)
        committed = commit(second, make_posts(4, 3))
        assert (committed.posts_scraped, committed.posts_new) == (6, 4)
        assert ScrapedPost.objects.count() == 7

    def test_projects_do_not_share_posts(self) -> None:
        for name in ("ada", "bob"):
            assert commit(claimed_job(make_project(name)), make_posts(2)).posts_new == 2
        assert ScrapedPost.objects.count() == 4

    def test_a_page_that_comes_again_counts_once(self) -> None:
        job = claimed_job()
        first = commit(job, make_posts(3))
        again = commit(job, make_posts(3))
        assert (again.posts_scraped, again.posts_new) == (3, 3)
        assert set(JobPost.objects.values_list("seq", flat=True)) == {first.seq}

    def test_a_post_twice_on_a_page_is_one(self) -> None:
        job = claimed_job()
        posts = [make_post(1, title="old"), make_post(2), make_post(1, title="new")]
        committed = commit(job, posts)
        assert (committed.posts_scraped, committed.posts_new) == (2, 2)
        assert stored("t3_p1").title == "new"
        assert posts_of(job) == {"t3_p1", "t3_p2"}

    def test_an_empty_page_moves_the_cursor(self) -> None:
        job = claimed_job()
        committed = commit(job, [], "on")
        assert (committed.posts_scraped, target_of(job).cursor) == (0, "on")

    def test_forgives_earlier_losses(self) -> None:
        job = claimed_job()
        let_lease_expire(job)
        job = claim(job)
        commit(job, make_posts(1))
        assert now_of(job).losses == 0


class TestCutShort:
    def make(self, finished: int = 0) -> ScrapingJob:
        job = claimed_job(None, *(f"one{number}" for number in range(200)))
        store.commit_page(job, target_of(job), make_page(make_posts(2)), make_posts(2))
        done = ScrapingTarget.objects.filter(job=job, position__lt=finished)
        done.update(status="completed", stopped_by="exhausted")
        return job

    @pytest.mark.parametrize("status", ["partial", "cancelled"])
    def test_ends_very_many_targets_by_few_statements(
        self, status: str, django_assert_max_num_queries: Any
    ) -> None:
        job = self.make()
        job.cancel() if status == "cancelled" else None
        with django_assert_max_num_queries(20):
            if status == "cancelled":
                assert job.mark_cancelled(job.lease)
            else:
                store.cut_short(job, "time_limit", "It took too long.")
        ended = [target_of(job, position) for position in (0, 1, 199)]
        if status == "cancelled":
            assert {(one.status, one.error_code) for one in ended} == {("cancelled", "")}
        else:
            assert [one.status for one in ended] == ["partial", "failed", "failed"]
            assert {one.error_code for one in ended} == {"time_limit"}
            assert ended[0].cursor == "next"
        log = events_of(job)
        assert [event.type for event in log].count("target.changed") == 201
        assert (now_of(job).status, log[-1].type) == (status, f"scraping.{status}")
        assert log[-2].data == ended[2].entry()

    def test_leaves_what_is_done_and_is_complete_when_all_is(self) -> None:
        job = self.make(finished=199)
        store.cut_short(job, "time_limit", "It took too long.")
        assert [target_of(job, n).status for n in (0, 198, 199)] == ["completed"] * 2 + ["failed"]
        whole = self.make(finished=200)
        store.cut_short(whole, "time_limit", "It took too long.")
        assert now_of(whole).status == "completed"


class TestRefused:
    """By a cancel, or because another worker has taken over: then nothing is written."""

    @pytest.fixture(params=["cancelled", "lost", "ended"])
    def refused(self, request: pytest.FixtureRequest) -> tuple[ScrapingJob, StopReason]:
        job = claimed_job()
        commit(job, make_posts(2))
        if request.param == "cancelled":
            now_of(job).cancel()
            return job, StopReason.CANCELLED
        if request.param == "lost":
            let_lease_expire(job)
            claim(job, "another")
        else:
            job.mark_completed(job.lease)
        return job, StopReason.LEASE_LOST

    @pytest.mark.parametrize(
        "write",
        [
            lambda job: commit(job, make_posts(2, 5)),
            lambda job: store.start_target(job, target_of(job), "other"),
            lambda job: store.fail_target(job, target_of(job), Private("x")),
            lambda job: store.record_notice(job, Notice(code="x", detail="x")),
            lambda job: store.cut_short(job, "time_limit", "x"),
            store.finish,
        ],
        ids=["page", "start", "fail", "notice", "cut", "finish"],
    )
    def test_writes_nothing_and_says_why(
        self, refused: tuple[ScrapingJob, StopReason], write: Callable[[ScrapingJob], Any]
    ) -> None:
        job, reason = refused
        before, log = everything(), events_of(job)
        with pytest.raises(Stopped) as stopped:
            write(job)
        assert stopped.value.reason is reason
        assert (everything(), events_of(job)) == (before, log)

    def test_leaves_the_target_in_hand_as_it_was(self) -> None:
        job = claimed_job()
        target = target_of(job)
        now_of(job).cancel()
        page = make_page(make_posts(2), "further")
        with pytest.raises(Stopped):
            store.commit_page(job, target, page, page.posts)
        assert (target.cursor, target.posts_scraped, job.posts_scraped) == ("", 0, 0)


class TestBroken:
    """By a fault in the middle: all or nothing."""

    def test_a_post_that_does_not_fit_takes_the_page_with_it(self) -> None:
        job = claimed_job()
        commit(job, make_posts(2))
        before, target = everything(), target_of(job)
        bad = make_page([make_post(7), make_post(8, score=2**70)])
        with pytest.raises((DataError, OverflowError)):
            store.commit_page(job, target, bad, bad.posts)
        assert everything() == before
        assert (target.cursor, target.posts_scraped) == ("next", 2)

    @pytest.mark.parametrize("word", ["projects_event", "scraper_scrapingtarget"])
    def test_a_database_that_fails_half_way_leaves_nothing(self, word: str) -> None:
        job = claimed_job()
        before, log, target = everything(), events_of(job), target_of(job)

        def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if word in sql and sql.lstrip().startswith(("INSERT", "UPDATE")):
                raise OperationalError("disk full")
            return execute(sql, params, many, context)

        page = make_page(make_posts(2))
        with pytest.raises(OperationalError), connection.execute_wrapper(fail):
            store.commit_page(job, target, page, page.posts)
        assert (everything(), events_of(job)) == (before, log)
        assert (target.cursor, target.posts_scraped, job.posts_scraped) == ("", 0, 0)


FULL = Post(
    id="t3_full",
    subreddit="Python",
    title="Title",
    author="someone",
    selftext="Text",
    url="https://example.org/?a=1&b=2",
    permalink="/r/Python/comments/full/",
    domain="example.org",
    score=-7,
    upvote_ratio=0.87,
    num_comments=12,
    flair="Help",
    over_18=True,
    spoiler=True,
    stickied=True,
    locked=True,
    is_self=True,
    post_type="gallery",
    thumbnail="https://example.org/t.png",
    media=(
        Media(type="image", url="https://example.org/1.png", width=3, height=4),
        Media(type="video", url="https://example.org/2.mp4"),
    ),
    crosspost_parent="t3_other",
    removed="deleted",
    edited_at=datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC),
    created_at=datetime(1999, 12, 31, 1, 2, 3, tzinfo=UTC),
)
BARE = Post(id="t3_bare", subreddit="a", title="", url="", permalink="", created_at=EPOCH)


def shown(post: Post) -> dict[str, Any]:
    """The stored post as REST gives it, without what the page added."""
    row = selectors.posts_of_project(ScrapedPost.objects.get(fullname=post.id).project_id)
    seen = selectors.post_as_json(row.get(fullname=post.id))
    assert (seen.pop("fetched_at"), seen.pop("backend")) == (LATER, "rss")
    read = ("comments_fetched", "comments_expected", "comments_fetched_at")
    assert [seen.pop(name) for name in read] == [None, None, None]
    return seen


class TestPost:
    @pytest.mark.parametrize("post", [FULL, BARE], ids=["full", "bare"])
    def test_is_stored_field_by_field(self, post: Post) -> None:
        commit(claimed_job(), [post], fetched_at=LATER, backend="rss")
        assert shown(post) == post.model_dump() | {
            "media": [item.model_dump() for item in post.media]
        }

    @pytest.mark.parametrize(("before", "after"), [(BARE, FULL), (FULL, BARE)])
    def test_is_refreshed_field_by_field(self, before: Post, after: Post) -> None:
        after = after.model_copy(update={"id": before.id, "score": 1, "num_comments": 2})
        after = after.model_copy(update={"upvote_ratio": 0.5, "edited_at": LATER})
        project = make_project()
        for post in (before, after):
            commit(claimed_job(project), [post], fetched_at=LATER, backend="rss")
        assert shown(after) == after.model_dump() | {
            "media": [item.model_dump() for item in after.media]
        }

    def test_keeps_the_numbers_that_another_source_does_not_know(self) -> None:
        project = make_project()
        unknown = {"score": None, "upvote_ratio": None, "num_comments": None}
        commit(claimed_job(project), [FULL])
        commit(claimed_job(project), [FULL.model_copy(update=unknown | {"title": "Edited"})])
        post = stored("t3_full")
        assert (post.title, post.score, post.upvote_ratio, post.num_comments) == (
            "Edited",
            -7,
            0.87,
            12,
        )

    def test_takes_a_zero_for_a_number(self) -> None:
        project = make_project()
        commit(claimed_job(project), [FULL])
        commit(claimed_job(project), [FULL.model_copy(update={"score": 0})])
        assert stored("t3_full").score == 0

    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
    def test_keeps_hostile_text(self, text: str) -> None:
        fields = dict.fromkeys(("title", "selftext", "author", "flair", "url", "domain"), text)
        media = (Media(type="image", url=text),)
        commit(claimed_job(), [make_post(1, **fields, media=media)])
        post = stored("t3_p1")
        assert {name: getattr(post, name) for name in fields} == fields
        assert post.media[0]["url"] == text

    def test_keeps_the_longest(self) -> None:
        text, url = "\u65e5" * LONGEST_TEXT, "https://e.org/" + "x" * (LONGEST_URL - 14)
        commit(claimed_job(), [make_post(1, selftext=text, url=url, title="t" * 300)])
        post = stored("t3_p1")
        assert (post.selftext, post.url) == (text, url)


class TestConcurrentPages:
    @pytest.mark.django_db(transaction=True)
    def test_of_one_project_with_the_same_posts_do_not_deadlock(self) -> None:
        project = make_project()
        jobs = [claimed_job(project) for _ in range(6)]
        pages = 8

        def scrape(index: int) -> int:
            job = jobs[index]
            for number in range(pages):
                posts = make_posts(40, 20 * number)
                # The same posts from both ends: what makes row locks wait for each other.
                commit(job, posts if index % 2 else posts[::-1])
            return now_of(job).posts_new

        results = at_once(len(jobs), scrape)
        assert not [result for result in results if isinstance(result, Exception)], results
        distinct = 20 * pages + 20
        assert ScrapedPost.objects.count() == distinct
        assert sum(results) == distinct  # type: ignore[arg-type]
        assert {len(posts_of(job)) for job in jobs} == {distinct}


class TestFinish:
    @pytest.mark.parametrize(
        ("statuses", "expected"),
        [
            (["completed", "completed"], "completed"),
            (["failed", "failed"], "failed"),
            (["completed", "failed"], "partial"),
            (["partial", "failed"], "partial"),
            (["partial"], "partial"),
        ],
    )
    def test_follows_the_targets(self, statuses: list[str], expected: str) -> None:
        job = claimed_job(None, *(f"sub{number}" for number in range(len(statuses))))
        for position, status in enumerate(statuses):
            code = "" if status == "completed" else "private"
            rows = ScrapingTarget.objects.filter(job=job, position=position)
            rows.update(status=status, error_code=code)
        store.finish(job)
        assert now_of(job).status == expected

    def test_a_failure_after_a_page_is_partial(self) -> None:
        job = claimed_job()
        commit(job, make_posts(1))
        store.fail_target(job, target_of(job), Private("Members only."))
        store.finish(job)
        assert (now_of(job).status, target_of(job).status) == ("partial", "partial")
