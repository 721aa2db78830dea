"""What several users of one source keep together, whoever keeps it for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Turn:
    """How long the next request has to wait, 0 when it may go out; `is_closed` by upstream."""

    seconds: float = 0.0
    is_closed: bool = False


class Pace(Protocol):
    """What all who use one way to a source keep together: a rate, and upstream's closures.

    Seconds are those of the source's clock.
    """

    async def take_turn(self) -> Turn | None:
        """Take a place if there is one now; null while what is shared is out of reach."""

    async def close(self, seconds: float) -> None:
        """Let nobody ask before so many seconds from now. Never raises."""


# Makes the pace of a way to a source, by its name and its requests per minute.
Paces = Callable[[str, float], Pace]
