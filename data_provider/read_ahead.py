"""The next page of a listing, on its way while the one before is read and stored.

One request at a time all the same: it leaves when the one before was answered. Between two pages
this saves what reading and storing one takes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

Place = tuple[str, int]

# Turns of the event loop until a request is on the wire (measured with httpx: three, on an open
# connection). Without them it would leave after the page before was read, which takes longer.
TURNS_TO_SEND = 5


class ReadAhead:
    """The body of one page that was asked for before it was wanted. Close it in the end."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._task: asyncio.Task[bytes] | None = None

    async def start(self, place: Place, work: Coroutine[Any, Any, bytes]) -> None:
        """Ask for the page at a place; return when the request is on its way."""
        self._place, self._task = place, asyncio.ensure_future(work)
        for _ in range(TURNS_TO_SEND):
            await asyncio.sleep(0)

    async def take(self, place: Place) -> bytes | None:
        """Return the body of the page at a place, null if it is not on its way. Raises as asked."""
        task, self._task = self._task, None
        if task is None or self._place != place:
            await _give_up(task)
            return None
        try:
            return await task
        finally:
            await _give_up(task)

    async def close(self) -> None:
        """Give up what is on its way."""
        task, self._task = self._task, None
        await _give_up(task)


async def _give_up(task: asyncio.Task[bytes] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
