"""JSON Lines: one file per table, each line the object that REST shows, verbatim."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from exports.writers.base import Column, Columns, Kind, Options, Syntax, Table
from exports.writers.output import OutputWriter

_FLAGS = {0: False, 1: True, None: None}


class JsonLinesWriter(OutputWriter):
    """One `<table>.jsonl` per table."""

    suffix: ClassVar[str] = "jsonl"
    syntax: ClassVar[Syntax | None] = "json"

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        self._encoder = msgspec.json.Encoder()
        self._make: Callable[..., Any] = tuple
        self._convert: list[Callable[[Sequence[Any]], Sequence[Any]]] = []

    def open(self, table: Table) -> None:
        self._begin(table.name)
        self._make = _object_of(table.columns)
        self._convert = [_converter_of(column) for column in table.columns]

    def write(self, page: Columns) -> None:
        columns = [convert(values) for convert, values in zip(self._convert, page, strict=True)]
        # Half of what orjson takes for a dictionary per row: an object of fixed fields is cheaper
        # to make, and all lines are written at once.
        self.append(self._encoder.encode_lines(list(map(self._make, *columns))))


def _object_of(columns: Sequence[Column]) -> Callable[..., Any]:
    fields = [(column.name, Any) for column in columns]
    return msgspec.defstruct("Row", fields, gc=False)


def _converter_of(column: Column) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if column.kind is Kind.NESTED:
        return _nester_of(column.columns)
    return _CONVERTERS.get(column.kind, _as_they_are)


def _nester_of(columns: Sequence[Column]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    make = _object_of(columns)
    converters = [_converter_of(column) for column in columns]

    def nest(values: Sequence[Sequence[tuple[Any, ...]]]) -> list[list[Any]]:
        return [
            list(
                map(make, *(f(v) for f, v in zip(converters, zip(*rows, strict=True), strict=True)))
            )
            if rows
            else []
            for rows in values
        ]

    return nest


def _as_they_are(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _flags(values: Sequence[Any]) -> list[bool | None]:
    return [_FLAGS[value] for value in values]


def _raw(values: Sequence[str | None]) -> list[msgspec.Raw | None]:
    return [None if value is None else msgspec.Raw(value) for value in values]


_CONVERTERS: dict[Kind, Callable[[Sequence[Any]], Sequence[Any]]] = {
    Kind.FLAG: _flags,
    Kind.JSON: _raw,
}
