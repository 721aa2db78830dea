"""CSV as RFC 4180 has it: one file per table, every text in quotes, lines that end in CR LF.

A missing value is an empty field without quotes, an empty text one with them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from exports.writers.base import Columns, Kind, Options, Syntax, Table
from exports.writers.output import OutputWriter
from exports.writers.safety import defuse_all

_BOM = b"\xef\xbb\xbf"
_WORDS = {0: b"false", 1: b"true", None: b""}
# NUL is no character of a text file, and ends the text in many programs.
_NUL = b"\x00"
_NO_CHARACTER = "\ufffd".encode()


class CsvWriter(OutputWriter):
    """One `<table>.csv` per table."""

    suffix: ClassVar[str] = "csv"
    syntax: ClassVar[Syntax | None] = "csv"

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        self._encoders: list[Callable[[Sequence[Any]], list[bytes]]] = []

    def open(self, table: Table) -> None:
        ends = [*[","] * (len(table.columns) - 1), "\r\n"]
        self._encoders = [
            partial(_ENCODERS.get(column.kind, self._texts), end)
            for column, end in zip(table.columns, ends, strict=True)
        ]
        names = [self._texts(end, [one.name]) for one, end in zip(table.columns, ends, strict=True)]
        output = self._begin(table.name)
        output.write((_BOM if self.options.has_bom else b"") + _lines(names))

    def write(self, page: Columns) -> None:
        fields = [encode(values) for encode, values in zip(self._encoders, page, strict=True)]
        self.append(_lines(fields))

    def _texts(self, end: str, values: Sequence[str | None]) -> list[bytes]:
        texts = defuse_all(values) if self.options.is_safe else values
        nothing = end.encode()
        return [
            nothing
            if text is None
            else f'"{text}"{end}'.encode()
            if '"' not in text
            else ('"' + text.replace('"', '""') + '"' + end).encode()
            for text in texts
        ]


def _lines(fields: Sequence[Sequence[bytes]]) -> bytes:
    """Join columns of fields, each with what ends it.

    Encoded one by one, since one wide character would make all of its line wide first.
    """
    lines = b"".join(chain.from_iterable(zip(*fields, strict=True)))
    return lines.replace(_NUL, _NO_CHARACTER) if _NUL in lines else lines


def _plain(end: str, values: Sequence[Any]) -> list[bytes]:
    nothing = end.encode()
    return [nothing if value is None else f"{value}{end}".encode() for value in values]


def _flags(end: str, values: Sequence[Any]) -> list[bytes]:
    words = {value: word + end.encode() for value, word in _WORDS.items()}
    return [words[value] for value in values]


_ENCODERS: dict[Kind, Callable[[str, Sequence[Any]], list[bytes]]] = {
    Kind.INTEGER: _plain,
    Kind.NUMBER: _plain,
    Kind.INSTANT: _plain,
    Kind.FLAG: _flags,
}
