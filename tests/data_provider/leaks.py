"""Browser scrapes that end badly, in a process of their own, which may be the one that is killed.

Run as `python -m tests.data_provider.leaks URL PLAN`: the plan is a JSON list of [source, way of
ending, seconds until then]. All that the scrapes start carries the process's TMPDIR, so that it
can be found. After each scrape the process says "clean", or what is left of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import aclosing, suppress
from pathlib import Path

from data_provider import Page, ProviderConfig, Query, get_scraper

WAYS = ("aclose", "cancel", "exception", "kill")
SOURCES = ("playwright", "nodriver", "selenium")
# A process that has been told to end is given so long; a machine may be busy.
PATIENCE_SECONDS = 30.0
# From the first moment of a start to the middle of a listing, on a quiet machine and on a busy one.
LATEST_SECONDS = 6.0


class BoomError(Exception):
    """What a consumer of posts may raise."""


def plan_of(amount: int, seed: int) -> list[tuple[str, str, float]]:
    """Sources and ways in turn, each ending at a random moment."""
    dice = random.Random(seed)
    return [
        (SOURCES[n % len(SOURCES)], WAYS[n % len(WAYS)], dice.uniform(0, LATEST_SECONDS))
        for n in range(amount)
    ]


def left_over(marker: str) -> list[str]:
    """Living processes, other than this one, that carry the marker, and files below it."""
    found = [str(path) for path in Path(marker).iterdir()]
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            words = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            if state != "Z" and marker.encode() in words:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found.append(f"{folder.name} {command.decode('utf-8', 'replace')[:120]}")
    return found


def when_clean(marker: str) -> list[str]:
    """What is still left when patience is over, nothing as soon as there is nothing."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (left := left_over(marker)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


async def scrape(url: str, name: str, way: str, seconds: float) -> int:
    """Read posts until it is time to end; how many pages there were."""
    pages = 0
    config = ProviderConfig(reddit_www_url=f"{url}/www", read_timeout_seconds=60)
    end = time.monotonic() + seconds
    async with get_scraper(name, config) as source:
        query = Query(subreddit="python", limit=1000)
        async with aclosing(source.scrape_subreddit_posts_stream(query)) as items:
            async for item in items:
                pages += isinstance(item, Page)
                if way == "exception" and time.monotonic() >= end:
                    raise BoomError
                if way == "aclose" and time.monotonic() >= end:
                    break
    return pages


async def run(url: str, name: str, way: str, seconds: float) -> int:
    if way == "kill":
        asyncio.get_running_loop().call_later(seconds, os.kill, os.getpid(), signal.SIGKILL)
    task = asyncio.create_task(scrape(url, name, way, seconds))
    if way == "cancel":
        await asyncio.sleep(seconds)
        task.cancel()
    pages = 0
    with suppress(BoomError, asyncio.CancelledError):
        pages = await task
    if way == "kill":
        await asyncio.sleep(seconds)
    return pages


async def main(url: str, plan: list[tuple[str, str, float]]) -> None:
    # Python tries the folder out with a file, which a kill amid that would leave.
    tempfile.gettempdir()
    for name, way, seconds in plan:
        pages = await run(url, name, way, seconds)
        left = when_clean(os.environ["TMPDIR"])
        sys.stdout.write(f"{name} {way} {seconds:.2f}, {pages} pages: {left or 'clean'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
