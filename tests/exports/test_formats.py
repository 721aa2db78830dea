"""What independent readers find in the files is what the REST API shows."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.exports.building import (
    comments_in_rest,
    content_of,
    export_of,
    make_project,
    members_of,
    posts_in_rest,
)

if TYPE_CHECKING:
    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def lines_of(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


class TestJsonLines:
    def test_are_the_posts_of_rest(self, owner: Caller) -> None:
        project = make_project(owner)
        export = export_of(owner, project, "jsonl")
        assert lines_of(content_of(export)) == posts_in_rest(owner, project)

    def test_nest_comments_as_rest_lists_them(self, owner: Caller) -> None:
        project = make_project(owner)
        export = export_of(owner, project, "jsonl", sheets=["posts", "comments"], comments="joined")
        for post in lines_of(content_of(export)):
            assert post["comments"] == comments_in_rest(owner, project, post["id"])

    def test_put_comments_into_a_file_of_their_own(self, owner: Caller) -> None:
        project = make_project(owner)
        export = export_of(owner, project, "jsonl", sheets=["posts", "comments"])
        found = members_of(export)
        assert list(found) == ["posts.jsonl", "comments.jsonl"]
        assert lines_of(found["posts.jsonl"]) == posts_in_rest(owner, project)
        assert lines_of(found["comments.jsonl"]) == [
            comment
            for post in posts_in_rest(owner, project)
            for comment in comments_in_rest(owner, project, post["id"])
        ]


class TestCsv:
    def test_holds_the_posts_of_rest(self, owner: Caller) -> None:
        project = make_project(owner)
        export = export_of(owner, project, "csv", columns=["id", "title", "score", "created_at"])
        rows = list(csv.DictReader(io.StringIO(content_of(export).decode(), newline="")))
        assert rows == [
            {name: str(post[name]) for name in ("id", "title", "score", "created_at")}
            for post in posts_in_rest(owner, project)
        ]


class TestEveryFile:
    @pytest.mark.parametrize("form", ["xlsx", "csv", "jsonl", "parquet", "package"])
    def test_has_the_size_and_digest_that_its_export_tells(self, owner: Caller, form: str) -> None:
        export = export_of(owner, make_project(owner), form)
        content = content_of(export)
        assert export.size_bytes == len(content)
        assert export.sha256 == hashlib.sha256(content).hexdigest()
