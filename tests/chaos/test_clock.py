"""The clock fires hints; what is due is in the database, so no clock does anything twice."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import redis
from django.conf import settings

from tests.chaos.inside import Inside
from tests.services import wait_until

if TYPE_CHECKING:
    from tests.conftest import StartServers
    from tests.stack import ServerStack

SCALE = 0.05
TICK_SECONDS = 60 * SCALE
# A tick, a beat that starts, a worker that works.
LATE_SECONDS = TICK_SECONDS + 20


class Ticks:
    """When the clock asked for removals: what the broker was told, as it was told."""

    def __init__(self, stack: ServerStack) -> None:
        self.at: list[float] = []
        self._client = redis.Redis.from_url(stack.broker.url)
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _listen(self) -> None:
        try:
            with self._client.monitor() as monitor:
                self._listening.set()
                for said in monitor.listen():
                    if is_tick(said["command"]):
                        self.at.append(time.monotonic())
        except (redis.RedisError, OSError, ValueError):
            self._listening.set()


def is_tick(command: str) -> bool:
    return command.startswith("LPUSH") and '"projects.resume_removals' in command.replace("\\", "")


def stay_away(seconds: float) -> None:
    """Let time pass: being away takes its time."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until, "Never", seconds + 1)


class TestClock:
    def test_j16_two_clocks_and_one_that_was_away(self, servers: StartServers) -> None:
        stack = servers(web=1, workers=1, TEPPAN_TIME_SCALE=str(SCALE))
        stack.wait_for_worker()
        stack.start_process("beat-2")
        with Inside(stack) as inside, Ticks(stack) as ticks:
            wait_until(lambda: len(ticks.at) >= 4, "No ticks of two clocks", LATE_SECONDS)
            self._check_removal(inside, "two-clocks")

            for name in ("beat", "beat-2"):
                stack.kill(name)
                stack._running[name].wait(LATE_SECONDS)
            # What they said at last is heard a moment later.
            stay_away(TICK_SECONDS)
            told = len(ticks.at)
            project = inside.call("delete_unannounced", name="no-clock")
            stay_away(3 * TICK_SECONDS)
            assert len(ticks.at) == told
            assert inside.call("is_left", project=project)

            stack.start_process("beat")
            wait_until(
                lambda: not inside.call("is_left", project=project), "Still there", LATE_SECONDS
            )
            wait_until(lambda: len(ticks.at) >= told + 2, "No second tick", LATE_SECONDS)
            # What was missed is asked for once, and not once for every tick.
            assert ticks.at[told + 1] - ticks.at[told] > TICK_SECONDS / 2
        assert "Traceback" not in stack.log("worker-1")

    def test_knows_no_time_of_day(self) -> None:
        schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
        assert settings.CELERY_ENABLE_UTC
        assert {type(entry["schedule"]) for entry in schedule.values()} == {timedelta}

    def _check_removal(self, inside: Inside, name: str) -> None:
        project = inside.call("delete_unannounced", name=name)
        wait_until(lambda: not inside.call("is_left", project=project), "Still there", LATE_SECONDS)
