"""Pokes reach whoever waits, in this process and in others, once each."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING

import redis.asyncio
from django.conf import settings

from common import wakeup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

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


class TestPoke:
    def test_a_redis_that_says_nothing_does_not_hold_up_every_commit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[str] = []
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setattr(
                settings, "REDIS_URL", f"redis://127.0.0.1:{silent.getsockname()[1]}"
            )
            monkeypatch.setattr(wakeup, "_client", None)
            monkeypatch.setattr(wakeup, "_away_until", float("-inf"))
            began = time.monotonic()
            with wakeup.listening("one", lambda: heard.append("one")):
                for _ in range(40):
                    wakeup.poke("one")
        # A quarter of a second for each that is tried: ten seconds in all.
        assert time.monotonic() - began < 5
        assert len(heard) == 40


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
