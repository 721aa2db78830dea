"""What several users of one source keep together, whoever keeps it for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


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
        """Let nobody ask this way before so many seconds from now. Never raises."""

    async def close_host(self, seconds: float) -> None:
        """Let nobody ask before then who comes to the same host as the same reader."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Hold the host's only place for what it answers one at a time; wait for it.

        Never raises: while what is shared is out of reach, the place counts as held.
        """


# Makes the pace of a way to a source: by its name, its requests per minute, and the host with the
# reader that the host counts, which other ways may lead to as well.
Paces = Callable[[str, float, str], Pace]
