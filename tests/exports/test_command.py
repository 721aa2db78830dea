"""`manage.py export`."""

from __future__ import annotations

import errno
import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from exports import services
from exports.models import Export
from exports.writers.xlsx import LONGEST_CELL
from projects import runs
from projects.models import Project
from tests.exports.building import claim, make_post, make_project, posts_in_rest, work

if TYPE_CHECKING:
    from pathlib import Path

    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def export(*arguments: Any) -> Any:
    with pytest.raises(SystemExit) as ended:
        call_command("export", *map(str, arguments))
    return ended.value.code


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.is_file())


class TestExport:
    def test_writes_the_file_and_tells_about_it(
        self, owner: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project = make_project(owner)
        file = tmp_path / "posts.jsonl"
        assert export(project, "--format", "jsonl", "-o", file) == 0
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert lines == posts_in_rest(owner, project)
        assert "5 posts and comments" in capsys.readouterr().err

    def test_takes_the_filters_of_the_posts_list(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        file = tmp_path / "posts.csv"
        wish = ("--format", "csv", "--columns", "id,score", "--filter", "min_score=1")
        assert export(project, *wish, "-o", file) == 0
        assert file.read_text().splitlines() == ['"id","score"', '"t3_4",1', '"t3_5",2']

    def test_never_calls_a_zip_a_workbook(
        self, owner: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project = make_project(owner, posts=1)
        text = "x" * (LONGEST_CELL + 1)
        make_post(Project.objects.get(pk=project), 9, selftext=text)
        assert export(project, "-o", tmp_path / "book.xlsx") == 3
        assert names_in(tmp_path) == ["book.zip"]
        file = tmp_path / "book.zip"
        assert "it is not called book.xlsx" in capsys.readouterr().err
        with zipfile.ZipFile(file) as found:
            assert found.namelist() == ["export.xlsx", "long-texts.jsonl"]
        file.write_text("somebody's")
        with pytest.raises(CommandError, match=r"book\.zip is there already") as refused:
            call_command("export", str(project), "-o", str(tmp_path / "book.xlsx"))
        assert refused.value.returncode == 4
        assert file.read_text() == "somebody's"
        plain = tmp_path / "book"
        assert export(project, "-o", plain) == 0
        assert zipfile.is_zipfile(plain)
        assert "The file is a .zip" in capsys.readouterr().err

    def test_refuses_a_folder_that_is_not_there_before_anything_is_made(
        self, owner: Caller, tmp_path: Path
    ) -> None:
        project = make_project(owner)
        with pytest.raises(CommandError, match="There is no folder") as refused:
            call_command("export", str(project), "-o", str(tmp_path / "none" / "book.xlsx"))
        assert refused.value.returncode == 4
        assert not Export.objects.exists()

    def test_tells_of_a_full_disk_and_keeps_the_export(
        self, owner: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project = make_project(owner)
        with pytest.raises(CommandError, match="No space left on device") as refused:
            call_command("export", str(project), "--format", "csv", "-o", "/dev/full")
        assert refused.value.returncode == 4
        assert "more than one" not in capsys.readouterr().err
        assert Export.objects.get().status == "completed"

    def test_replaces_a_file_as_a_whole_or_not_at_all(
        self, owner: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = make_project(owner)
        file, link = tmp_path / "posts.csv", tmp_path / "link.csv"
        file.write_text("before")
        file.chmod(0o640)
        link.symlink_to(file)

        def breaks(source: Any, target: Any) -> None:
            target.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(shutil, "copyfileobj", breaks)
            with pytest.raises(CommandError, match="No space left on device"):
                call_command("export", str(project), "--format", "csv", "-o", str(link))
        assert file.read_text() == "before"
        assert export(project, "--format", "csv", "-o", link) == 0
        assert names_in(tmp_path) == ["link.csv", "posts.csv"]
        assert link.is_symlink()
        assert file.read_text().startswith('"id"')
        assert file.stat().st_mode & 0o777 == 0o640

    @pytest.mark.parametrize("state", ["held", "done"])
    def test_leaves_to_a_worker_what_it_took(
        self, owner: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
    ) -> None:
        begin = services.start_export

        def begun_by_a_worker(*given: Any, **wish: Any) -> Export:
            made = begin(*given, **wish)
            taken = claim(made.pk)
            if state == "done":
                work(taken)
            return made

        monkeypatch.setattr(services, "start_export", begun_by_a_worker)
        with pytest.raises(CommandError, match="A worker took this export"):
            call_command("export", str(make_project(owner)), "-o", str(tmp_path))
        assert (Export.objects.get().attempt, names_in(tmp_path)) == (1, [])

    def test_is_made_here_though_workers_look_for_work(
        self, owner: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin = services.start_export

        def seen_by_workers(*given: Any, **wish: Any) -> Export:
            made = begin(*given, **wish)
            assert runs.take_next(Export, "worker") is None
            return made

        monkeypatch.setattr(services, "start_export", seen_by_workers)
        assert export(make_project(owner), "-o", tmp_path / "book.xlsx") == 0

    def test_brings_joined_comments_along(self, owner: Caller, tmp_path: Path) -> None:
        file = tmp_path / "posts.jsonl"
        project = make_project(owner, posts=1, comments=3)
        assert export(project, "--format", "jsonl", "--joined", "-o", file) == 0
        assert len(json.loads(file.read_text())["comments"]) == 3

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
