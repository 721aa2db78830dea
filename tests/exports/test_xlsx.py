"""The limits of a workbook: rows of a sheet, signs of a cell, sizes of an archive."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from exports.writers.archive import Archive
from exports.writers.base import Column, Kind, Options, Summary, Table
from exports.writers.xlsx import LONGEST_CELL, XlsxWriter, letters_of

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = Summary("About", datetime(2026, 1, 1, tzinfo=UTC))
TABLE = Table("posts", (Column("id", Kind.TEXT), Column("score", Kind.INTEGER)))


class SmallSheets(XlsxWriter):
    """As if Excel took five rows."""

    most_rows = 5


def book_of(writer: XlsxWriter, pages: list[Any], table: Table = TABLE) -> Any:
    writer.open(table)
    for page in pages:
        writer.write(page)
    return openpyxl.load_workbook(writer.close(ABOUT)[0])


class TestSheet:
    @pytest.mark.parametrize("has_summary", [True, False])
    def test_that_is_full_continues_on_the_next(self, tmp_path: Path, has_summary: bool) -> None:
        writer = SmallSheets(tmp_path, Options(has_summary=has_summary))
        page = [[f"t3_{number}" for number in range(10)], list(range(10))]
        book = book_of(writer, [page])
        names = [name for name in book.sheetnames if name != "Summary"]
        assert names == ["Posts", "Posts (2)", "Posts (3)"]
        for name in names:
            assert [cell.value for cell in book[name][1]] == ["id", "score"]
            assert book[name].max_row <= 5
        rows = [row for name in names for row in book[name].iter_rows(2, values_only=True)]
        assert rows == [(f"t3_{number}", number) for number in range(10)]
        assert book["Posts (3)"].auto_filter.ref == "A1:B3"

    def test_may_be_empty(self, tmp_path: Path) -> None:
        book = book_of(XlsxWriter(tmp_path, Options()), [])
        assert list(book["Posts"].iter_rows(values_only=True)) == [("id", "score")]


class TestCell:
    def one(self, tmp_path: Path, text: str, **options: Any) -> Any:
        writer = XlsxWriter(tmp_path, Options(**options))
        return book_of(writer, [[[text], [1]]])["Posts"]["A2"].value

    @pytest.mark.parametrize("text", ["x" * LONGEST_CELL, "😀" * (LONGEST_CELL // 2)])
    def test_may_be_as_long_as_excel_takes(self, tmp_path: Path, text: str) -> None:
        assert self.one(tmp_path, text) == text
        assert not (tmp_path / "long-texts.jsonl").exists()

    @pytest.mark.parametrize(
        "text", ["x" * (LONGEST_CELL + 1), "é😀" * LONGEST_CELL, "\r" * 40_000]
    )
    def test_that_is_longer_is_cut_and_kept_in_full_beside(self, tmp_path: Path, text: str) -> None:
        value = self.one(tmp_path, text, is_safe=False).replace("_x000D_", "\r")
        assert len(value.encode("utf-16-le")) // 2 <= LONGEST_CELL
        head, mark, _ = value.partition(" [cut: the full text is in long-texts.jsonl]")
        assert mark
        assert text.startswith(head)
        [line] = (tmp_path / "long-texts.jsonl").read_text().splitlines()
        kept = {"sheet": "Posts", "row": 2, "column": "id", "text": text}
        assert json.loads(line) == kept

    def test_x18_is_defused_here_and_verbatim_beside(self, tmp_path: Path) -> None:
        text = "=" + "x" * LONGEST_CELL
        assert self.one(tmp_path, text).startswith("'=xxx")
        [line] = (tmp_path / "long-texts.jsonl").read_text().splitlines()
        assert json.loads(line)["text"] == text

    @pytest.mark.parametrize(
        ("text", "spelled"),
        [
            ("a\x00b\x1fc", "a_x0000_b_x001F_c"),
            ("a\r\nb", "a_x000D_\nb"),
            ("a_x0041_b", "a_x005F_x0041_b"),
            ("a\uffffb", "a_xFFFF_b"),
            ("<b> & \"c\" 'd'", "<b> & \"c\" 'd'"),
            ("  kept  ", "  kept  "),
            ("tab\there", "tab\there"),
            ("_x and __x00", "_x and __x00"),
        ],
    )
    def test_spells_what_xml_cannot_hold_as_the_format_does(
        self, tmp_path: Path, text: str, spelled: str
    ) -> None:
        assert self.one(tmp_path, text, is_safe=False) == spelled

    def test_x18_is_defused_before_it_is_spelled(self, tmp_path: Path) -> None:
        assert self.one(tmp_path, "\r=1+1") == "'_x000D_=1+1"


class TestLetters:
    @pytest.mark.parametrize(
        ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")]
    )
    def test_are_those_of_spreadsheets(self, index: int, letters: str) -> None:
        assert letters_of(index) == letters


class TestArchive:
    def test_is_read_by_the_standard_library(self) -> None:
        buffer = io.BytesIO()
        archive = Archive(buffer, datetime(2026, 11, 23, 3, 30, tzinfo=UTC))
        large = bytes(range(256)) * 20_000
        archive.begin("large")
        for start in range(0, len(large), 100_000):
            archive.write(large[start : start + 100_000])
        archive.add("émile", b"")
        archive.finish()
        with zipfile.ZipFile(buffer) as found:
            assert found.testzip() is None
            assert found.namelist() == ["large", "émile"]
            assert found.read("large") == large
            assert found.infolist()[0].date_time == (2026, 11, 23, 3, 30, 0)
