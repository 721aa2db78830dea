"""Text search finds the same posts on both engines, page by page, in every order of the list."""

from __future__ import annotations

import itertools
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.pagination import Key, Order, page_of
from config.api import ApiRenderer
from data_provider import Media
from data_provider.testing import EPOCH, make_post
from projects.deletion import remove_project
from projects.services.projects import delete_project
from scraper import listing, search, selectors, store
from scraper.indexing import catch_up
from scraper.models import PostDocument, ScrapedPost, UnindexedPage
from tests.scraper.building import claimed_job, make_page, make_project, target_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider import Post
    from projects.models import Project
    from tests.callers import Caller

pytestmark = pytest.mark.django_db

_numbers = itertools.count(1)


def put(project: Project, *posts: Post) -> None:
    """Store a page of posts, not indexed yet."""
    job = claimed_job(project)
    store.commit_page(job, target_of(job), make_page(posts), posts)


def texts(*titles: str, **fields: Any) -> list[Post]:
    """Return posts with these titles, each a second younger than the one before."""
    return [
        make_post(number, title=title, created_at=EPOCH + timedelta(seconds=number), **fields)
        for number, title in zip(_numbers, titles, strict=False)
    ]


def index_all() -> None:
    while catch_up():
        pass


def titles(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["title"] for row in rows]


@pytest.fixture
def project(owner: Caller) -> Project:
    return make_project("owner")


def found(owner: Caller, project: Project, q: str, **more: Any) -> list[str]:
    """Return the titles found, all pages of two, newest first unless asked otherwise."""
    query = urlencode({"q": q, "page_size": 2, **more})
    address: str | None = f"/api/projects/{project.pk}/posts/?{query}"
    seen = []
    while address:
        answer = owner.get(address)
        assert answer.status_code == 200, answer.content
        seen += titles(answer.json()["results"])
        address = answer.json()["next"]
    return seen


class TestPostList:
    @pytest.mark.parametrize(
        ("q", "titles"),
        [
            ("apple", ["Pie of APPLE", "an apple a day", "Apple pie"]),
            ("apple pie", ["Pie of APPLE", "Apple pie"]),
            ('"apple pie"', ["Apple pie"]),
            ("apple -pie", ["an apple a day"]),
            ("-apple", ["東京タワー", "Café crème"]),
            ("cafe OR day", ["an apple a day", "Café crème"]),
            ("CREME", ["Café crème"]),
            ("cre*", ["Café crème"]),
            ('"cafe cre*"', []),
            ("京タ", ["東京タワー"]),
            ("京都", []),
            ("nothing", []),
        ],
    )
    def test_finds_words_in_titles(
        self, owner: Caller, project: Project, q: str, titles: list[str]
    ) -> None:
        put(
            project,
            *texts("Apple pie", "Café crème", "an apple a day", "Pie of APPLE", "東京タワー"),
        )
        index_all()
        assert found(owner, project, q) == titles

    def test_finds_words_in_texts_and_keeps_to_the_project(
        self, owner: Caller, project: Project
    ) -> None:
        put(project, *texts("mine", selftext="hidden gem"))
        put(make_project("owner"), *texts("other", selftext="hidden gem"))
        index_all()
        assert found(owner, project, "gem") == ["mine"]
        assert found(owner, project, "-nothing") == ["mine"]

    @pytest.mark.parametrize("few", [0, 50_000])
    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("sort", ["created", "score", "num_comments"])
    def test_goes_through_all_pages_in_any_order(
        self,
        owner: Caller,
        project: Project,
        monkeypatch: pytest.MonkeyPatch,
        sort: str,
        order: str,
        few: int,
    ) -> None:
        monkeypatch.setattr(search, "FEW", {"sqlite": few, "postgresql": few})
        # Windows of a few rows: the walk gives up half-way, and the rest is collected and sorted.
        monkeypatch.setattr(search, "_WINDOWS", {"sqlite": (1, 3), "postgresql": (1, 3)})
        posts = [
            post.model_copy(
                update={"score": None if number == 4 else number % 5, "num_comments": 7}
            )
            for number, post in enumerate(texts(*(f"word {'x' * (n % 3)} {n}" for n in range(15))))
        ]
        put(project, *posts)
        index_all()
        expected = [post for post in posts if "xx" in post.title.split()]
        keys = {
            "created": lambda post: post.created_at,
            "score": lambda post: -1 if post.score is None else post.score,
            "num_comments": lambda post: post.num_comments,
        }
        ids = dict(ScrapedPost.objects.values_list("fullname", "pk"))
        expected.sort(key=lambda post: (keys[sort](post), ids[post.id]), reverse=order == "desc")
        assert found(owner, project, "xx", sort=sort, order=order) == titles_of(expected)

    def test_goes_back_as_well(self, owner: Caller, project: Project) -> None:
        put(project, *texts(*(f"word {number}" for number in range(5))))
        index_all()
        first = owner.get(f"/api/projects/{project.pk}/posts/?q=word&page_size=2").json()
        second = owner.get(first["next"]).json()
        assert titles(second["results"]) == ["word 2", "word 1"]
        assert owner.get(second["previous"]).json()["results"] == first["results"]

    def test_narrows_by_the_other_filters(self, owner: Caller, project: Project) -> None:
        posts = texts("word a", subreddit="Python", author="Ada", score=5)
        posts += texts("word b", subreddit="django", author="Ada", score=50)
        posts += texts("word c", subreddit="python", author=None, score=500, over_18=True)
        put(project, *posts)
        index_all()
        assert found(owner, project, "word", subreddit="PYTHON") == ["word c", "word a"]
        assert found(owner, project, "word", author="ada") == ["word b", "word a"]
        assert found(owner, project, "word", min_score=50) == ["word c", "word b"]
        assert found(owner, project, "word", over_18=True, sort="score") == ["word c"]
        middle = posts[1].created_at.isoformat()
        assert found(owner, project, "word", since=middle) == ["word c", "word b"]
        assert found(owner, project, "word", until=middle) == ["word a"]

    def test_x17_survives_whatever_is_typed(self, owner: Caller, project: Project) -> None:
        put(project, *texts("word"))
        index_all()
        for q in HOSTILE:
            begun = time.monotonic()
            answer = owner.get(f"/api/projects/{project.pk}/posts/?{urlencode({'q': q})}")
            assert answer.status_code in (200, 400), q
            assert time.monotonic() - begun < 5
        assert (
            owner.get(f"/api/projects/{project.pk}/posts/?q=%3F").json()["errors"][0]["attr"] == "q"
        )

    def test_says_how_far_it_is_behind(self, owner: Caller, project: Project) -> None:
        put(project, *texts("word"))
        path = f"/api/projects/{project.pk}/posts/?q=word"
        behind = owner.get(path)
        assert behind["X-Search-Pages-Waiting"] == "1"
        assert behind.json()["results"] == []
        index_all()
        level = owner.get(path)
        assert level["X-Search-Pages-Waiting"] == "0"
        assert titles(level.json()["results"]) == ["word"]


HOSTILE = [
    "'; DROP TABLE scraper_scrapedpost; --",
    '" OR 1=1 --',
    "word AND NOT (NEAR(a b, 1000))",
    "a:* & !b | <-> (",
    "((((((((((((((((((((",
    "\\x00 \\ \\' \\\"",
    "^$.*+?[]{}" * 15,
    "*** ** *",
    "words : ABC",
    '"' * 99,
    "-" * 199,
    "(a+)+$ " * 25,
    "%_%",
    "\u202e\u0000x".replace("\u0000", ""),
    "w\u0301\u0302" * 60,
]


def titles_of(posts: Sequence[Post]) -> list[str]:
    return [post.title for post in posts]


class TestPostsMatching:
    def test_gives_exports_the_same_posts(self, project: Project) -> None:
        put(project, *texts("word a", "nothing", "word b"))
        index_all()
        rows = selectors.posts_matching(project.pk, {"q": "word"}).order_by("id")
        assert titles(list(rows)) == ["word a", "word b"]


class TestCatchUp:
    def test_follows_changed_texts(self, owner: Caller, project: Project) -> None:
        (post,) = texts("before")
        put(project, post)
        index_all()
        put(project, post.model_copy(update={"title": "after", "score": 9}))
        index_all()
        assert found(owner, project, "before") == []
        assert found(owner, project, "after") == ["after"]

    def test_leaves_alone_what_has_not_changed(self, project: Project) -> None:
        (post,) = texts("same")
        put(project, post)
        index_all()
        PostDocument.objects.update(created_at=EPOCH - timedelta(days=9))
        put(project, post.model_copy(update={"score": 99}))
        index_all()
        assert PostDocument.objects.get().created_at == EPOCH - timedelta(days=9)

    def test_takes_up_where_it_was_interrupted(self, owner: Caller, project: Project) -> None:
        for number in range(5):
            put(project, *texts(f"word {number}"))
        assert catch_up() == 2
        assert UnindexedPage.objects.count() == 3
        index_all()
        assert len(found(owner, project, "word")) == 5

    def test_looks_for_nothing_while_writers_wait_and_nowhere_twice(self, project: Project) -> None:
        put(project, *texts("one", "two"))
        with CaptureQueriesContext(connection) as queries:
            catch_up()
        statements = [query["sql"] for query in queries]
        looks = [at for at, sql in enumerate(statements) if 'FROM "scraper_scrapedpost"' in sql]
        assert looks
        if connection.vendor == "sqlite":
            begun = next(at for at, sql in enumerate(statements) if sql.startswith("SAVEPOINT"))
            assert max(looks) < begun
        else:
            # Nobody else prepares what one is about to write.
            alone = next(at for at, sql in enumerate(statements) if "pg_try_advisory" in sql)
            assert alone < min(looks)

    def test_stores_long_and_odd_texts(self, owner: Caller, project: Project) -> None:
        odd = "x" * 5000 + " 'quoted' \\ : & | ! " + "word " * 20_000 + "tail"
        put(project, *texts("odd", selftext=odd, author="we:ird'\"name"))
        index_all()
        assert found(owner, project, "quoted word") == ["odd"]
        assert found(owner, project, "word", author="we:ird'\"name") == ["odd"]


class TestDeletedProject:
    def test_leaves_no_words(self, owner: Caller, project: Project) -> None:
        put(project, *texts("word a", "word b"))
        index_all()
        put(project, *texts("word c"))
        delete_project(project.owner, project.pk)
        index_all()
        remove_project(project.pk)
        assert not PostDocument.objects.exists()
        assert not UnindexedPage.objects.exists()
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM scraper_postwords WHERE scraper_postwords MATCH %s",
                    [f'"{project.pk}.word"'],
                )
                assert cursor.fetchone() == (0,)


class TestListedPosts:
    """What the list reads by a statement of its own is what everybody else reads."""

    @pytest.mark.parametrize(
        "wish",
        [
            {},
            {"subreddit": "PYTHON"},
            {"author": "ada"},
            {"flair": "Help"},
            {"min_score": 5},
            {"since": EPOCH},
            {"until": EPOCH},
            {"over_18": True},
            {"over_18": False, "subreddit": "python", "min_score": 0},
        ],
    )
    @pytest.mark.parametrize("sort", ["created_at", "score", "num_comments"])
    def test_are_those_that_match(self, project: Project, wish: dict[str, Any], sort: str) -> None:
        shapes = [
            {"subreddit": "Python", "author": "Ada", "flair": "Help", "score": 9},
            {"author": None, "over_18": True, "score": None, "edited_at": EPOCH},
            {"media": (Media(type="image", url="https://i.redd.it/a.png"),), "score": -3},
        ]
        posts = [post for shape in shapes for post in texts("a", "b", **shape)]
        posts += [one.model_copy(update={"id": f"{one.id}x", "created_at": EPOCH}) for one in posts]
        put(project, *posts)
        order = Order("test", (Key(sort, nulls_as=-1 if sort != "created_at" else None), Key("id")))
        quick, cursor = [], None
        while not quick or cursor:
            page = page_of(listing.posts_listed(project.pk, wish), order, cursor=cursor, size=3)
            quick, cursor = [*quick, *page.rows], page.next
            if not page.rows:
                break
        plain = page_of(selectors.posts_matching(project.pk, wish), order, size=100).rows
        assert as_shown(quick) == as_shown(plain)
        assert len({row["id"] for row in quick}) == len(quick)


def as_shown(rows: Sequence[dict[str, Any]]) -> Any:
    return json.loads(ApiRenderer().render([selectors.post_as_json(row) for row in rows]))
