"""Open streams are told when their process ends."""

from __future__ import annotations

import asyncio
import contextvars

from common.draining import Draining


class TestDraining:
    async def test_wakes_everyone_who_waits(self) -> None:
        draining = Draining()
        waiting = [asyncio.create_task(draining.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not draining.is_on()
        draining.start()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)
        assert draining.is_on()

    async def test_does_not_hold_up_who_comes_later(self) -> None:
        draining = Draining()
        draining.start()
        await asyncio.wait_for(draining.wait(), 1)

    async def test_reaches_streams_of_other_contexts(self) -> None:
        draining = Draining()
        task = asyncio.create_task(draining.wait(), context=contextvars.Context())
        await asyncio.sleep(0)
        await asyncio.to_thread(draining.start)
        await asyncio.wait_for(task, 5)
