"""Asking for exports over HTTP: what is accepted, what is refused and how."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from data_provider.testing import make_post as scraped
from exports.columns import POST_COLUMNS
from exports.models import Export
from exports.writers import FORMATS
from projects.models import Project
from scraper import store
from scraper.indexing import catch_up
from scraper.models import JobPost, ScrapedPost, ScrapingTarget
from tests.exports.building import (
    EPOCH,
    content_of,
    export_of,
    make_post,
    make_project,
    members_of,
    posts_in_rest,
    start,
)
from tests.scraper.building import claimed_job, make_job, make_page, target_of

if TYPE_CHECKING:
    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def lines_of(export: Export) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content_of(export).splitlines()]


def refusal(owner: Caller, **body: Any) -> dict[str, Any]:
    answer = owner.post("/api/exports/", body)
    assert answer.status_code == 400, answer.content
    error: dict[str, Any] = answer.json()["errors"][0]
    return error


class TestCreate:
    def test_answers_with_the_export_and_where_it_is(self, owner: Caller) -> None:
        project = make_project(owner)
        answer = owner.post("/api/exports/", {"project": project, "format": "csv"})
        export = answer.json()
        assert answer.status_code == 202
        assert answer["Location"] == f"/api/exports/{export['id']}/"
        assert owner.get(answer["Location"]).json() == export
        assert (export["status"], export["progress"], export["rows"]) == ("pending", 0, 0)
        assert export["config"]["sheets"] == ["posts"]

    def test_happens_once_per_key(self, owner: Caller) -> None:
        body = {"project": make_project(owner), "format": "csv"}
        first, again = (
            owner.post("/api/exports/", body, headers={"idempotency-key": "k"}) for _ in range(2)
        )
        assert first.json() == again.json()
        assert Export.objects.count() == 1
        other = owner.post(
            "/api/exports/", body | {"format": "jsonl"}, headers={"idempotency-key": "k"}
        )
        assert other.status_code == 409

    def test_lists_the_formats_that_exist(self, owner: Caller) -> None:
        error = refusal(owner, project=make_project(owner), format="docx")
        assert error["attr"] == "format"
        assert all(name in error["detail"] for name in FORMATS)

    def test_lists_the_columns_that_exist(self, owner: Caller) -> None:
        error = refusal(owner, project=make_project(owner), format="csv", columns=["id", "karma"])
        assert error["attr"] == "columns"
        assert all(column.name in error["detail"] for column in POST_COLUMNS)

    def test_lists_the_filters_that_exist(self, owner: Caller) -> None:
        filters = {"karma": 1}
        error = refusal(owner, project=make_project(owner), format="csv", filters=filters)
        assert error["attr"] == "filters.karma"
        for name in ("q", "subreddit", "author", "flair", "min_score", "since", "until", "job"):
            assert name in error["detail"]

    def test_has_themes_only_with_an_analysis_in_depth(self, owner: Caller) -> None:
        sheets = ["posts", "themes"]
        error = refusal(owner, project=make_project(owner), format="xlsx", sheets=sheets)
        assert error["attr"] == "sheets"
        assert error["code"] == "not_available"
        assert "summary, posts, comments, subreddits, keywords, sentiment" in error["detail"]

    def test_takes_sheets_by_the_names_that_workbooks_show(self, owner: Caller) -> None:
        export = start(owner, make_project(owner), "xlsx", sheets=["Posts", "Summary"])
        assert export["config"]["sheets"] == ["summary", "posts"]

    @pytest.mark.parametrize(
        "body",
        [
            {"format": "csv"},
            {"project": 0, "format": "csv"},
            {"project": 987654321, "format": "csv"},
            {"format": "csv", "sheets": ["charts"]},
            {"format": "csv", "columns": ["id", "id"]},
            {"format": "csv", "filters": {"min_score": "many"}},
            {"format": "csv", "filters": {"sort": "score"}},
            {"format": "csv", "comments": "never"},
            {"format": "csv", "safe": "perhaps"},
            {"format": "csv", "colour": "red"},
        ],
    )
    def test_refuses_what_makes_no_sense(self, owner: Caller, body: dict[str, Any]) -> None:
        if len(body) > 1 and "project" not in body:
            body = {"project": make_project(owner, posts=0), **body}
        assert refusal(owner, **body)["detail"]

    @pytest.mark.parametrize("q", ["***", "-", '""', "OR", "a*"])
    def test_refuses_a_search_without_words_as_the_posts_list_does(
        self, owner: Caller, q: str
    ) -> None:
        project = make_project(owner, posts=0)
        listed = owner.get(f"/api/projects/{project}/posts/?{urlencode({'q': q})}")
        assert listed.status_code == 400
        body = {"project": project, "format": "csv", "filters": {"q": q}}
        error = refusal(owner, **body)
        assert error == {**listed.json()["errors"][0], "attr": "filters.q"}
        estimate = owner.post("/api/exports/estimate/", body)
        assert (estimate.status_code, estimate.json()["errors"]) == (400, [error])
        assert not Export.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [("format", "x" * 500), ("columns", ["x" * 500]), ("sheets", ["x" * 500]),
         ("columns", [f"c{number}" for number in range(100)])],
    )  # fmt: skip
    def test_lists_what_exists_however_long_the_unknown_is(
        self, owner: Caller, field: str, value: Any
    ) -> None:
        body = {"project": make_project(owner, posts=0), "format": "csv", field: value}
        error = refusal(owner, **body)
        assert (error["attr"], error["code"]) == (field, "unknown")
        assert "There are: " in error["detail"]
        assert len(error["detail"]) < 700

    @pytest.mark.parametrize("missing", ["posts", "comments"])
    def test_joins_only_what_is_chosen(self, owner: Caller, missing: str) -> None:
        sheets = [name for name in ("posts", "comments") if name != missing]
        body = {"project": make_project(owner), "format": "csv", "comments": "joined"}
        error = refusal(owner, **body, sheets=sheets)
        assert error["attr"] == "sheets"
        assert f"{missing} is not among those" in error["detail"]

    def test_does_not_tell_whose_a_project_is(self, owner: Caller, other: Caller) -> None:
        foreign = refusal(other, project=make_project(owner), format="csv")
        missing = refusal(other, project=987654321, format="csv")
        assert foreign == missing


class TestSelection:
    @pytest.mark.parametrize(
        ("filters", "query"),
        [
            ({"subreddit": "PYTHON"}, "&subreddit=PYTHON"),
            ({"author": "user3"}, "&author=user3"),
            ({"min_score": 1}, "&min_score=1"),
            ({"over_18": True}, "&over_18=true"),
            ({"since": "2026-01-01T03:00:00Z"}, "&since=2026-01-01T03:00:00Z"),
            ({"until": "2026-01-01T03:00:00Z"}, "&until=2026-01-01T03:00:00Z"),
        ],
    )
    def test_is_that_of_the_posts_list(
        self, owner: Caller, filters: dict[str, Any], query: str
    ) -> None:
        project = make_project(owner)
        export = export_of(owner, project, "jsonl", filters=filters)
        assert lines_of(export) == posts_in_rest(owner, project, query)
        assert export.rows > 0

    def test_searches_as_the_posts_list_does(self, owner: Caller) -> None:
        project = make_project(owner)
        job = claimed_job(Project.objects.get(pk=project))
        posts = [scraped(90, title="The oven is broken"), scraped(91, title="No match")]
        store.commit_page(job, target_of(job), make_page(posts), posts)
        while catch_up():
            pass
        export = export_of(owner, project, "jsonl", filters={"q": "oven"})
        assert lines_of(export) == posts_in_rest(owner, project, "&q=oven")
        assert [post["title"] for post in lines_of(export)] == ["The oven is broken"]

    def test_may_be_what_one_run_saw(self, owner: Caller) -> None:
        project = make_project(owner)
        job = make_job(Project.objects.get(pk=project))
        seen = ScrapedPost.objects.order_by("pk")[:2]
        JobPost.objects.bulk_create(
            JobPost(job=job, post=post, seq=1, n=n) for n, post in enumerate(seen)
        )
        export = export_of(owner, project, "jsonl", filters={"job": job.pk})
        assert [post["id"] for post in lines_of(export)] == [post.fullname for post in seen]

    def test_leaves_other_projects_alone(self, owner: Caller) -> None:
        project = make_project(owner, posts=2)
        stranger = Project.objects.create(owner=owner.user, name="Other")
        make_post(stranger, 50)
        make_post(Project.objects.get(pk=project), 51)
        export = export_of(owner, project, "jsonl")
        assert [post["id"] for post in lines_of(export)] == ["t3_1", "t3_2", "t3_33"]

    def test_leaves_out_removed_posts_on_demand(self, owner: Caller) -> None:
        project = make_project(owner, posts=2)
        make_post(Project.objects.get(pk=project), 9, removed="deleted", author=None, selftext="")
        assert export_of(owner, project, "jsonl").rows == 3
        assert export_of(owner, project, "jsonl", include_removed=False).rows == 2

    def test_may_be_empty_and_says_so(self, owner: Caller) -> None:
        project = make_project(owner, posts=0)
        for form in FORMATS:
            export = export_of(owner, project, form)
            assert export.rows == 0
            assert "Nothing matches" in export.note
            assert export.size_bytes is not None
        assert content_of(export_of(owner, project, "csv", columns=["id"])) == b'"id"\r\n'


class TestMask:
    def test_gives_an_author_one_pseudonym_in_all_sheets(self, owner: Caller) -> None:
        project = make_project(owner)
        sheets = ["posts", "comments"]
        found = members_of(export_of(owner, project, "jsonl", sheets=sheets, mask_authors=True))
        posts, comments = (
            [json.loads(line) for line in found[f"{name}.jsonl"].splitlines()] for name in sheets
        )
        by_post = {post["permalink"]: post["author"] for post in posts}
        assert len(set(by_post.values())) == 5
        assert all(name.startswith("author_") for name in by_post.values())
        user1 = posts[0]["author"]
        assert {one["author"] for one in comments if one["id"].endswith("_1")} == {user1}

    def test_hides_names_in_the_addresses_of_own_pages(self, owner: Caller) -> None:
        project = Project.objects.create(owner=owner.user, name="Own")
        make_post(
            project, 1, author="Ada", subreddit="u_Ada", permalink="/r/u_Ada/comments/1/x/",
            url="https://www.reddit.com/user/ada/comments/1/x/",
        )  # fmt: skip
        export = export_of(owner, project.pk, "jsonl", mask_authors=True)
        assert b"ada" not in content_of(export).lower()
        [post] = lines_of(export)
        assert post["subreddit"] == f"u_{post['author']}"

    @pytest.mark.parametrize(
        ("field", "text", "hidden"),
        [
            ("subreddit", "u_Ada", "u_{}"),
            ("domain", "self.u_ada", "self.u_{}"),
            ("permalink", "/r/u_Ada/comments/1/x/", "/r/u_{}/comments/1/x/"),
            ("permalink", "/user/ADA/comments/1/x/", "/user/{}/comments/1/x/"),
            (
                "url",
                "https://www.reddit.com/u/ada?sort=new",
                "https://www.reddit.com/u/{}?sort=new",
            ),
            ("url", "HTTPS://old.Reddit.com//User/Ada#x", "HTTPS://old.Reddit.com//User/{}#x"),
            ("url", "https://a@reddit.com:443/r/u_%41da", "https://a@reddit.com:443/r/u_{}"),
            # Nobody's pages, whatever they look like.
            ("permalink", "/r/python/comments/1/u_know_what/", None),
            ("permalink", "/r/python/comments/1/u/user/ada/", None),
            ("url", "https://example.org/user/ada", None),
            ("url", "https://notreddit.com/u/ada", None),
            ("url", "https://example.org/?u=https://reddit.com/user/ada", None),
            ("subreddit", "menu_items", None),
            ("domain", "example.org", None),
            ("title", "u_ada", None),
        ],
    )
    def test_hides_an_authors_address_and_no_other(
        self, owner: Caller, field: str, text: str, hidden: str | None
    ) -> None:
        project = Project.objects.create(owner=owner.user, name="Own")
        make_post(project, 1, author="ada", **{field: text})
        [post] = lines_of(export_of(owner, project.pk, "jsonl", mask_authors=True))
        assert post[field] == (hidden.format(post["author"]) if hidden else text)

    @pytest.mark.parametrize("form", ["xlsx", "package"])
    def test_hides_the_names_that_an_export_tells_of_itself(self, owner: Caller, form: str) -> None:
        project = Project.objects.create(owner=owner.user, name="Own")
        make_post(project, 1, author="Lovelace", subreddit="u_Lovelace")
        job = make_job(project, "u_Lovelace")
        ScrapingTarget.objects.filter(job=job).update(
            status="failed", error_code="private", error_detail="r/u_lovelace is private."
        )
        filters = {"author": "LOVELACE", "subreddit": "u_lovelace"}
        wish: dict[str, Any] = {"filters": filters, "mask_authors": True}
        found = members_of(export_of(owner, project.pk, form, **wish))
        for name, content in found.items():
            assert b"lovelace" not in content.lower(), name
        if form == "package":
            author = json.loads(found["data/posts.jsonl"])["author"]
            assert f"- author: {author}\n- subreddit: u_{author}\n" in found["README.md"].decode()
            [run] = json.loads(found["runs.json"])
            assert run["targets"][0]["subreddit"] == f"u_{author}"
            assert run["errors"][0]["detail"] == f"r/u_{author} is private."

    def test_is_another_in_every_export(self, owner: Caller) -> None:
        project = make_project(owner, posts=1)
        names = {
            lines_of(export_of(owner, project, "jsonl", mask_authors=True))[0]["author"]
            for _ in range(2)
        }
        assert len(names) == 2


class TestJoined:
    @pytest.mark.parametrize("form", FORMATS)
    def test_brings_the_comments_along_without_being_told_twice(
        self, owner: Caller, form: str
    ) -> None:
        config = start(owner, make_project(owner), form, comments="joined")["config"]
        assert {"posts", "comments"} <= set(config["sheets"])

    def test_of_itself_needs_no_sheets(self, owner: Caller) -> None:
        project = make_project(owner, posts=2, comments=3)
        posts = lines_of(export_of(owner, project, "jsonl", comments="joined"))
        assert [len(post["comments"]) for post in posts] == [3, 3]

    def test_rows_of_csv_hold_a_comment_with_its_post(self, owner: Caller) -> None:
        project = make_project(owner, posts=2, comments=2)
        make_post(Project.objects.get(pk=project), 9)
        export = export_of(
            owner, project, "csv", sheets=["posts", "comments"], comments="joined",
            columns=["id"], comment_columns=["id", "score"],
        )  # fmt: skip
        first, second, *_ = list(ScrapedPost.objects.order_by("pk"))
        assert content_of(export).decode().split("\r\n") == [
            '"id","comment_id","comment_score"',
            f'"t3_1","t1_{first.pk}_0",0',
            f'"t3_1","t1_{first.pk}_1",-1',
            f'"t3_2","t1_{second.pk}_0",0',
            f'"t3_2","t1_{second.pk}_1",-1',
            '"t3_9",,',
            "",
        ]


class TestEstimate:
    def test_counts_without_making_anything(self, owner: Caller) -> None:
        project = make_project(owner, posts=4, comments=3)
        body = {"project": project, "format": "xlsx", "filters": {"min_score": 0}}
        answer = owner.post("/api/exports/estimate/", body)
        assert answer.status_code == 200
        assert (answer.json()["posts"], answer.json()["comments"]) == (2, 6)
        assert answer.json()["size_bytes"] > 0
        assert not Export.objects.exists()

    def test_refuses_what_could_not_be_exported(self, owner: Caller) -> None:
        body = {"project": make_project(owner), "format": "docx"}
        assert owner.post("/api/exports/estimate/", body).status_code == 400


class TestList:
    def test_shows_the_callers_newest_first(self, owner: Caller, other: Caller) -> None:
        project = make_project(owner)
        ids = [start(owner, project, form)["id"] for form in ("csv", "jsonl")]
        start(other, make_project(other), "csv")
        assert [one["id"] for one in owner.get("/api/exports/").json()["results"]] == ids[::-1]
        path = f"/api/exports/?project={project}&format=csv&status=pending"
        assert [one["id"] for one in owner.get(path).json()["results"]] == ids[:1]

    def test_names_formats_with_what_can_be_chosen(self, owner: Caller) -> None:
        listed = owner.get("/api/exports/formats/").json()
        assert {one["name"] for one in listed} == set(FORMATS)
        assert all(one["is_available"] for one in listed)
        assert listed[0]["columns"] == [column.name for column in POST_COLUMNS]


class TestEveryColumn:
    def test_keeps_what_is_missing_apart_from_what_is_empty(self, owner: Caller) -> None:
        project = Project.objects.create(owner=owner.user, name="Gaps")
        make_post(project, 1, score=None, author=None, selftext="", upvote_ratio=None)
        make_post(project, 2, score=0, edited_at=EPOCH, flair="", upvote_ratio=0.333333333333333)
        columns = ["score", "author", "selftext", "upvote_ratio", "edited_at", "flair"]
        content = content_of(export_of(owner, project.pk, "csv", columns=columns)).decode()
        assert content.split("\r\n")[1:3] == [
            ',,"",,,',
            '0,"user2","Text of 2",0.333333333333333,2026-01-01T00:00:00Z,""',
        ]
        assert lines_of(export_of(owner, project.pk, "jsonl")) == posts_in_rest(owner, project.pk)
