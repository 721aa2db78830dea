"""The file formats: a new one is a module here and a line in FORMATS."""

from dataclasses import dataclass, field

from exports.writers.base import Writer
from exports.writers.csv import CsvWriter
from exports.writers.jsonl import JsonLinesWriter
from exports.writers.package import PackageWriter
from exports.writers.parquet import ParquetWriter
from exports.writers.xlsx import XlsxWriter

_ROWS = ("posts", "comments", "subreddits")
# Of an analysis, which takes longer than all the rest: made where they are asked for, and for what
# is to explain itself later.
_FOUND = ("keywords", "sentiment")


@dataclass(frozen=True)
class Format:
    """A format: how it is written, what it can hold, and the size to expect of it.

    `share` is the size of a file as a share of its values' text, measured on posts.
    """

    name: str
    suffix: str
    media_type: str
    writer: type[Writer]
    share: float
    sheets: tuple[str, ...] = (*_ROWS, *_FOUND)
    default_sheets: tuple[str, ...] = ("posts",)
    has_nesting: bool = False
    is_always_zipped: bool = False
    needs: tuple[str, ...] = field(default=())


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SUMMARISED = ("summary", *_ROWS)

FORMATS = {
    one.name: one
    for one in (
        Format(
            "xlsx", "xlsx", _XLSX, XlsxWriter, 0.5, (*_SUMMARISED, *_FOUND), _SUMMARISED,
        ),
        Format("csv", "csv", "text/csv; charset=utf-8", CsvWriter, 1.1),
        Format("jsonl", "jsonl", "application/x-ndjson", JsonLinesWriter, 1.5, has_nesting=True),
        Format(
            "parquet", "parquet", "application/vnd.apache.parquet", ParquetWriter, 0.5,
            has_nesting=True, needs=("pyarrow",),
        ),
        Format(
            "package", "zip", "application/zip", PackageWriter, 0.9,
            default_sheets=(*_ROWS, *_FOUND), is_always_zipped=True,
        ),
    )
}  # fmt: skip
