"""The part of a workbook that is small: its Summary with charts, its styles, its empty sheets.

XlsxWriter makes it. `exports.writers.xlsx` fills the sheets of rows, which are nearly all of the
file, with what it streams.
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from exports.writers.base import Column, Kind, Summary
from exports.writers.safety import defuse

_DATE = "yyyy-mm-dd hh:mm:ss"
_DAY = "yyyy-mm-dd"
_DIMENSION = re.compile(rb"<dimension [^>]*/>")
_HEADER_STYLE = re.compile(rb'<c r="[A-Z]+1" s="(\d+)"')
_INSTANT_STYLE = re.compile(rb'<c r="[A-Z]+2" s="(\d+)"')
_WIDTHS = {Kind.INTEGER: 11, Kind.NUMBER: 11, Kind.FLAG: 9, Kind.INSTANT: 19}
_WIDE = {"title": 60, "selftext": 60, "body": 60, "url": 30, "permalink": 30, "media": 20}
_OTHER_WIDTH = 16
# Of the Summary's second column: its characters per line, and the height of one in points.
_TOLD_WIDTH = 40
_ROW_HEIGHT = 15
_MOST_LINES = 10
# From one chart of the Summary to the next.
_CHART_ROWS = 17


@dataclass(frozen=True)
class Sheet:
    """A sheet of rows: its name, its columns, and how many rows follow its header."""

    name: str
    columns: Sequence[Column]
    rows: int


@dataclass(frozen=True)
class Frame:
    """What stands before and after a sheet's rows, and the styles of its header and instants."""

    head: bytes = b""
    tail: bytes = b""
    header_style: str = "0"
    instant_style: str = "0"


class Skeleton:
    """A workbook with everything but its rows."""

    def __init__(self, sheets: Sequence[Sheet], summary: Summary | None) -> None:
        self._first = 2 if summary else 1
        buffer = io.BytesIO()
        # Nothing may become a formula or a link because of how it looks.
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        workbook = xlsxwriter.Workbook(buffer, options)
        formats = _formats(workbook)
        if summary:
            _write_summary(workbook, formats, summary)
        for sheet in sheets:
            _write_sheet(workbook, formats, sheet)
        if summary:
            workbook.set_properties({"title": _legal(summary.title), "created": summary.made_at})
        workbook.close()
        with zipfile.ZipFile(buffer) as made:
            self._parts = {name: made.read(name) for name in made.namelist()}

    def part_of(self, index: int) -> str:
        """Return the name of the part that holds the sheet of rows with this index, from 0."""
        return f"xl/worksheets/sheet{self._first + index}.xml"

    def frame_of(self, index: int) -> Frame:
        """Return what goes around the rows of a sheet, its header among them."""
        page = self._parts[self.part_of(index)]
        head, _, rest = page.partition(b"<sheetData>")
        rows, _, tail = rest.partition(b"</sheetData>")
        return Frame(
            # Its size was taken from the two rows that are there now.
            _DIMENSION.sub(b"", head) + b"<sheetData>",
            b"</sheetData>" + tail,
            _number_in(_HEADER_STYLE, rows),
            _number_in(_INSTANT_STYLE, rows),
        )

    def other_parts(self, sheets: int) -> Mapping[str, bytes]:
        """Return all parts but those of the first `sheets` sheets of rows."""
        filled = {self.part_of(index) for index in range(sheets)}
        return {name: data for name, data in self._parts.items() if name not in filled}


def _number_in(pattern: re.Pattern[bytes], rows: bytes) -> str:
    found = pattern.search(rows)
    return found[1].decode() if found else "0"


def _formats(workbook: Any) -> dict[str, Any]:
    return {
        "title": workbook.add_format({"bold": True, "font_size": 14}),
        "header": workbook.add_format({"bold": True, "bottom": 1, "valign": "top"}),
        "instant": workbook.add_format({"num_format": _DATE}),
        "day": workbook.add_format({"num_format": _DAY}),
        "told": workbook.add_format({"text_wrap": True, "valign": "top"}),
    }


def _write_sheet(workbook: Any, formats: Mapping[str, Any], sheet: Sheet) -> None:
    page = workbook.add_worksheet(sheet.name)
    page.freeze_panes(1, 0)
    for index, column in enumerate(sheet.columns):
        width = _WIDE.get(column.name, _WIDTHS.get(column.kind, _OTHER_WIDTH))
        page.set_column(index, index, width)
        page.write_string(0, index, defuse(column.name), formats["header"])
        if column.kind is Kind.INSTANT:
            page.write_blank(1, index, None, formats["instant"])
    page.autofilter(0, 0, sheet.rows, max(len(sheet.columns) - 1, 0))


def _write_summary(workbook: Any, formats: Mapping[str, Any], summary: Summary) -> None:
    page = workbook.add_worksheet("Summary")
    page.set_column(0, 0, 24)
    page.set_column(1, 1, _TOLD_WIDTH)
    page.write_string(0, 0, _text(summary.title), formats["title"])
    page.write_string(1, 0, "Made at (UTC)", formats["header"])
    page.write_datetime(1, 1, summary.made_at.replace(tzinfo=None), formats["instant"])
    row = 2
    for label, value in summary.scope:
        page.write_string(row, 0, _text(label), formats["header"])
        page.write_string(row, 1, _text(value), formats["told"])
        page.set_row(row, _ROW_HEIGHT * min(1 + len(value) // _TOLD_WIDTH, _MOST_LINES))
        row += 1
    for name, number in summary.rows.items():
        page.write_string(row, 0, f"Rows in {name.capitalize()}", formats["header"])
        page.write_number(row, 1, number)
        row += 1
    if not any(summary.rows.values()) and not summary.posts_per_day:
        page.write_string(row, 0, "Nothing matches this selection.")
        row += 1
    blocks = [
        _Block("Posts per day", summary.posts_per_day, is_by_day=True),
        _Block("Posts per subreddit", summary.posts_per_subreddit),
        _Block("Sentiment per day", summary.sentiment_per_day, is_by_day=True),
    ]
    for number, block in enumerate(blocks):
        place = _CHART_ROWS * number + 1
        if block.figures:
            # Below the one before, and not above its own chart.
            top = max(row + 1, place + 2)
            row = _write_figures(page, formats, top, block)
            _add_chart(workbook, page, place, row, block)


@dataclass(frozen=True)
class _Block:
    """Figures of the Summary: a small table and a chart, by date or by name."""

    title: str
    figures: Sequence[tuple[str, float]]
    is_by_day: bool = False


def _write_figures(page: Any, formats: Mapping[str, Any], row: int, block: _Block) -> int:
    """Write the table below its title; returns the row after it."""
    page.write_string(row, 0, block.title, formats["header"])
    for at, (name, number) in enumerate(block.figures, start=row + 1):
        if block.is_by_day:
            day = date.fromisoformat(name)
            page.write_datetime(at, 0, datetime(*day.timetuple()[:3]), formats["day"])  # noqa: DTZ001 -- a cell's date has no zone
        else:
            page.write_string(at, 0, _text(name))
        page.write_number(at, 1, number)
    return row + len(block.figures) + 1


def _add_chart(workbook: Any, page: Any, place: int, end: int, block: _Block) -> None:
    """Draw the figures that end before the row `end`, at the row `place`."""
    chart = workbook.add_chart({"type": "line" if block.is_by_day else "bar"})
    first = end - len(block.figures)
    chart.add_series(
        {
            "name": block.title,
            "categories": ["Summary", first, 0, end - 1, 0],
            "values": ["Summary", first, 1, end - 1, 1],
        }
    )
    if block.is_by_day:
        chart.set_x_axis({"date_axis": True, "num_format": _DAY, "label_position": "low"})
    chart.set_title({"name": block.title})
    chart.set_legend({"none": True})
    chart.set_size({"width": 640, "height": 300})
    page.insert_chart(place, 3, chart)


def _text(value: str) -> str:
    return defuse(_legal(value))[:32_000]


def _legal(text: str) -> str:
    return "".join(sign for sign in text if sign >= " " and sign not in "\ufffe\uffff")
