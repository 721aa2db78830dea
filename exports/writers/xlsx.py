"""XLSX in constant memory: sheets of rows streamed by hand into what XlsxWriter made around them.

Texts are inline strings, so nothing is held for a shared table and nothing can be a formula. A
sheet that is full continues on the next; a text longer than a cell may be is cut, and stands in
full in `long-texts.jsonl`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal

import orjson

from exports.writers.archive import Archive
from exports.writers.base import Column, Columns, Kind, Options, Summary, Table, Writer
from exports.writers.safety import defuse, defuse_all
from exports.writers.skeleton import Frame, Sheet, Skeleton

# Excel's limits: rows of a sheet with its header, and UTF-16 units of a cell.
MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767
# A sheet ends early before its XML is larger than an archive's entry may be.
MOST_SHEET_BYTES = 3_900_000_000

_CUT_MARK = " [cut: the full text is in long-texts.jsonl]"
# A text this short fits, whatever its signs: none takes more than two units.
_SURELY_SHORT = LONGEST_CELL // 2

_TEXTS = (Kind.TEXT, Kind.JSON)

# Days from Excel's epoch to that of Unix.
_UNIX_EPOCH_DAY = 25_569
_SECONDS_PER_DAY = 86_400

# What XML 1.0 cannot hold, or would change (CR), is spelled as the format's own escape, and so is
# a text that looks like one.
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n")
_SPECIAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class XlsxWriter(Writer):
    """`export.xlsx`, and `long-texts.jsonl` when it is needed."""

    instants: ClassVar[Literal["iso", "epoch"]] = "epoch"
    most_rows: ClassVar[int] = MOST_ROWS

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        self._path = folder / "export.xlsx"
        self._file: BinaryIO = self._path.open("wb")
        self._archive = Archive(self._file, datetime.now(UTC))
        self._sheets: list[Sheet] = []
        self._table = Table("", ())
        self._letters: list[str] = []
        self._frame = Frame()
        self._row = 1
        self._bytes = 0
        self._long_texts = LongTexts(folder / "long-texts.jsonl")

    def open(self, table: Table) -> None:
        self._end_sheet()
        self._table = table
        self._letters = [letters_of(index) for index in range(len(table.columns))]
        self._begin_sheet(table.name.capitalize())

    def write(self, page: Columns) -> None:
        number = len(page[0])
        done = 0
        while done < number:
            room = self.most_rows - self._row
            if room <= 0 or self._bytes >= MOST_SHEET_BYTES:
                self._continue_on_next_sheet()
                continue
            part = [values[done : done + room] for values in page] if room < number else page
            self._write_part(part)
            done += len(part[0])

    def close(self, summary: Summary) -> list[Path]:
        self._end_sheet()
        skeleton = Skeleton(self._sheets, summary if self.options.has_summary else None)
        for name, data in skeleton.other_parts(len(self._sheets)).items():
            self._archive.add(name, data)
        self._archive.finish()
        self._file.close()
        return [self._path, *self._long_texts.close()]

    def abandon(self) -> None:
        self._file.close()
        self._long_texts.abandon()

    def _begin_sheet(self, name: str) -> None:
        # Styles are numbered in the order of their use: the draft uses them as the final one will.
        draft = [Sheet(name, self._table.columns, 0)]
        about = Summary("draft", datetime.now(UTC)) if self.options.has_summary else None
        skeleton = Skeleton(draft, about)
        self._frame = skeleton.frame_of(0)
        first = int(skeleton.part_of(0).removeprefix("xl/worksheets/sheet").removesuffix(".xml"))
        self._archive.begin(f"xl/worksheets/sheet{first + len(self._sheets)}.xml")
        self._sheets.append(Sheet(name, self._table.columns, 0))
        self._row, self._bytes = 1, 0
        self._put(self._frame.head + self._header())

    def _header(self) -> bytes:
        cells = [
            f'<c r="{letter}1" s="{self._frame.header_style}" t="inlineStr"><is><t>'
            f"{defuse(column.name)}</t></is></c>"
            for letter, column in zip(self._letters, self._table.columns, strict=True)
        ]
        return f'<row r="1">{"".join(cells)}</row>'.encode()

    def _continue_on_next_sheet(self) -> None:
        self._end_sheet()
        title = self._table.name.capitalize()
        part = sum(sheet.name.partition(" (")[0] == title for sheet in self._sheets) + 1
        self._begin_sheet(f"{title} ({part})")

    def _end_sheet(self) -> None:
        if not self._sheets or not self._frame.tail:
            return
        sheet = self._sheets[-1]
        self._sheets[-1] = Sheet(sheet.name, sheet.columns, self._row - 1)
        # The filter's range was that of no rows.
        last = f"{self._letters[-1]}{self._row}"
        self._put(re.sub(rb'(?<=<autoFilter ref="A1:)[A-Z]+\d+', last.encode(), self._frame.tail))
        self._frame = Frame()

    def _write_part(self, page: Columns) -> None:
        first = self._row + 1
        self._row += len(page[0])
        numbers = range(first, self._row + 1)
        page = [
            self._fitting(column, values, numbers) if column.kind in _TEXTS else values
            for column, values in zip(self._table.columns, page, strict=True)
        ]
        data = self._render(page, numbers)
        if _needs_escapes(data):
            data = self._render([_escape_all(values) for values in page], numbers)
        self._put(data)

    def _fitting(
        self, column: Column, values: Sequence[str | None], numbers: range
    ) -> Sequence[str | None]:
        """Return texts that nothing evaluates and that fit into their cells."""
        texts = defuse_all(values) if self.options.is_safe else values
        if not any(text is not None and len(text) > _SURELY_SHORT for text in texts):
            return texts
        where = (self._sheets[-1].name, column.name)
        return [
            self._long_texts.cut(where, number, text, verbatim)
            for number, text, verbatim in zip(numbers, texts, values, strict=True)
        ]

    def _render(self, page: Columns, numbers: range) -> bytes:
        cells = [
            self._cells(column, letter, values, numbers)
            for column, letter, values in zip(self._table.columns, self._letters, page, strict=True)
        ]
        rows = map("".join, zip(*cells, strict=True))
        return "".join(
            [f'<row r="{number}">{row}</row>' for number, row in zip(numbers, rows, strict=True)]
        ).encode()

    def _cells(
        self, column: Column, letter: str, values: Sequence[Any], numbers: range
    ) -> list[str]:
        pairs = zip(numbers, values, strict=True)
        if column.kind in (Kind.INTEGER, Kind.NUMBER):
            return [
                "" if value is None else f'<c r="{letter}{number}"><v>{value}</v></c>'
                for number, value in pairs
            ]
        if column.kind is Kind.FLAG:
            return [
                "" if value is None else f'<c r="{letter}{number}" t="b"><v>{value:d}</v></c>'
                for number, value in pairs
            ]
        if column.kind is Kind.INSTANT:
            style = self._frame.instant_style
            return [
                ""
                if value is None
                else f'<c r="{letter}{number}" s="{style}"><v>'
                f"{value / _SECONDS_PER_DAY + _UNIX_EPOCH_DAY}</v></c>"
                for number, value in pairs
            ]
        return [
            ""
            if text is None
            else f'<c r="{letter}{number}" t="inlineStr"><is><t xml:space="preserve">'
            + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            + "</t></is></c>"
            for number, text in pairs
        ]

    def _put(self, data: bytes) -> None:
        self._bytes += len(data)
        self._archive.write(data)


class LongTexts:
    """Texts that do not fit into a cell, in full, with the place of the cell."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def cut(
        self, where: tuple[str, str], number: int, text: str | None, verbatim: str | None
    ) -> str | None:
        """Return a cell's text if it fits; else keep it verbatim, and return as much as does."""
        if text is None or len(text) <= _SURELY_SHORT:
            return text
        units = text.encode("utf-16-le")
        if len(units) <= 2 * LONGEST_CELL:
            return text
        if self._file is None:
            self._file = self._path.open("wb")
        sheet, column = where
        line = {"sheet": sheet, "row": number, "column": column, "text": verbatim}
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        room = 2 * (LONGEST_CELL - len(_CUT_MARK))
        # Cutting may leave half of a character: it goes.
        return units[:room].decode("utf-16-le", "ignore") + _CUT_MARK

    def close(self) -> list[Path]:
        """End the file, if there is one."""
        if self._file is None:
            return []
        self._file.close()
        return [self._path]

    def abandon(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


def letters_of(index: int) -> str:
    """Return a column's letters, A for 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _needs_escapes(data: bytes) -> bool:
    """Tell whether rendered rows hold what the format spells differently.

    Looked for in the whole page at once: sign by sign it would take as long as all the rest.
    """
    return (
        len(data.translate(None, _CONTROLS)) != len(data)
        or b"_x" in data
        or b"\xef\xbf\xbe" in data
        or b"\xef\xbf\xbf" in data
    )


def _escape_all(values: Sequence[Any]) -> list[Any]:
    return [_SPECIAL.sub(_escape, value) if isinstance(value, str) else value for value in values]


def _escape(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"
