"""`manage.py export`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from tests.exports.building import make_project, posts_in_rest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def export(*arguments: Any) -> Any:
    with pytest.raises(SystemExit) as ended:
        call_command("export", *map(str, arguments))
    return ended.value.code


class TestExport:
    def test_writes_the_file_and_tells_about_it(
        self, owner: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project = make_project(owner)
        file = tmp_path / "posts.jsonl"
        assert export(project, "--format", "jsonl", "-o", file) == 0
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert lines == posts_in_rest(owner, project)
        assert "5 rows" in capsys.readouterr().err

    def test_takes_the_filters_of_the_posts_list(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        file = tmp_path / "posts.csv"
        wish = ("--format", "csv", "--columns", "id,score", "--filter", "min_score=1")
        assert export(project, *wish, "-o", file) == 0
        assert file.read_text().splitlines() == ['"id","score"', '"t3_4",1', '"t3_5",2']

    def test_names_the_file_itself_in_a_folder(self, owner: Caller, tmp_path: Path) -> None:
        assert export(make_project(owner), "-o", tmp_path) == 0
        [file] = tmp_path.glob("*.xlsx")
        assert file.name.startswith("Bread - export ")

    @pytest.mark.parametrize(
        "arguments", [("--columns", "karma"), ("--filter", "karma=1"), ("--sheets", "themes")]
    )
    def test_refuses_what_there_is_not(self, owner: Caller, arguments: tuple[str, ...]) -> None:
        with pytest.raises(CommandError):
            call_command("export", str(make_project(owner)), *arguments)

    def test_refuses_a_project_that_is_not_there(self, db: None) -> None:
        with pytest.raises(CommandError, match="no such project"):
            call_command("export", "987654321")
