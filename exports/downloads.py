"""A file on its way out: read piece by piece off the event loop, so memory stays flat.

Django would drain a file object into memory before the first byte leaves; an async iterator is
sent as it comes, at the client's pace.
"""

import asyncio
import os
import weakref
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

# A piece is read in well under a millisecond and keeps a fast line busy.
PIECE_BYTES = 256 * 1024
# Reads come from the page cache or a disk that has one arm: more would not be faster.
_THREADS = 4

_readers = ThreadPoolExecutor(_THREADS, thread_name_prefix="download")


class OpenFile:
    """A file that stays readable when it is deleted meanwhile."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises FileNotFoundError."""
        self._descriptor = os.open(path, os.O_RDONLY)
        # An answer may be dropped before anybody has read or closed it.
        self._close = weakref.finalize(self, os.close, self._descriptor)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, at: int, size: int) -> bytes:
        """Return up to `size` bytes from a place."""
        return os.pread(self._descriptor, size, at)

    def close(self) -> None:
        """Let go of it; closing twice does nothing."""
        self._close()


class Part:
    """A part of an open file, as an answer that is sent piece by piece; closes the file."""

    def __init__(self, file: OpenFile, first: int, length: int) -> None:
        self._file = file
        self._first = first
        self._length = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        loop = asyncio.get_running_loop()
        at, end = self._first, self._first + self._length
        try:
            while at < end:
                piece = await loop.run_in_executor(_readers, self._read, at, end)
                if not piece:
                    raise EOFError("The file is shorter than it was")
                at += len(piece)
                yield piece
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the file; Django calls it for an answer that nobody took, too."""
        self._file.close()

    def _read(self, at: int, end: int) -> bytes:
        return self._file.read(at, min(PIECE_BYTES, end - at))


async def open_file(path: Path) -> OpenFile:
    """Open a file off the event loop. Raises FileNotFoundError."""
    return await asyncio.get_running_loop().run_in_executor(_readers, OpenFile, path)


def disposition_of(name: str) -> str:
    """Return the header that makes a browser save a file under a name, whatever is in it."""
    plain = "".join(sign if _is_plain(sign) else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_plain(sign: str) -> bool:
    return sign.isascii() and sign.isprintable() and sign not in '"\\%'
