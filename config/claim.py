"""One embedded stack per data folder: who holds the folder, and waiting for orphans to go."""

import fcntl
import os
import time
from pathlib import Path

# Orphans of a killed supervisor get their signal at once and have a grace of a few seconds.
_ORPHAN_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class Refused(Exception):  # noqa: N818 -- an answer, not a fault
    """The stack cannot start; the message is a sentence for the person who tried."""


class Claim:
    """Holds a data folder for this process until it ends, however it ends.

    Two locks: `lock` is the supervisor's own, `children.lock` is inherited by every child, so that
    it is free only when the last process of an earlier stack has gone.
    """

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._own = _open(run_dir / "lock")
        self.inherited = _open(run_dir / "children.lock")
        self._is_taken = False

    def take(self) -> None:
        """Claim the folder; raises Refused when another stack uses it."""
        if not _try_lock(self._own):
            raise Refused(
                f"Teppan is already running with the data folder {self._run_dir.parent}"
                f" (process {self._holder()}). Stop it first, or set TEPPAN_DATA_DIR."
            )
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while not _try_lock(self.inherited):
            if time.monotonic() > deadline:
                raise Refused(
                    f"Processes of an earlier Teppan still use {self._run_dir.parent};"
                    f" their numbers are in {self._run_dir}/*.pid. Stop them first."
                )
            time.sleep(_LOOK_SECONDS)
        for stale in self._run_dir.glob("*.pid"):
            stale.unlink()
        self._is_taken = True
        (self._run_dir / "supervisor.pid").write_text(f"{os.getpid()}\n")

    def release(self) -> None:
        """Give the folder free, if it was taken."""
        if self._is_taken:
            (self._run_dir / "supervisor.pid").unlink(missing_ok=True)
        os.close(self.inherited)
        os.close(self._own)

    def _holder(self) -> str:
        file = self._run_dir / "supervisor.pid"
        return file.read_text().strip() if file.exists() else "unknown"


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
