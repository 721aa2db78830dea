"""Files that grow page by page: written, and their SHA-256 kept, in a thread of their own.

Both let the interpreter go on meanwhile, so that a page is on its way while the next is made.
"""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

from exports.writers.base import Options, Summary, Writer


class Output:
    """A new file. At most one piece waits; raises OSError for the piece before or at the end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._sum = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="export-output")
        self._last: Future[None] | None = None

    @property
    def sha256(self) -> str:
        """The digest of what was written, in hexadecimal; final once it is closed."""
        return self._sum.hexdigest()

    def write(self, piece: bytes) -> None:
        """Append a piece when the one before is written."""
        self._settle()
        self._last = self._thread.submit(self._append, piece)

    def close(self) -> None:
        """End the file, whatever state it is in; closing twice does nothing."""
        try:
            self._settle()
        finally:
            self._thread.shutdown()
            self._file.close()

    def _settle(self) -> None:
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def _append(self, piece: bytes) -> None:
        self._file.write(piece)
        self._sum.update(piece)


class OutputWriter(Writer):
    """What writers have in common that append to one file per table, named for it."""

    suffix: ClassVar[str]

    def __init__(self, folder: Path, options: Options) -> None:
        super().__init__(folder, options)
        self._files: list[Path] = []
        self._output: Output | None = None

    def append(self, lines: bytes) -> None:
        assert self._output is not None, "append before open"  # noqa: S101 -- a bug
        self._output.write(lines)

    def close(self, summary: Summary) -> list[Path]:
        self.abandon()
        return self._files

    def abandon(self) -> None:
        output, self._output = self._output, None
        if output is not None:
            output.close()
            self.digests[self._files[-1]] = output.sha256

    def _begin(self, name: str) -> Output:
        self.abandon()
        path = self.folder / f"{name}.{self.suffix}"
        self._output = Output(path)
        self._files.append(path)
        return self._output
