"""The time that a source is given, so that nothing here reads or waits for the machine's own."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as a source sees it.

    `sleep` and `monotonic` count the same seconds: a clock that shortens waits (tests do)
    runs `monotonic` faster by the same factor. `random` gives [0, 1).
    """

    def now(self) -> datetime:
        """Return the instant, aware."""

    def monotonic(self) -> float:
        """Return seconds since any fixed point."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def random(self) -> float:
        """Return a number for jitter."""


@dataclass(frozen=True)
class SystemClock:
    """The machine's time; `scale` multiplies every wait (0.01 = a hundred times shorter)."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError("the scale of time is above 0")

    def now(self) -> datetime:
        """Return the instant in UTC, unscaled."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds, in which a scaled `sleep(n)` lasts n."""
        return time.monotonic() / self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds * scale`."""
        await asyncio.sleep(seconds * self.scale)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return random.random()  # noqa: S311
