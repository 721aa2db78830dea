"""The embedded stack comes up, stops, and survives the loss of any of its processes."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from typing import TYPE_CHECKING

import pytest

from config.web import bind
from tests.services import wait_until
from tests.stack import STOP_SECONDS, Stack, is_alive

if TYPE_CHECKING:
    from tests.conftest import StartStack

NAMES = ("supervisor", "web", "worker", "beat", "broker", "sandbox")
# A child that died is started again after half a second, and then has to import Django.
RESTART_SECONDS = 30


def wait_for_another(stack: Stack, name: str, old: int) -> None:
    def is_another() -> bool:
        try:
            return stack.pid(name) != old
        except (FileNotFoundError, ValueError):
            return False

    wait_until(is_another, f"No other {name}", RESTART_SECONDS)


class TestStart:
    def test_everything_runs_and_says_where(self, stack: StartStack) -> None:
        one = stack()
        assert all(is_alive(one.pid(name)) for name in NAMES)
        assert f"Teppan is ready at {one.url}\n" in one.log()
        one.wait_for_worker()

    def test_the_folder_and_what_is_in_it_is_private(self, stack: StartStack) -> None:
        one = stack(TEPPAN_SECRET_KEY="", DATABASE_URL="")
        key = one.data_dir / "secret_key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert len(key.read_text()) >= 32
        for folder in ("", "run", "broker"):
            assert stat.S_IMODE((one.data_dir / folder).stat().st_mode) == 0o700

    def test_a_second_start_is_warm_and_keeps_the_key(self, stack: StartStack) -> None:
        one = stack(TEPPAN_SECRET_KEY="", DATABASE_URL="")
        key = (one.data_dir / "secret_key").read_text()
        assert one.interrupt() == 0
        one.start()
        assert (one.data_dir / "secret_key").read_text() == key

    def test_j40_a_second_stack_on_the_same_folder_is_refused(self, stack: StartStack) -> None:
        one = stack()
        before = {name: one.pid(name) for name in NAMES}
        second = one._spawn("second", [sys.executable, "manage.py", "up"], TEPPAN_PORT="0")
        assert second.wait(RESTART_SECONDS) == 1
        answer = one.log("second")
        assert "already running" in answer
        assert str(before["supervisor"]) in answer
        assert "Traceback" not in answer
        assert {name: one.pid(name) for name in NAMES} == before
        assert one.client.get("/healthz").status_code == 200

    def test_a_busy_port_is_named(self, stack: StartStack) -> None:
        one = stack(launch=False)
        with bind("127.0.0.1", int(one.environment["TEPPAN_PORT"])):
            one.launch()
            assert one.process.wait(RESTART_SECONDS) == 1
        assert "TEPPAN_PORT" in one.log()
        assert "Traceback" not in one.log()
        assert not one.processes()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("TEPPAN_PORT", "eighty"),
            ("TEPPAN_REGISTRATION", "maybe"),
            ("REDIS_URL", "localhost:6379"),
            ("TEPPAN_REQUESTS_PER_MINUTE_NATIVE_JSON", "many"),
        ],
    )
    def test_a_wrong_setting_is_named(self, stack: StartStack, name: str, value: str) -> None:
        one = stack(launch=False, **{name: value})
        one.launch()
        assert one.process.wait(RESTART_SECONDS) == 1
        assert f"{name}: " in one.log()
        assert "Traceback" not in one.log()


class TestStop:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_ends_everything(self, stack: StartStack, how: signal.Signals) -> None:
        one = stack()
        assert one.interrupt(how) == 0
        assert not one.processes()
        assert not list((one.data_dir / "run").glob("*.pid"))

    def test_a_signal_during_the_start_ends_everything(self, stack: StartStack) -> None:
        one = stack(launch=False)
        one.launch()
        wait_until((one.data_dir / "run" / "broker.pid").exists, "No broker was started")
        assert one.interrupt() == 0
        assert not one.processes()

    def test_a_process_that_does_not_listen_is_killed(self, stack: StartStack) -> None:
        one = stack()
        one.kill("worker", signal.SIGSTOP)
        started = time.monotonic()
        assert one.interrupt() == 0
        assert time.monotonic() - started < STOP_SECONDS
        assert not one.processes()

    def test_kill_9_of_the_supervisor_leaves_no_process(self, stack: StartStack) -> None:
        one = stack()
        one.kill("supervisor")
        one.process.wait()
        one.wait_until_gone()

    def test_after_kill_9_it_starts_again_at_once(self, stack: StartStack) -> None:
        one = stack()
        one.kill("supervisor")
        one.process.wait()
        one.start()
        one.wait_for_worker()


class TestRestart:
    def test_a_child_that_dies_is_started_again(self, stack: StartStack) -> None:
        one = stack()
        for name in ("web", "worker", "beat", "broker", "sandbox"):
            old = one.kill(name)
            wait_for_another(one, name, old)
            assert f"{name} was ended by SIGKILL" in one.log()
        one.wait_for_worker(RESTART_SECONDS)

    def test_requests_wait_while_web_is_started_again(self, stack: StartStack) -> None:
        one = stack()
        one.client.get("/healthz")
        one.client.close()
        one.kill("web")
        with one.new_client(timeout=RESTART_SECONDS) as client:
            assert client.get("/healthz").status_code == 200

    def test_the_sandbox_comes_back_where_it_was(self, stack: StartStack) -> None:
        one = stack()
        old = one.kill("sandbox")
        wait_for_another(one, "sandbox", old)
        wait_until(lambda: one.log().count("Simulated Reddit ready at") == 2, "No second sandbox")
        lines = [line for line in one.log().splitlines() if "Simulated Reddit ready at" in line]
        assert lines[0] == lines[1]


class TestOtherCommands:
    def test_doctor_is_content_with_a_running_stack(self, stack: StartStack) -> None:
        one = stack()
        one.wait_for_worker()
        doctor = one._spawn("doctor", [sys.executable, "manage.py", "doctor"])
        assert doctor.wait(RESTART_SECONDS) == 0, one.log("doctor")
        assert os.linesep + "ok    broker" in one.log("doctor")

    def test_doctor_says_what_is_missing(self, stack: StartStack) -> None:
        one = stack(launch=False)
        doctor = one._spawn("doctor", [sys.executable, "manage.py", "doctor"])
        assert doctor.wait(RESTART_SECONDS) == 1
        answer = one.log("doctor")
        assert "fault migrations" in answer
        assert "fault broker" in answer
        assert "manage.py up" in answer
