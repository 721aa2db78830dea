"""Parquet: typed columns, instants with their time zone, comments nested in their posts.

Needs the extra `parquet` (pyarrow), which is loaded when the first row is written.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from exports.writers.base import Column, Columns, Kind, Options, Summary, Table, Writer

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# A row group is what a reader skips or reads as one, and what the writer holds: so many rows, or
# fewer where a row brings all of its comments.
ROWS_PER_GROUP = 20_000
BYTES_PER_GROUP = 16 << 20


class ParquetWriter(Writer):
    """One `<table>.parquet` per table."""

    instants: ClassVar[Literal["iso", "epoch"]] = "epoch"

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        self._files: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._columns: tuple[Column, ...] = ()
        self._batches: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def open(self, table: Table) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 -- an extra, and slow to load

        self._finish()
        path = self.folder / f"{table.name}.parquet"
        self._files.append(path)
        self._columns = table.columns
        self._writer = pq.ParquetWriter(path, _schema_of(table.columns), compression="zstd")

    def write(self, page: Columns) -> None:
        import pyarrow as pa  # noqa: PLC0415 -- as above

        arrays = [
            pa.array(_plain(column, values), _type_of(column))
            for column, values in zip(self._columns, page, strict=True)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=_schema_of(self._columns))
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROWS_PER_GROUP or self._bytes >= BYTES_PER_GROUP:
            self._flush()

    def close(self, summary: Summary) -> list[Path]:
        self._finish()
        return self._files

    def abandon(self) -> None:
        if self._writer is not None:
            # Closing writes the footer, which a full disk refuses as well.
            writer, self._writer = self._writer, None
            try:
                writer.close()
            except OSError:
                self._batches.clear()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 -- as above

        if self._batches and self._writer is not None:
            self._writer.write_table(pa.Table.from_batches(self._batches))
        self._batches.clear()
        self._rows = self._bytes = 0

    def _finish(self) -> None:
        self._flush()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()


def _schema_of(columns: Sequence[Column]) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415 -- as above

    return pa.schema([(column.name, _type_of(column)) for column in columns])


def _type_of(column: Column) -> "pa.DataType":
    import pyarrow as pa  # noqa: PLC0415 -- as above

    if column.kind is Kind.NESTED:
        return pa.list_(pa.struct([(inner.name, _type_of(inner)) for inner in column.columns]))
    types: dict[Kind, pa.DataType] = {
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.FLAG: pa.bool_(),
        # The format knows no seconds.
        Kind.INSTANT: pa.timestamp("ms", tz="UTC"),
    }
    return types.get(column.kind, pa.string())


def _plain(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    if column.kind is Kind.INSTANT:
        return [None if value is None else value * 1000 for value in values]
    if column.kind is Kind.FLAG:
        return [None if value is None else bool(value) for value in values]
    if column.kind is Kind.NESTED:
        return [_nested(column.columns, rows) for rows in values]
    return values


def _nested(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    values = [
        _plain(column, inner)
        for column, inner in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    names = [column.name for column in columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
