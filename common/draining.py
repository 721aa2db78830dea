"""The moment from which this process takes no more work: open streams end themselves on it.

Set before the server's own shutdown, which would otherwise wait for streams that never end.
"""

import asyncio


class Draining:
    """A switch that is turned once and wakes everyone who waits, on any event loop."""

    def __init__(self) -> None:
        self._is_on = False
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def is_on(self) -> bool:
        """Tell whether the process is ending."""
        return self._is_on

    def start(self) -> None:
        """Turn the switch. Takes no lock, because it is called from signal handlers."""
        self._is_on = True
        for loop, event in tuple(self._waiters):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Return once the switch is turned."""
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        self._waiters.add(waiter)
        try:
            # Looked at after joining the waiters: turned in between, it would wake nobody.
            if not self._is_on:
                await waiter[1].wait()
        finally:
            self._waiters.discard(waiter)


_process = Draining()
is_draining = _process.is_on
start = _process.start
wait = _process.wait
