"""Where an export's bytes are: a private work folder while they are made, then the storage.

The storage is Django's `exports` one: a local folder, or a bucket. Keys carry the fencing number,
so what a lost worker left behind is told from what counts.
"""

import hashlib
import logging
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from projects.keeper import Stopped

logger = logging.getLogger(__name__)

_READ_BYTES = 1 << 20
_ZIP_LEVEL = 1
_WORK_NAME = re.compile(r"(\d+)-(\d+)")
# The fencing number of a published file, whatever a storage puts after it.
_PUBLISHED_FENCE = re.compile(r"\d+(?=[._])")


class StorageError(Exception):
    """The storage of exports refuses, or cannot be reached; the message says why."""


class _Finished(File):  # type: ignore[type-arg]
    """A finished file that a local storage may move, and a bucket reads piece by piece."""

    def __init__(self, path: Path, handle: BinaryIO, step: Callable[[], None]) -> None:
        super().__init__(handle, name=str(path))
        self._handle = handle
        self._step = step

    def temporary_file_path(self) -> str:
        """Return where it is (what Django's storage asks for)."""
        return str(self.name)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; an upload of minutes stops here when it must."""
        self._step()
        return self._handle.read(size)


def storage() -> Storage:
    """Return the storage of exports."""
    return storages["exports"]


@contextmanager
def work_folder(export_id: int, fence: int) -> Iterator[Path]:
    """Yield an empty folder, gone afterwards whatever happens."""
    folder = settings.EXPORT_WORK_DIR / f"{export_id}-{fence}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bundle(folder: Path, files: Sequence[Path], step: Callable[[], None]) -> Path:
    """Put several files into one zip; `step` may raise between two pieces."""
    target = folder / "bundle.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_ZIP_LEVEL) as archive:
        for file in files:
            with (
                file.open("rb") as source,
                archive.open(str(file.relative_to(folder)), "w", force_zip64=True) as entry,
            ):
                for piece in _pieces(source, step):
                    entry.write(piece)
            file.unlink()
    return target


def digest_of(path: Path, step: Callable[[], None]) -> str:
    """Return the SHA-256 of a file; `step` may raise between two pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        for piece in _pieces(source, step):
            digest.update(piece)
    return digest.hexdigest()


def publish(path: Path, key: str, step: Callable[[], None]) -> str:
    """Put a finished file into the storage, durably and all at once; returns its key there.

    Raises StorageError when a bucket does not take it, OSError when a disk does not.
    """
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
        with _asking_storage():
            key = storage().save(key, _Finished(path, handle, step))
    if published := local_path(key):
        _make_durable(published)
    return key


def local_path(key: str) -> Path | None:
    """Return where a published file is on this machine; None when it is in a bucket."""
    try:
        return Path(storage().path(key))
    except NotImplementedError:
        return None


def forget_file(key: str) -> None:
    """Delete a published file; one that is gone already is no error. Raises StorageError."""
    if key:
        with _asking_storage(), suppress(FileNotFoundError):
            storage().delete(key)


def forget_earlier_attempts(export_id: int, fence: int) -> None:
    """Remove what workers that held this export before the holder of `fence` left behind.

    Higher fences are left alone: this worker itself may have been declared dead meanwhile.
    """
    for folder in work_folders():
        number, old_fence = _numbers_of(folder)
        if number == export_id and old_fence < fence:
            shutil.rmtree(folder, ignore_errors=True)
    for name in _published(export_id):
        found = _PUBLISHED_FENCE.match(name)
        if found and int(found[0]) < fence:
            forget_file(f"{export_id}/{name}")


def forget_published(export_id: int) -> None:
    """Remove everything published for an export."""
    for name in _published(export_id):
        forget_file(f"{export_id}/{name}")


def published_exports() -> list[int]:
    """Return the ids for which the storage holds something."""
    with _asking_storage(), suppress(FileNotFoundError):
        return [int(name) for name in storage().listdir("")[0] if name.isdigit()]
    return []


def forget_work_of_others(folders: Iterable[Path], alive: Iterable[tuple[int, int]]) -> None:
    """Remove those of the work folders that no export of these ids and fences uses."""
    known = set(alive)
    for folder in folders:
        if _numbers_of(folder) not in known:
            shutil.rmtree(folder, ignore_errors=True)


def work_folders() -> list[Path]:
    """Return the work folders of this machine."""
    if not settings.EXPORT_WORK_DIR.is_dir():
        return []
    found = settings.EXPORT_WORK_DIR.iterdir()
    return [folder for folder in found if _WORK_NAME.fullmatch(folder.name)]


def _published(export_id: int) -> list[str]:
    with _asking_storage(), suppress(FileNotFoundError, NotADirectoryError):
        return list(storage().listdir(str(export_id))[1])
    return []


@contextmanager
def _asking_storage() -> Iterator[None]:
    """Raise StorageError for what a bucket's driver raises, each of which has classes of its own.

    What it says goes to the log alone: it may name hosts and keys.
    """
    try:
        yield
    except (OSError, Stopped):
        raise
    except Exception as error:
        logger.warning("The storage of exports does not do what it is asked.", exc_info=True)
        answer = getattr(error, "response", None)
        told = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None
        reason = told or type(error).__name__
        raise StorageError(
            f"The storage of exports does not do what it is asked: {reason}."
        ) from error


def _make_durable(path: Path) -> None:
    """Have a file survive the loss of power: its bytes, which may have been copied, and its name.

    A new folder's own name is in the folder above.
    """
    for one in (path, path.parent, path.parent.parent):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _numbers_of(folder: Path) -> tuple[int, int]:
    number, _, fence = folder.name.partition("-")
    return int(number), int(fence)


def _pieces(source: Iterable[bytes], step: Callable[[], None]) -> Iterator[bytes]:
    while piece := source.read(_READ_BYTES):  # type: ignore[attr-defined]
        step()
        yield piece
