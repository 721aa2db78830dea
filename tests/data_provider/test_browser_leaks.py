from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.env import ROOT
from tests.data_provider.leaks import WAYS, left_over, plan_of, when_clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_provider.sandbox.testing import SandboxServer

# A hundred take a quarter of an hour; these few are of every source and every way of ending.
SCRAPES = int(os.environ.get("TEPPAN_LEAK_SCRAPES") or 12)
SEED = 5
# The longest that a scrape and a look at what it left take on a busy machine.
SCRAPE_SECONDS = 50

pytestmark = [pytest.mark.processes, pytest.mark.timeout(60 + SCRAPES * SCRAPE_SECONDS)]


@pytest.fixture
def marker() -> Iterator[Path]:
    """A folder whose path is short enough for the sockets that browsers make."""
    folder = Path(tempfile.mkdtemp(prefix="leaks-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def run(reddit: SandboxServer, marker: Path, plan: list[tuple[str, str, float]]) -> str:
    """Run scrapes in a process of their own; what it said, its end included."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.data_provider.leaks", reddit.url, json.dumps(plan)],
        env=os.environ | {"TMPDIR": str(marker)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=len(plan) * SCRAPE_SECONDS,
        check=False,
    )
    return f"{ended.stdout}{ended.returncode}"


class TestBrowsers:
    def test_leave_nothing_behind_however_a_scrape_ends(
        self, reddit: SandboxServer, marker: Path
    ) -> None:
        gentle = [step for step in plan_of(SCRAPES, SEED) if step[1] != "kill"]
        said = run(reddit, marker, gentle).splitlines()
        assert said[-1] == "0"
        assert [line for line in said[:-1] if not line.endswith(": clean")] == []
        assert len(said) - 1 == len(gentle)
        # Those that were left between two pages had some.
        closed = [line for line in said if " aclose " in line]
        assert [line for line in closed if ", 0 pages" in line] == []
        assert len(closed) == sum(way == "aclose" for _, way, _ in gentle) > 0

    def test_leave_nothing_behind_when_the_process_is_killed(
        self, reddit: SandboxServer, marker: Path
    ) -> None:
        for step in plan_of(SCRAPES, SEED):
            if step[1] == "kill":
                said = run(reddit, marker, [step]).splitlines()
                assert said[-1] == str(-signal.SIGKILL)
                assert when_clean(str(marker)) == []

    def test_are_found_by_this_test(self, tmp_path: Path) -> None:
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        with subprocess.Popen(["sleep", "60"], env=environment) as forgotten:
            found = left_over(str(tmp_path))
            forgotten.kill()
        assert len(found) == 1
        assert str(forgotten.pid) in found[0]

    def test_are_ended_in_every_way(self) -> None:
        assert {way for _, way, _ in plan_of(SCRAPES, SEED)} == set(WAYS)
