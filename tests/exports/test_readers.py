"""Readers that know nothing of Teppan open its files and find what the REST API shows."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from exports import builder, reading
from exports.writers.parquet import BYTES_PER_GROUP
from exports.writers.xlsx import LONGEST_CELL
from projects.models import Project
from tests.exports.building import (
    HARMLESS,
    RISKY,
    comments_in_rest,
    content_of,
    export_of,
    make_comment,
    make_post,
    make_project,
    make_varied_project,
    members_of,
    posts_in_rest,
)
from tests.scraper.building import make_job

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from exports.models import Export
    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

# LibreOffice keeps the dates of a chart's axis as texts in what it saves, which openpyxl tells.
DATES_OF_CHARTS = pytest.mark.filterwarnings("ignore:Unable to read chart:UserWarning")

SOFFICE_SECONDS = 110
# Commas, quotes, UTF-8 from the first line on, and the switch that evaluates formulas.
WITH_FORMULAS = "44,34,76,1,,0,false,true,false,false,false,0,true"


def saved(export: Export, folder: Path) -> Path:
    path = folder / f"export.{export.suffix}"
    path.write_bytes(content_of(export))
    return path


def with_instants(post: dict[str, Any]) -> dict[str, Any]:
    """Return a post of REST with its times as times."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in post.items()
    }


def cells_of(post: dict[str, Any]) -> list[Any]:
    """Return a post of REST as a workbook has it: times without zone, media as JSON."""
    cells: list[Any] = []
    for name, value in with_instants(post).items():
        if isinstance(value, datetime):
            cells.append(value.replace(tzinfo=None))
        else:
            cells.append(json.dumps(value) if name == "media" else value)
    return cells


def converted_by_soffice(path: Path, options: str = "44,34,76,1,,0,false,true") -> str:
    """Return a sheet as LibreOffice calculates and shows it, as CSV."""
    command = [
        "soffice", f"-env:UserInstallation=file://{path.parent}/office", "--headless",
        "--convert-to", f"csv:Text - txt - csv (StarCalc):{options}",
        "--outdir", str(path.parent / "out"), str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=SOFFICE_SECONDS)
    found = sorted((path.parent / "out").glob("*.csv"))
    return found[0].read_text()


def plain(value: Any) -> Any:
    """Return a value as JSON has it, whatever kind of object a reader makes of it."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        # Readers with types give every object of a column the same fields.
        value = {name: plain(one) for name, one in value.items() if plain(one) is not None}
    elif isinstance(value, list | tuple):
        value = [plain(one) for one in value]
    elif value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        value = None
    elif isinstance(value, datetime):
        utc = value if value.tzinfo is None else value.astimezone(UTC)
        value = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def as_text(value: Any) -> str:
    """Return a value of REST as a CSV file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def check_rows(rows: Iterable[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Compare all columns, kinds of values included; media may be a text of JSON."""
    for row, one in zip(rows, expected, strict=True):
        found = {name: plain(value) for name, value in row.items()}
        assert list(found) == list(one)
        if isinstance(found.get("media"), str):
            found["media"] = plain(json.loads(found["media"]))
        for name, value in one.items():
            assert found[name] == plain(value), (name, one["id"])
            assert isinstance(found[name], bool) == isinstance(value, bool), name


def sheet_rows(path: Path, sheet: str) -> list[dict[str, Any]]:
    """Return a sheet's rows as openpyxl reads them, by column."""
    # LibreOffice keeps a truth value as the formula TRUE(), beside its value.
    book = openpyxl.load_workbook(path, data_only=True)
    header, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def unescaped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Undo the format's own escape, which some readers show as it stands."""
    return [
        {
            name: re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), value)
            if isinstance(value, str)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]


def without_empty(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as far as a reader can tell that takes an empty text for nothing."""
    return [{name: None if value == "" else value for name, value in one.items()} for one in posts]


def as_libreoffice_keeps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with one kind of line break and 15 digits."""

    def kept(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub("\r\n|\n\r|\r", "\n", value)
        return float(f"{value:.15g}") if isinstance(value, float) else value

    return [{name: kept(value) for name, value in row.items()} for row in rows]


def resaved_by_soffice(path: Path, *options: str) -> Path:
    """Return a workbook with what LibreOffice made of every cell of a file."""
    command = [
        "soffice", f"-env:UserInstallation=file://{path.parent}/office", "--headless", *options,
        "--convert-to", "xlsx", "--outdir", str(path.parent / "out"), str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=SOFFICE_SECONDS)
    return path.parent / "out" / f"{path.stem}.xlsx"


def all_comments(owner: Caller, project: int) -> list[dict[str, Any]]:
    return [
        comment
        for post in posts_in_rest(owner, project)
        for comment in comments_in_rest(owner, project, post["id"])
    ]


class TestEveryColumn:
    """Rows that differ in every column, read by programs that know nothing of Teppan."""

    @pytest.fixture
    def project(self, owner: Caller) -> int:
        return make_varied_project(owner)

    def test_of_csv(self, owner: Caller, project: int, tmp_path: Path) -> None:
        path = saved(export_of(owner, project, "csv", safe=False), tmp_path)
        posts = posts_in_rest(owner, project)
        expected = [
            {name: value if name == "media" else as_text(value) for name, value in one.items()}
            for one in posts
        ]
        by_duckdb = duckdb.read_csv(str(path), all_varchar=True, header=True).fetchdf()
        for frame in (
            pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"),
            pl.read_csv(path, infer_schema=False).fill_null("").to_dicts(),
            by_duckdb.fillna("").to_dict("records"),
        ):
            check_rows(with_json(frame), expected)
        typed = pd.read_csv(path)
        assert plain(list(typed["score"])) == [one["score"] for one in posts]
        assert plain(list(typed["upvote_ratio"])) == [one["upvote_ratio"] for one in posts]

    def test_of_jsonl(self, owner: Caller, project: int, tmp_path: Path) -> None:
        path = saved(export_of(owner, project, "jsonl"), tmp_path)
        posts = posts_in_rest(owner, project)
        by_pandas = pd.read_json(path, lines=True, dtype=False, precise_float=True)
        check_rows(by_pandas.to_dict("records"), posts)
        check_rows(pl.read_ndjson(path, infer_schema_length=None).to_dicts(), posts)
        found = duckdb.read_json(str(path), format="newline_delimited", sample_size=-1)
        check_rows(found.to_arrow_table().to_pylist(), posts)

    def test_of_parquet(self, owner: Caller, project: int, tmp_path: Path) -> None:
        path = saved(export_of(owner, project, "parquet"), tmp_path)
        posts = posts_in_rest(owner, project)
        check_rows(pq.read_table(path).to_pylist(), posts)
        check_rows(pl.read_parquet(path).to_dicts(), posts)
        by_pandas = pd.read_parquet(path, dtype_backend="pyarrow").astype(object)
        check_rows(by_pandas.where(by_pandas.notna(), None).to_dict("records"), posts)
        found = duckdb.read_parquet(str(path))
        check_rows(found.to_arrow_table().to_pylist(), posts)

    @DATES_OF_CHARTS
    def test_of_a_workbook(self, owner: Caller, project: int, tmp_path: Path) -> None:
        path = saved(export_of(owner, project, "xlsx", safe=False), tmp_path)
        expected = {
            "Posts": without_empty(posts_in_rest(owner, project)),
            "Comments": without_empty(all_comments(owner, project)),
        }
        for name, rows in expected.items():
            check_rows(without_empty(unescaped(sheet_rows(path, name))), rows)
            frame = pd.read_excel(path, sheet_name=name, dtype=object, keep_default_na=False)
            check_rows(without_empty(unescaped(frame.to_dict("records"))), rows)
        by_libreoffice = resaved_by_soffice(path)
        for name, rows in expected.items():
            found = unescaped(sheet_rows(by_libreoffice, name))
            check_rows(without_empty(as_libreoffice_keeps(found)), as_libreoffice_keeps(rows))


def with_json(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "media": json.loads(row["media"])} for row in rows]


class TestWorkbook:
    def test_is_read_by_openpyxl_as_rest_shows_it(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        path = saved(export_of(owner, project, "xlsx", safe=False), tmp_path)
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == ["Summary", "Posts", "Comments", "Subreddits"]
        posts = posts_in_rest(owner, project)
        header, *rows = book["Posts"].iter_rows(values_only=True)
        assert list(header) == list(posts[0])
        expected = [cells_of(post) for post in posts]
        media = header.index("media")
        for row, cells in zip(rows, expected, strict=True):
            assert json.loads(str(row[media])) == json.loads(cells[media])
            assert [*row[:media], *row[media + 1 :]] == [*cells[:media], *cells[media + 1 :]]
        comments = [
            cells_of(comment)
            for post in posts
            for comment in comments_in_rest(owner, project, post["id"])
        ]
        assert [list(row) for row in book["Comments"].iter_rows(2, values_only=True)] == comments
        assert [row[:3] for row in book["Subreddits"].iter_rows(2, values_only=True)] == [
            ("python", 5, 10)
        ]

    def test_has_a_frozen_header_a_filter_and_real_dates(
        self, owner: Caller, tmp_path: Path
    ) -> None:
        path = saved(export_of(owner, make_project(owner), "xlsx"), tmp_path)
        sheet = openpyxl.load_workbook(path)["Posts"]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == f"A1:{sheet.cell(6, sheet.max_column).coordinate}"
        header = [cell.value for cell in sheet[1]]
        created = sheet.cell(2, header.index("created_at") + 1)
        assert created.is_date
        assert sheet["A1"].font.bold
        assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)

    def test_shows_counts_and_charts_in_its_summary(self, owner: Caller, tmp_path: Path) -> None:
        path = saved(export_of(owner, make_project(owner, posts=30), "xlsx"), tmp_path)
        summary = openpyxl.load_workbook(path)["Summary"]
        shown = {row[0]: row[1] for row in summary.iter_rows(values_only=True, max_col=2)}
        assert (shown["Rows in Posts"], shown["Rows in Comments"]) == (30, 60)
        assert shown[datetime(2026, 1, 1)] == 23  # noqa: DTZ001 -- a cell's date has no zone
        assert members_of_workbook(path, "xl/charts/") == 2

    def test_is_read_by_pandas(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        path = saved(export_of(owner, project, "xlsx"), tmp_path)
        frame = pd.read_excel(path, sheet_name="Posts")
        posts = posts_in_rest(owner, project)
        assert frame["id"].tolist() == [post["id"] for post in posts]
        assert frame["score"].tolist() == [post["score"] for post in posts]

    def test_is_read_by_libreoffice(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        columns = ["id", "title", "score", "over_18"]
        wish: dict[str, Any] = {"sheets": ["posts"], "columns": columns}
        path = saved(export_of(owner, project, "xlsx", **wish), tmp_path)
        rows = list(csv.reader(io.StringIO(converted_by_soffice(path))))
        assert rows[0] == columns
        assert rows[1:] == [
            [post["id"], post["title"], str(post["score"]), str(post["over_18"]).upper()]
            for post in posts_in_rest(owner, project)
        ]


def members_of_workbook(path: Path, prefix: str) -> int:
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        return sum(name.startswith(prefix) for name in book.namelist())


class TestCsv:
    @pytest.mark.parametrize("bom", [False, True])
    def test_is_read_by_pandas_polars_and_duckdb(
        self, owner: Caller, tmp_path: Path, bom: bool
    ) -> None:
        project = make_project(owner)
        path = saved(export_of(owner, project, "csv", bom=bom), tmp_path)
        assert path.read_bytes().startswith(b"\xef\xbb\xbf") is bom
        posts = posts_in_rest(owner, project)
        names = list(posts[0])
        for frame in (pd.read_csv(path), pl.read_csv(path)):
            assert list(frame.columns) == names
            assert list(frame["score"]) == [post["score"] for post in posts]
            assert list(frame["title"]) == [post["title"] for post in posts]
        found = duckdb.read_csv(str(path))
        assert found.columns == names
        expected = [(post["title"], post["score"]) for post in posts]
        assert found.project("title, score").fetchall() == expected

    def test_is_exact_for_machines_when_asked(self, owner: Caller, tmp_path: Path) -> None:
        project = Project.objects.create(owner=owner.user, name="Odd")
        texts = [*RISKY, *HARMLESS, "", 'a"b\r\nc', "x" * 40_000]
        for number, text in enumerate(texts, start=1):
            make_post(project, number, title=text)
        wish: dict[str, Any] = {"columns": ["title"], "safe": False}
        path = saved(export_of(owner, project.pk, "csv", **wish), tmp_path)
        with path.open(newline="") as handle:
            csv.field_size_limit(100_000)
            assert [row["title"] for row in csv.DictReader(handle)] == texts


class TestParquet:
    def test_is_typed_and_read_by_pyarrow_pandas_polars_and_duckdb(
        self, owner: Caller, tmp_path: Path
    ) -> None:
        project = make_project(owner)
        path = saved(export_of(owner, project, "parquet"), tmp_path)
        posts = posts_in_rest(owner, project)
        expected = [with_instants(post) for post in posts]
        rows = pq.read_table(path).to_pylist()
        assert [row | {"media": json.loads(row["media"])} for row in rows] == expected
        ids = [post["id"] for post in posts]
        assert pd.read_parquet(path)["id"].tolist() == ids
        frame = pl.read_parquet(path)
        assert frame["created_at"].to_list() == [post["created_at"] for post in expected]
        found = duckdb.read_parquet(str(path)).order("created_at").project("id, score").fetchall()
        assert found == [(post["id"], post["score"]) for post in posts]

    def test_nests_comments_in_their_posts(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        wish = {"sheets": ["posts", "comments"], "comments": "joined"}
        path = saved(export_of(owner, project, "parquet", **wish), tmp_path)
        for row in pq.read_table(path).to_pylist():
            listed = comments_in_rest(owner, project, row["id"])
            assert row["comments"] == [with_instants(comment) for comment in listed]

    def test_writes_groups_of_rows_before_they_fill_the_memory(
        self, owner: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "PAGE_ROWS", 1)
        project = Project.objects.create(owner=owner.user, name="Long")
        for number in range(5):
            make_comment(make_post(project, number), 0, body="x" * (BYTES_PER_GROUP // 2))
        path = saved(export_of(owner, project.pk, "parquet", comments="joined"), tmp_path)
        assert pq.ParquetFile(path).num_row_groups > 1
        lengths = [len(row["comments"][0]["body"]) for row in pq.read_table(path).to_pylist()]
        assert lengths == [BYTES_PER_GROUP // 2] * 5


class TestLongTexts:
    def test_come_in_full_beside_the_workbook(self, owner: Caller) -> None:
        project = make_project(owner, posts=2)
        text = "=é😀" * LONGEST_CELL
        make_post(Project.objects.get(pk=project), 9, selftext=text)
        export = export_of(owner, project, "xlsx")
        assert (export.suffix, export.rows) == ("zip", 7)
        link = owner.post(f"/api/exports/{export.pk}/download-link/").json()["url"]
        answer = owner.get(link)
        assert answer["Content-Type"] == "application/zip"
        assert ".zip" in answer["Content-Disposition"]
        answer.close()
        found = members_of(export)
        assert list(found) == ["export.xlsx", "long-texts.jsonl"]
        [line] = map(json.loads, found["long-texts.jsonl"].splitlines())
        book = openpyxl.load_workbook(io.BytesIO(found["export.xlsx"]))
        header = [cell.value for cell in book[line["sheet"]][1]]
        cell = book[line["sheet"]].cell(line["row"], header.index(line["column"]) + 1)
        assert line["text"] == text
        assert str(cell.value).endswith(" [cut: the full text is in long-texts.jsonl]")
        assert text.startswith(str(cell.value).removeprefix("'").partition(" [cut")[0])
        assert book[line["sheet"]].cell(line["row"], 1).value == "t3_9"


class TestPackage:
    def test_holds_data_and_all_that_explains_it(self, owner: Caller, tmp_path: Path) -> None:
        project = make_project(owner)
        found = members_of(export_of(owner, project, "package"))
        posts = [json.loads(line) for line in found["data/posts.jsonl"].splitlines()]
        assert posts == posts_in_rest(owner, project)
        for name, content in found.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        check = subprocess.run(
            ["sha256sum", "--check", "--strict", "SHA256SUMS"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert check.returncode == 0, check.stderr
        assert check.stdout.count(": OK") == len(found) - 1
        explained = list(csv.DictReader(io.StringIO(found["data-dictionary.csv"].decode())))
        assert {row["column"] for row in explained if row["table"] == "posts"} == set(posts[0])
        assert all(row["meaning"] for row in explained)
        assert b"cff-version" in found["CITATION.cff"]
        assert json.loads(found["runs.json"]) == []
        assert b"are left out" not in found["README.md"]

    def test_tells_the_runs_as_rest_does(self, owner: Caller) -> None:
        project = make_project(owner)
        jobs = [make_job(Project.objects.get(pk=project), *names)
                for names in (["python"], ["tea", "oven"])]  # fmt: skip
        found = members_of(export_of(owner, project, "package"))
        expected = [owner.get(f"/api/scraper/jobs/{job.pk}/").json() for job in reversed(jobs)]
        assert json.loads(found["runs.json"]) == expected
        assert [one["subreddit"] for one in expected[0]["targets"]] == ["tea", "oven"]

    def test_says_what_it_leaves_out(self, owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(builder, "_MOST_RUNS", 1)
        project = make_project(owner)
        for _ in range(2):
            newest = make_job(Project.objects.get(pk=project)).pk
        found = members_of(export_of(owner, project, "package", include_removed=False))
        assert [run["id"] for run in json.loads(found["runs.json"])] == [newest]
        readme = " ".join(found["README.md"].decode().split())
        assert "`runs.json` has the 1 newest runs; older ones are left out." in readme
        assert "Posts that had been deleted or removed by then are left out" in readme

    def test_explains_the_columns_of_joined_comments(self, owner: Caller) -> None:
        found = members_of(export_of(owner, make_project(owner), "package", comments="joined"))
        explained = list(csv.DictReader(io.StringIO(found["data-dictionary.csv"].decode())))
        columns = json.loads(found["data/posts.jsonl"].splitlines()[0])
        assert [row["column"] for row in explained if row["table"] == "posts"] == list(columns)
        assert "comment_body" in columns
        assert all(row["meaning"] for row in explained)


class TestSafety:
    @pytest.fixture
    def project(self, owner: Caller) -> Project:
        project = Project.objects.create(owner=owner.user, name="=1+1")
        for number, text in enumerate([*RISKY, *HARMLESS], start=1):
            make_post(project, number, title=text, author=text, score=-number)
        return project

    def check(self, rows: list[list[Any]]) -> None:
        for (title, author, score), text in zip(rows, [*RISKY, *HARMLESS], strict=True):
            expected = f"'{text}" if text in RISKY else text
            assert (title, author) == (expected, expected)
            assert float(score) < 0

    @DATES_OF_CHARTS
    def test_x18_no_cell_of_a_workbook_can_be_evaluated(
        self, owner: Caller, project: Project, tmp_path: Path
    ) -> None:
        wish = {"columns": ["title", "author", "score"]}
        path = saved(export_of(owner, project.pk, "xlsx", **wish), tmp_path)
        book = openpyxl.load_workbook(path)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert "f" not in {cell.data_type for cell in cells}
        shown = [
            [str(one).replace("_x000D_", "\r") for one in row]
            for row in book["Posts"].iter_rows(2, values_only=True)
        ]
        self.check(shown)
        assert all(isinstance(row[2], int) for row in book["Posts"].iter_rows(2, values_only=True))
        # A second parser, which calculates what it takes for a formula.
        resaved = openpyxl.load_workbook(resaved_by_soffice(path))
        cells = [cell for sheet in resaved for row in sheet.iter_rows() for cell in row]
        assert "f" not in {cell.data_type for cell in cells}
        numbers = [cell for cell in resaved["Posts"]["C"][1:] if cell.data_type == "n"]
        assert len(numbers) == len(shown)

    def test_x18_no_field_of_a_csv_file_is_evaluated_by_libreoffice(
        self, owner: Caller, project: Project, tmp_path: Path
    ) -> None:
        wish = {"columns": ["title", "author", "score"]}
        path = saved(export_of(owner, project.pk, "csv", **wish), tmp_path)
        with path.open(newline="") as handle:
            self.check(list(csv.reader(handle))[1:])
        # LibreOffice opens it with formulas enabled and saves what it made of each cell.
        filter_ = f"--infilter=Text - txt - csv (StarCalc):{WITH_FORMULAS}"
        sheet = openpyxl.load_workbook(resaved_by_soffice(path, filter_)).active
        assert sheet is not None
        cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
        assert "f" not in {cell.data_type for cell in cells}
        assert {cell.data_type for cell in cells if cell.column == 3} == {"n"}

    def test_x18_headers_are_defused_like_cells(self, tmp_path: Path) -> None:
        from exports.writers.base import Column, Kind, Options, Summary, Table  # noqa: PLC0415
        from exports.writers.csv import CsvWriter  # noqa: PLC0415
        from exports.writers.xlsx import XlsxWriter  # noqa: PLC0415

        table = Table("odd", (Column("=1+1", Kind.TEXT), Column("fine", Kind.INTEGER)))
        about = Summary("=1", datetime.now(UTC))
        for kind in (CsvWriter, XlsxWriter):
            writer = kind(tmp_path, Options())
            writer.open(table)
            writer.close(about)
        assert (tmp_path / "odd.csv").read_text() == '"\'=1+1","fine"\n'
        sheet = openpyxl.load_workbook(tmp_path / "export.xlsx")["Odd"]
        assert (sheet["A1"].value, sheet["A1"].data_type) == ("'=1+1", "s")

    def test_jsonl_and_parquet_are_verbatim(
        self, owner: Caller, project: Project, tmp_path: Path
    ) -> None:
        wish = {"columns": ["title"]}
        lines = content_of(export_of(owner, project.pk, "jsonl", **wish)).splitlines()
        path = saved(export_of(owner, project.pk, "parquet", **wish), tmp_path)
        texts = [*RISKY, *HARMLESS]
        assert [json.loads(line)["title"] for line in lines] == texts
        assert pq.read_table(path)["title"].to_pylist() == texts
