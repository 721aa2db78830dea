"""CSV as RFC 4180 has it: one file per table, every text in quotes, lines that end in CR LF.

A missing value is an empty field without quotes, an empty text one with them.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from exports.writers.base import Columns, Kind, Options, Summary, Table, Writer
from exports.writers.safety import defuse_all

_BOM = b"\xef\xbb\xbf"
_WORDS = {0: "false", 1: "true", None: ""}
# NUL is no character of a text file, and ends the text in many programs.
_NUL = re.compile("\x00")


class CsvWriter(Writer):
    """One `<table>.csv` per table."""

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        self._files: list[Path] = []
        self._file: BinaryIO | None = None
        self._encoders: list[Callable[[Sequence[Any]], list[str]]] = []

    def open(self, table: Table) -> None:
        self.abandon()
        path = self.folder / f"{table.name}.csv"
        self._files.append(path)
        self._file = path.open("wb")
        self._encoders = [self._encoder(column.kind) for column in table.columns]
        names = self._encode_texts([column.name for column in table.columns])
        self._file.write((_BOM if self.options.has_bom else b"") + _lines([tuple(names)]))

    def write(self, page: Columns) -> None:
        assert self._file is not None, "write before open"  # noqa: S101 -- a bug
        fields = [encode(values) for encode, values in zip(self._encoders, page, strict=True)]
        self._file.write(_lines(zip(*fields, strict=True)))

    def close(self, summary: Summary) -> list[Path]:
        self.abandon()
        return self._files

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _encoder(self, kind: Kind) -> Callable[[Sequence[Any]], list[str]]:
        return _ENCODERS.get(kind, self._encode_texts)

    def _encode_texts(self, values: Sequence[str | None]) -> list[str]:
        texts = defuse_all(values) if self.options.is_safe else values
        return ["" if text is None else '"' + text.replace('"', '""') + '"' for text in texts]


def _lines(rows: Any) -> bytes:
    text = "\r\n".join(map(",".join, rows)) + "\r\n"
    return (_NUL.sub("\ufffd", text) if "\x00" in text else text).encode()


def _plain(values: Sequence[Any]) -> list[str]:
    return ["" if value is None else str(value) for value in values]


def _instants(values: Sequence[str | None]) -> list[str]:
    return [value or "" for value in values]


def _flags(values: Sequence[Any]) -> list[str]:
    return [_WORDS[value] for value in values]


_ENCODERS: dict[Kind, Callable[[Sequence[Any]], list[str]]] = {
    Kind.INTEGER: _plain,
    Kind.NUMBER: _plain,
    Kind.INSTANT: _instants,
    Kind.FLAG: _flags,
}
