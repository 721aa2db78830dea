"""Hints reach the broker, and nobody waits for it; one to look is said once for many facts."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import kombu.exceptions
import pytest
import redis
from celery import current_app
from django.conf import settings

from common import hints

if TYPE_CHECKING:
    from collections.abc import Iterator

# A failing hint takes a quarter of a second; without its bounds it took five.
MOST_SECONDS = 4


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class TestHintToLook:
    def test_is_sent_once_for_what_comes_together_and_again_later(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock, sent = Clock(), list[str]()
        monkeypatch.setattr(hints, "time", clock)
        monkeypatch.setattr(hints, "send_hint", sent.append)
        monkeypatch.setattr(hints, "_told_at", {})
        for _ in range(3):
            hints.hint_to_look("a")
        hints.hint_to_look("b")
        assert sent == ["a", "b"]
        clock.now += 0.25
        hints.hint_to_look("a")
        assert sent == ["a", "b", "a"]


@pytest.fixture
def messenger(monkeypatch: pytest.MonkeyPatch) -> hints.Messenger:
    messenger = hints.Messenger()
    monkeypatch.setattr(hints, "messenger", messenger)
    return messenger


@pytest.fixture
def broken_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a broker that is not there, that refuses, or that never says a word."""
    with ExitStack() as open_things:
        folder = open_things.enter_context(tempfile.TemporaryDirectory())
        if request.param == "missing":
            yield f"redis+socket://{folder}/none.sock"
            return
        server = open_things.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        if request.param == "silent":
            server.listen()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture
def _connects_to(broken_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_connection = current_app.connection_for_write
    monkeypatch.setattr(
        type(current_app._get_current_object()),
        "connection_for_write",
        lambda _, **options: open_connection(broken_address, **options),
    )


class TestMessenger:
    def test_sends_from_another_thread_in_order(self, messenger: hints.Messenger) -> None:
        with redis.Redis.from_url(settings.REDIS_URL) as broker:
            broker.delete("export")
            for number in range(3):
                hints.send_hint("exports.of_a_test", number)
            messenger.flush()
            bodies = broker.lrange("export", 0, -1)
            broker.delete("export")
        assert len(bodies) == 3
        assert all(b"exports.of_a_test" in body for body in bodies)

    @pytest.mark.parametrize("broken_address", ["missing", "refusing", "silent"], indirect=True)
    @pytest.mark.usefixtures("_connects_to")
    def test_a_broker_that_is_gone_costs_the_thread_little(
        self, messenger: hints.Messenger
    ) -> None:
        began = time.monotonic()
        for number in range(100):
            hints.send_hint("exports.of_a_test", number)
        messenger.flush()
        assert time.monotonic() - began < MOST_SECONDS

    def test_leaves_a_broker_alone_that_failed_and_asks_again_later(
        self, messenger: hints.Messenger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock, asked = Clock(), list[str]()

        def refuse(task: str, **_: Any) -> None:
            asked.append(task)
            raise kombu.exceptions.OperationalError("gone")

        monkeypatch.setattr(hints, "time", clock)
        monkeypatch.setattr(type(current_app._get_current_object()), "send_task", _method(refuse))
        for task in ("a", "b"):
            hints.send_hint(task)
            messenger.flush()
        assert asked == ["a"]
        clock.now += 60
        hints.send_hint("c")
        messenger.flush()
        assert asked == ["a", "c"]

    def test_takes_so_many_and_no_more_while_the_broker_hangs(
        self, messenger: hints.Messenger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hang, sent = threading.Event(), list[str]()

        def wait(task: str, **_: Any) -> None:
            hang.wait(10)
            sent.append(task)

        monkeypatch.setattr(type(current_app._get_current_object()), "send_task", _method(wait))
        for _ in range(2000):
            hints.send_hint("a")
        hang.set()
        messenger.flush()
        # The one that hangs gave its place to another.
        assert 1000 <= len(sent) <= 1001

    def test_a_hint_after_the_end_is_no_error(self, messenger: hints.Messenger) -> None:
        messenger._thread.shutdown()
        hints.send_hint("a")


def _method(function: Any) -> Any:
    return lambda _, *arguments, **options: function(*arguments, **options)
