"""Several streams read as one, a few at a time; what each one gives stays in its order."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


async def merged(
    streams: Iterable[AsyncGenerator[T, None]], at_once: int
) -> AsyncGenerator[T, None]:
    """Yield what the streams give, `at_once` of them being read at a time, in their order.

    Each goes one step ahead of the reader, a single one (`at_once` 1) none at all. The first fault
    of any ends all: the others are cancelled and closed before it is raised, as they are when the
    reader leaves.
    """
    waiting = iter(streams)
    steps: dict[asyncio.Task[tuple[T, ...]], AsyncGenerator[T, None]] = {}
    opened: set[AsyncGenerator[T, None]] = set()
    try:
        while True:
            for stream in islice(waiting, at_once - len(steps)):
                opened.add(stream)
                steps[asyncio.create_task(_next_of(stream))] = stream
            if not steps:
                return
            await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
            for step in [step for step in steps if step.done()]:
                stream = steps.pop(step)
                if not (item := step.result()):
                    opened.discard(stream)
                    continue
                yield item[0]
                steps[asyncio.create_task(_next_of(stream))] = stream
    finally:
        for step in steps:
            step.cancel()
        await asyncio.gather(*steps, return_exceptions=True)
        for stream in opened:
            await stream.aclose()


async def _next_of(stream: AsyncGenerator[T, None]) -> tuple[T, ...]:
    """Return the next item alone, nothing at the end: a task cannot end with StopAsyncIteration."""
    try:
        return (await anext(stream),)
    except StopAsyncIteration:
        return ()
