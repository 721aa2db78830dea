"""How `manage.py scrape` ends: its exit codes, and the sentence beside each."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from config.env import ROOT
from scraper.models import ScrapingJob
from tests.scraper.building import claim, let_lease_expire
from tests.scraper.test_scrape_command import scrape
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from data_provider.sandbox.testing import SandboxServer

pytestmark = pytest.mark.django_db(transaction=True)


class TestExitCode:
    def test_ends_with_3_when_a_part_is_missing(
        self, sandbox: SandboxServer, capfdbinary: Any
    ) -> None:
        sandbox.add_faults({"subreddit": "python", "page": 2, "action": "banned"})
        code, found, told = scrape(capfdbinary, "python", "--backend", "sandbox", "--limit", "300")
        assert (code, len(found)) == (3, 100)
        assert "r/python: banned: " in told
        assert "partial: 100 posts" in told

    def test_ends_with_4_when_nothing_came(self, sandbox: SandboxServer, capfdbinary: Any) -> None:
        code, found, told = scrape(capfdbinary, "private", "--backend", "sandbox")
        assert (code, found) == (4, [])
        assert "failed: 0 posts" in told

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_ends_with_130_when_it_is_interrupted(
        self, sandbox: SandboxServer, capfdbinary: Any, how: signal.Signals
    ) -> None:
        with meanwhile(sandbox, lambda: os.kill(os.getpid(), how)):
            code, found, told = scrape(capfdbinary, "stalled", "--backend", "sandbox")
        assert (code, found) == (130, [])
        assert "cancelled: 0 posts" in told
        assert ScrapingJob.objects.get().status == "cancelled"

    def test_ends_with_4_and_a_sentence_when_another_process_took_over(
        self, sandbox: SandboxServer
    ) -> None:
        def take_over() -> None:
            job = ScrapingJob.objects.get()
            let_lease_expire(job)
            claim(job, "another")

        with (
            meanwhile(sandbox, take_over),
            pytest.raises(CommandError, match="Another process has this job") as refused,
        ):
            call_command("scrape", "stalled", "--backend", "sandbox")
        assert refused.value.returncode == 4
        assert ScrapingJob.objects.get().worker == "another"


@contextmanager
def meanwhile(sandbox: SandboxServer, act: Callable[[], object]) -> Iterator[None]:
    """Do something in a thread once the simulated Reddit was asked."""

    def wait_and_act() -> None:
        try:
            wait_until(sandbox.requests, "Nothing was asked")
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join()


class TestProcess:
    """The command as a shell starts it, on a data folder that was never used."""

    @pytest.fixture
    def start(self, sandbox: SandboxServer, tmp_path: Path) -> Callable[..., Any]:
        environment = {
            **os.environ,
            "TEPPAN_DATA_DIR": str(tmp_path),
            "TEPPAN_SANDBOX_URL": sandbox.url,
            "DATABASE_URL": "",
        }

        def start(*arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
            command = [sys.executable, "manage.py", "scrape", "--backend", "sandbox", *arguments]
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )

        return start

    def test_needs_nothing_before_it(self, start: Callable[..., Any]) -> None:
        with start("tiny") as process:
            printed, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
        assert len(printed.splitlines()) == 7

    def test_ends_with_130_when_nobody_reads_any_more(
        self, start: Callable[..., Any], sandbox: SandboxServer, tmp_path: Path
    ) -> None:
        sandbox.add_faults({"subreddit": "python", "latency_ms": 300})
        with start("python", "--limit", "1000") as process:
            assert json.loads(process.stdout.readline())["id"].startswith("t3_")
            process.stdout.close()
            told = process.stderr.read().decode()
        assert process.returncode == 130
        assert "cancelled: " in told
        assert "Traceback" not in told
        assert "BrokenPipe" not in told
        database = sqlite3.connect(tmp_path / "teppan.sqlite3")
        assert database.execute("SELECT status FROM scraper_scrapingjob").fetchall() == [
            ("cancelled",)
        ]
        database.close()

    def test_ends_with_130_when_nobody_reads_what_is_told_either(
        self, start: Callable[..., Any], sandbox: SandboxServer
    ) -> None:
        sandbox.add_faults({"subreddit": "python", "latency_ms": 300})
        with start("python", "--limit", "1000", stderr=subprocess.STDOUT) as process:
            assert process.stdout.readline()
            process.stdout.close()
        assert process.returncode == 130

    def test_ends_with_4_and_a_sentence_on_tables_of_an_older_program(
        self, start: Callable[..., Any], tmp_path: Path
    ) -> None:
        with start("empty") as process:
            assert process.wait(120) == 0
        database = sqlite3.connect(tmp_path / "teppan.sqlite3")
        with database:
            database.execute(
                "DELETE FROM django_migrations WHERE app = 'scraper' AND name > '0002'"
            )
        database.close()
        with start("empty") as process:
            _, told = process.communicate(timeout=120)
        assert process.returncode == 4
        assert told.decode().splitlines() == [
            "CommandError: The database is older than this program: run manage.py migrate."
        ]
