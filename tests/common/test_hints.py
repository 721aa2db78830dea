"""A hint to look is said once for many facts; hints that name something are all sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import hints

if TYPE_CHECKING:
    import pytest


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
