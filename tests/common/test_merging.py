"""Several streams read as one: how many at a time, in which order, and how they end together."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from common.merging import merged

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Recorder:
    """Makes streams that count how many of them are open, and wait where they are told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = 0
        self.most_open = 0
        self.hold = asyncio.Event()

    async def stream(self, name: str, items: int, *, holds: bool = False) -> AsyncGenerator[str]:
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            for number in range(items):
                self.asked.append(f"{name}{number}")
                if holds:
                    await self.hold.wait()
                await asyncio.sleep(0)
                yield f"{name}{number}"
        finally:
            await asyncio.sleep(0)
            self.open -= 1


async def broken() -> AsyncGenerator[str]:
    yield "x0"
    raise ValueError("broken")


class TestMerged:
    async def test_one_at_a_time_keeps_the_order_and_never_runs_ahead(self) -> None:
        recorder = Recorder()
        streams = (recorder.stream(name, 2) for name in "ab")
        async with aclosing(merged(streams, 1)) as items:
            assert await anext(items) == "a0"
            await asyncio.sleep(0.01)
            assert recorder.asked == ["a0"]
            assert [item async for item in items] == ["a1", "b0", "b1"]
        assert (recorder.most_open, recorder.open) == (1, 0)

    async def test_several_at_a_time_are_never_more_and_each_keeps_its_order(self) -> None:
        recorder = Recorder()
        streams = (recorder.stream(name, 3) for name in "abcdefg")
        async with aclosing(merged(streams, 3)) as items:
            found = [item async for item in items]
        assert sorted(found) == sorted(f"{name}{n}" for name in "abcdefg" for n in range(3))
        assert all(
            [i for i in found if i[0] == n] == [f"{n}0", f"{n}1", f"{n}2"] for n in "abcdefg"
        )
        assert (recorder.most_open, recorder.open) == (3, 0)

    async def test_one_that_waits_does_not_hold_up_the_others(self) -> None:
        recorder = Recorder()
        streams = [recorder.stream("a", 1, holds=True), *(recorder.stream(n, 1) for n in "bcd")]
        async with asyncio.timeout(5), aclosing(merged(streams, 2)) as items:
            assert [await anext(items) for _ in range(3)] == ["b0", "c0", "d0"]
            recorder.hold.set()
            assert [item async for item in items] == ["a0"]

    async def test_a_reader_that_leaves_closes_all(self) -> None:
        recorder = Recorder()
        streams = [recorder.stream("a", 9), recorder.stream("b", 9, holds=True)]
        async with asyncio.timeout(5), aclosing(merged(streams, 2)) as items:
            await anext(items)
        assert recorder.open == 0

    async def test_a_fault_of_one_closes_the_others_before_it_is_raised(self) -> None:
        recorder = Recorder()
        streams = [recorder.stream("a", 9, holds=True), broken()]
        async with asyncio.timeout(5), aclosing(merged(streams, 2)) as items:
            assert await anext(items) == "x0"
            with pytest.raises(ValueError, match="broken"):
                await anext(items)
            assert recorder.open == 0

    async def test_a_cancelled_reader_closes_all(self) -> None:
        recorder = Recorder()

        async def read() -> None:
            async for _ in merged([recorder.stream(n, 1, holds=True) for n in "ab"], 2):
                pass

        reading = asyncio.create_task(read())
        while recorder.open < 2:
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert recorder.open == 0
