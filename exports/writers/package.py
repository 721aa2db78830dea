"""The research package: the data twice (CSV and JSON Lines), and all that explains it.

Besides the data: the configuration of the runs that gathered it, a data dictionary, a README and
how to cite it. The checksums of all files are written last.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import ClassVar, Literal

import orjson

from exports.writers.base import Columns, Options, Summary, Table, Writer
from exports.writers.csv import CsvWriter
from exports.writers.dictionary import meaning_of
from exports.writers.jsonl import JsonLinesWriter

_HASH_BYTES = 1 << 20
_README_WIDTH = 100
_AS_REST = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
_AS_FETCHED = (
    "Instants are UTC. Posts and comments are as they were last fetched (`fetched_at`); what was"
    " deleted or removed since is still here, and the rights of its authors apply."
)
_REMOVED = "Posts that had been deleted or removed by then are left out, with their comments."
_FILES = (
    "`data-dictionary.csv` explains the columns, `runs.json` has the configuration of the runs"
    " that gathered the data, `SHA256SUMS` is for `sha256sum --check`."
)


class PackageWriter(Writer):
    """A folder `data` and the files beside it."""

    instants: ClassVar[Literal["iso", "epoch"]] = "iso"

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        data = folder / "data"
        data.mkdir()
        self._writers = [CsvWriter(data, options), JsonLinesWriter(data, options)]
        self._tables: list[Table] = []

    def open(self, table: Table) -> None:
        self._tables.append(table)
        for writer in self._writers:
            writer.open(table)

    def write(self, page: Columns) -> None:
        for writer in self._writers:
            writer.write(page)

    def close(self, summary: Summary) -> list[Path]:
        files = [file for writer in self._writers for file in writer.close(summary)]
        texts = {
            "README.md": _readme(summary, self.options),
            "data-dictionary.csv": _dictionary(self._tables),
            "CITATION.cff": _citation(summary),
            "runs.json": orjson.dumps(list(summary.runs), option=_AS_REST).decode(),
        }
        for name, text in texts.items():
            (self.folder / name).write_text(text, encoding="utf-8")
            files.append(self.folder / name)
        known = {path: sha for writer in self._writers for path, sha in writer.digests.items()}
        sums = "".join(
            f"{known.get(file) or _digest(file)}  {file.relative_to(self.folder)}\n"
            for file in files
        )
        checksums = self.folder / "SHA256SUMS"
        checksums.write_text(sums)
        return [*files, checksums]

    def abandon(self) -> None:
        for writer in self._writers:
            writer.abandon()


def _digest(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _dictionary(tables: Sequence[Table]) -> str:
    lines = ["table,column,type,meaning"]
    lines += [
        f'{table.name},{column.name},{column.kind},"{meaning_of(table.name, column.name)}"'
        for table in tables
        for column in table.columns
    ]
    return "\r\n".join(lines) + "\r\n"


def _readme(summary: Summary, options: Options) -> str:
    scope = "".join(f"- {label}: {_line(value)}\n" for label, value in summary.scope)
    rows = "".join(f"- {name}: {number} rows\n" for name, number in summary.rows.items())
    defused = (
        "In the CSV files a text that a spreadsheet could evaluate has a `'` before it; the JSON"
        " Lines are verbatim.\n"
        if options.is_safe
        else "CSV and JSON Lines are verbatim: do not open the CSV files in a spreadsheet.\n"
    )
    about = " ".join([_AS_FETCHED, *([] if summary.has_removed else [_REMOVED]), _FILES])
    if summary.has_older_runs:
        about += f" `runs.json` has the {len(summary.runs):,} newest runs; older ones are left out."
    return (
        f"# {_line(summary.title)}\n\n"
        f"Exported by Teppan at {summary.made_at:%Y-%m-%dT%H:%M:%SZ}.\n\n"
        f"## Scope\n\n{scope}\n## Data\n\n{rows}\n{defused}\n"
        f"{fill(about, _README_WIDTH)}\n"
    )


def _citation(summary: Summary) -> str:
    title = orjson.dumps(_line(summary.title)).decode()
    return (
        "cff-version: 1.2.0\n"
        "message: If you use this data, please cite it as below.\n"
        "type: dataset\n"
        f"title: {title}\n"
        f"date-released: {summary.made_at:%Y-%m-%d}\n"
        "authors:\n  - name: Reddit users (see the author columns)\n"
        "abstract: Reddit posts and comments gathered with Teppan.\n"
    )


def _line(text: str) -> str:
    """Return a text as one line that ends no heading and starts no markup of its own."""
    return " ".join(text.split()).replace("<", "\\<").replace("[", "\\[")
