"""Pokes reach whoever waits, in this process and in others, once each."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import redis.asyncio
from django.conf import settings

from common import wakeup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHANNEL = "teppan:wakeup"


@contextlib.asynccontextmanager
async def relaying() -> AsyncIterator[redis.asyncio.Redis]:
    """Run the relay; yield a client, by which other processes speak, once it is heard."""
    async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as client:
        task = asyncio.create_task(wakeup.relay())
        while not await client.publish(CHANNEL, "another nothing"):
            await asyncio.sleep(0.01)
        yield client
        task.cancel()
        await asyncio.wait([task])


class TestRelay:
    async def test_passes_on_what_others_say(self) -> None:
        with wakeup.waiting_for("one") as poked:
            async with relaying() as others:
                await others.publish(CHANNEL, "another one")
                await asyncio.wait_for(poked.wait(), 10)

    async def test_does_not_repeat_what_this_process_said(self) -> None:
        heard: list[str] = []
        with (
            wakeup.listening("one", lambda: heard.append("one")),
            wakeup.waiting_for("end") as ended,
        ):
            async with relaying() as others:
                wakeup.poke("one")
                await others.publish(CHANNEL, "another end")
                await asyncio.wait_for(ended.wait(), 10)
        assert heard == ["one"]
