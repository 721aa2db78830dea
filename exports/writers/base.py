"""What every writer is given and gives: tables of typed columns, pages of values, files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal

# A page's values by column, in the order of the table's columns.
Columns = Sequence[Sequence[Any]]
# Lines that follow from a row alone, so that a database can write them as well.
Syntax = Literal["csv", "json"]


class Kind(StrEnum):
    """What a column's values are; each may be None."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    # True and False, or 1 and 0.
    FLAG = "flag"
    # Seconds since 1970, or a text like 2026-11-22T00:00:00Z: whichever the writer asks for.
    INSTANT = "instant"
    # A text of JSON.
    JSON = "json"
    # Rows of an inner table, as tuples.
    NESTED = "nested"


@dataclass(frozen=True)
class Column:
    """One column: its name as in REST, its kind, and what it means for the data dictionary."""

    name: str
    kind: Kind
    columns: tuple["Column", ...] = ()


@dataclass(frozen=True)
class Table:
    """One sheet or file of rows."""

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Summary:
    """What an export is about, known when its rows are written. Texts may be hostile."""

    title: str
    made_at: datetime
    scope: Sequence[tuple[str, str]] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    posts_per_day: Sequence[tuple[str, int]] = ()
    posts_per_subreddit: Sequence[tuple[str, int]] = ()
    sentiment_per_day: Sequence[tuple[str, float]] = ()
    runs: Sequence[Mapping[str, Any]] = ()
    has_older_runs: bool = False
    has_removed: bool = True


@dataclass(frozen=True)
class Options:
    """How texts are written: defused for spreadsheets, with a byte order mark in CSV."""

    is_safe: bool = True
    has_bom: bool = False
    has_summary: bool = False


class TooLargeError(Exception):
    """The data does not fit into this format; the message says what does."""


class Writer:
    """Writes tables one after the other into files in a folder.

    `open` begins a table, `write` takes its pages, `close` ends everything and returns the files
    in the order in which a reader meets them. Raises OSError when the disk does not take it.
    """

    instants: ClassVar[Literal["iso", "epoch"]] = "iso"
    # What `append` takes; None if there is no such thing.
    syntax: ClassVar[Syntax | None] = None

    def __init__(self, folder: Path, options: Options) -> None:
        self.folder = folder
        self.options = options
        # The SHA-256 of files that need not be read again for it.
        self.digests: dict[Path, str] = {}

    def open(self, table: Table) -> None:
        """Begin a table."""
        raise NotImplementedError

    def write(self, page: Columns) -> None:
        """Append a page to the table begun last."""
        raise NotImplementedError

    def append(self, lines: bytes) -> None:
        """Append lines that are written already, in this writer's syntax."""
        raise NotImplementedError

    def close(self, summary: Summary) -> list[Path]:
        """End the last table, and return the files."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Let go of open files, whatever state they are in."""
