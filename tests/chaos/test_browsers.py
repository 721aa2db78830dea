"""A worker that is killed in the middle of a browser job takes its browsers with it."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.chaos.test_bulk_jobs import start_bulk
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.conftest import StartLine
    from tests.chaos.line import Line, Person

POSTS = 150
# Another worker, another browser and the rest of the pages, on a machine that others use as well.
RECOVERY_SECONDS = 90
SEED = 7


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """The folder in which the stack's browsers have theirs; short for their sockets."""
    folder = Path(tempfile.mkdtemp(prefix="worker-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def browsing(start_line: StartLine, place: Path) -> Iterator[Line]:
    """A line whose browser sources read the simulated Reddit."""
    with start_line(reads_reddit=True, TMPDIR=str(place), TEPPAN_LEASE_SECONDS="30") as line:
        yield line


@pytest.fixture(scope="module")
def person(browsing: Line) -> Person:
    return browsing.person()


def folders(place: Path) -> set[Path]:
    """The private folders of browsers and drivers."""
    return set(place.glob("teppan-browser-*"))


def left_of(found: set[Path]) -> list[str]:
    """The folders that are still there, and the processes that were started for them."""
    marks = [str(folder) for folder in found]
    left = [mark for mark in marks if Path(mark).exists()]
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("HOME", "")]
        except psutil.Error:
            continue
        if any(mark in word for mark in marks for word in words):
            left.append(f"{process.pid} {words[0]}")
    return left


class TestWorker:
    @pytest.mark.parametrize("source", ["playwright", "nodriver", "selenium"])
    def test_that_is_killed_takes_its_browsers_along_and_its_job_ends_whole(
        self, browsing: Line, person: Person, place: Path, source: str
    ) -> None:
        dice = random.Random(f"{SEED} {source}")
        job = start_bulk(person, "python", backend=source, limit=POSTS)
        stored = dice.choice([0, 25, 50, 75])
        wait_until(
            lambda: folders(place) and person.job(job)["posts_scraped"] >= stored,
            "No browser reads",
            RECOVERY_SECONDS,
        )
        found = folders(place)
        browsing.kill_worker()
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not left_of(found), "Not all is gone")
        assert left_of(found) == []
        shown = person.wait(job, "completed", RECOVERY_SECONDS)
        assert shown["posts_scraped"] == POSTS
        assert shown["attempt"] > 1
        wait_until(lambda: not folders(place), "Browsers are left after the job")
