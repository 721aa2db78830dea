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


class ReadAhead:
    """The body of one page that was asked for before it was wanted. Close it in the end."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._task: asyncio.Task[bytes] | None = None

    def start(self, place: Place, work: Coroutine[Any, Any, bytes]) -> None:
        """Begin to ask for the page at a place."""
        self._place, self._task = place, asyncio.ensure_future(work)

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
