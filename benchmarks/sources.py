"""Sources: posts per second of each, at 0 and at 200 ms, on the simulated Reddit's answers.

    python -m benchmarks.sources [--only browsers]

1,000 posts in pages of 100, asked one after the other, as Reddit demands. `native_json`, asyncpraw
and a bare client that only takes the same bytes off the wire run in turn, and the best of each is
compared: other work on the machine only ever adds time. At 200 ms no client can beat its round
trips, which are what the bare client takes.

The browsers read the same thousand posts by pages of 25, once: `first` with the browser's start,
`posts_per_second` when it runs. Their memory is the largest sum of the PSS of all processes that
came with them.
"""

import asyncio
import contextlib
import gc
import gzip
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import asyncpraw
import psutil

from benchmarks.harness import report
from data_provider import ProviderConfig, Query, SystemClock, get_scraper
from data_provider.sandbox.brightdata import TOKEN as BRIGHTDATA_TOKEN
from data_provider.sandbox.testing import running_sandbox
from data_provider.sandbox.tokens import SCRIPT_CLIENT

POSTS = 1000
PAGES = 10
# The clients that are compared run so often; the others once, after one run that fills caches.
ROUNDS = 12
LATENCY_MS = 200
# DESIGN, section 8.
TARGET_TIMES_ASYNCPRAW = 2.0
TARGET_SHARE_OF_BOUND = 0.95
SOURCES = ("native_json", "oauth", "rss", "archive", "brightdata", "sandbox")
BROWSERS = ("playwright", "nodriver", "selenium")
# How often their memory is looked at.
LOOK_SECONDS = 0.25
COMPARED = ("native_json", "asyncpraw", "bare")
USER_AGENT = "linux:teppan-benchmark:0.1 (self-hosted)"


@contextlib.contextmanager
def replaying(upstream: str, latency_ms: int) -> Iterator[str]:
    """Run a replay server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.replay", upstream, str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def config(url: str) -> ProviderConfig:
    return ProviderConfig(
        reddit_www_url=url,
        reddit_oauth_url=url,
        reddit_token_url=f"{url}/api/v1/access_token",
        reddit_client_id=SCRIPT_CLIENT[0],
        reddit_client_secret=SCRIPT_CLIENT[1],
        archive_url=url,
        brightdata_url=url,
        brightdata_token=BRIGHTDATA_TOKEN,
        sandbox_url=url,
        user_agent=USER_AGENT,
    )


async def by_source(name: str, url: str) -> int:
    # Only BrightData's own pauses are shortened: nothing else waits here.
    async with get_scraper(name, config(url), SystemClock(scale=0.001)) as source:
        posts = await source.scrape_subreddit_posts(Query(subreddit="python", limit=POSTS))
    return len(posts)


async def by_asyncpraw(url: str) -> int:
    async with asyncpraw.Reddit(
        client_id=SCRIPT_CLIENT[0],
        client_secret=SCRIPT_CLIENT[1],
        user_agent=USER_AGENT,
        reddit_url=url,
        oauth_url=url,
        check_for_updates=False,
        check_for_async=False,
    ) as reddit:
        subreddit = await reddit.subreddit("python")
        return len([post.title async for post in subreddit.new(limit=POSTS)])


async def by_nobody(url: str) -> int:
    """Take the pages that `native_json` reads off the wire, and look at their cursors only."""
    parts, after = urlsplit(url), ""
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    for page in range(PAGES):
        place = f"&after={after}&count={100 * page}" if after else ""
        target = f"/r/python/new.json?limit=100{place}&raw_json=1"
        writer.write(f"GET {target} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = gzip.decompress(await reader.readexactly(length))
        after = body.rpartition(b'"after":"')[2].partition(b'"')[0].decode()
    writer.close()
    await writer.wait_closed()
    return POSTS


async def timed(work: Callable[[], Awaitable[int]]) -> tuple[float, float]:
    """Return the seconds by the clock and of this process; the work must give all posts."""
    started, cpu = time.perf_counter(), time.process_time()
    amount = await work()
    assert amount == POSTS, f"{amount} posts"
    return time.perf_counter() - started, time.process_time() - cpu


async def measure(url: str) -> dict[str, dict[str, float]]:
    """Run everyone in turn; return the best of each."""
    works: dict[str, Callable[[], Awaitable[int]]] = {
        name: (lambda name=name: by_source(name, url)) for name in SOURCES
    }
    works |= {"asyncpraw": lambda: by_asyncpraw(url), "bare": lambda: by_nobody(url)}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for turn in range(1 + ROUNDS):
        # The simulated Reddit lives in this process: its world is no client's to collect.
        gc.collect()
        gc.freeze()
        for name, work in works.items():
            if turn < 2 or name in COMPARED:
                found[name].append(await timed(work))
    return {
        name: {
            "posts_per_second": round(POSTS / min(taken for taken, _ in runs[1:])),
            "cpu_us_per_post": round(min(cpu for _, cpu in runs[1:]) / POSTS * 1e6, 1),
        }
        for name, runs in found.items()
    }


class Memory:
    """Watches what the processes take that came after it, all together."""

    def __init__(self) -> None:
        self._before = {process.pid for process in psutil.process_iter()}
        self._is_over = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self.most, self.processes = 0, 0

    def __enter__(self) -> "Memory":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            found = [self._pss(process) for process in self._ours()]
            if sum(found) > self.most:
                self.most, self.processes = sum(found), len(found)

    def _ours(self) -> list[psutil.Process]:
        everyone = psutil.Process().children(recursive=True)
        return [process for process in everyone if process.pid not in self._before]

    @staticmethod
    def _pss(process: psutil.Process) -> int:
        try:
            return int(process.memory_full_info().pss)
        except psutil.Error:  # it ended meanwhile
            return 0


async def by_browser(name: str, url: str) -> dict[str, float]:
    """Read the listing twice with one browser: while it starts, and when it runs."""
    query = Query(subreddit="python", limit=POSTS)
    with Memory() as memory:
        async with get_scraper(name, config(url)) as source:
            took = []
            for _ in range(2):
                started = time.perf_counter()
                found = await source.scrape_subreddit_posts(query)
                assert len(found) == POSTS, f"{len(found)} posts"
                took.append(time.perf_counter() - started)
            requests = source.requests_made
    return {
        "posts_per_second": round(POSTS / took[1], 1),
        "first": round(POSTS / took[0], 1),
        "requests": requests / 2,
        "megabytes": round(memory.most / 1e6),
        "processes": memory.processes,
    }


def measured(url: str, *, is_all: bool) -> dict[str, dict[str, Any]]:
    """Measure everyone, or the browsers alone."""
    found: dict[str, dict[str, Any]] = asyncio.run(measure(url)) if is_all else {}
    return found | {name: asyncio.run(by_browser(name, url)) for name in BROWSERS}


def main() -> None:
    """Measure at both latencies and report."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("browsers",))
    is_all = parser.parse_args().only is None
    with running_sandbox() as reddit:
        with replaying(reddit.url, 0) as url:
            quick = measured(url, is_all=is_all)
        with replaying(reddit.url, LATENCY_MS) as url:
            slow = measured(url, is_all=is_all)
    if not is_all:
        report("sources", passed=True, at_0_ms=quick, at_200_ms=slow)
        return
    times = quick["native_json"]["posts_per_second"] / quick["asyncpraw"]["posts_per_second"]
    share = slow["native_json"]["posts_per_second"] / slow["bare"]["posts_per_second"]
    report(
        "sources",
        passed=times >= TARGET_TIMES_ASYNCPRAW and share >= TARGET_SHARE_OF_BOUND,
        at_0_ms=quick,
        at_200_ms=slow,
        native_json_times_asyncpraw=round(times, 2),
        native_json_share_of_bound=round(share, 3),
        target={"times_asyncpraw": TARGET_TIMES_ASYNCPRAW, "share_of_bound": TARGET_SHARE_OF_BOUND},
    )


if __name__ == "__main__":
    main()
