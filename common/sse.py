"""Server-sent events: following a log with any number of viewers.

A Feed reads one log once per process and keeps its latest frames, rendered once; viewers share
them. A viewer that fell behind, or comes late, reads the log itself until it has caught up, so
nothing is buffered per viewer. What a log contains is the business of the LogReader passed in.
"""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from common import wakeup
from common.frames import KEEPALIVE, RETRY_MILLISECONDS, START, Position, frame, retry_frame

# A lost poke costs at most this long.
POLL_SECONDS = 1.0
# CONTRACT: progress at most twice a second.
PROGRESS_SECONDS = 0.5
# Frames kept for viewers that are a little behind: about 4 MB of posts.
KEPT_FRAMES = 4000
# One write of a viewer: large enough to be cheap, small enough not to sit in a slow phone's socket.
MOST_FRAMES_PER_WRITE = 500


@dataclass(frozen=True)
class Frame:
    """One rendered durable event."""

    position: Position
    content: bytes
    is_terminal: bool = False


@dataclass(frozen=True)
class Frames:
    """What one read of a log gave: frames in order, how far it reached, whether it was all."""

    frames: list[Frame]
    reached: Position
    has_progress: bool
    is_last: bool


class LogReader(Protocol):
    """Reads one stream for a Feed; stateless, so any number of reads may run at once."""

    stream: str

    async def snapshot(self) -> tuple[bytes, Position]:
        """Return the present state as a frame, and the log's end at that moment."""

    async def read(self, after: Position) -> Frames:
        """Return the next frames after a position."""

    async def progress(self) -> bytes:
        """Return the present progress as a frame without id."""


class Feed:
    """One log as this process shows it: read once, whatever the number of viewers."""

    def __init__(self, reader: LogReader, start: Position, keepalive_seconds: float) -> None:
        self.reader = reader
        self._keepalive_seconds = keepalive_seconds
        self._frames: list[Frame] = []
        self._base = 0
        self._floor = self._reached = start
        self._joined: dict[int, bytes] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._failure: Exception | None = None
        self._progress_due = False
        self._progress_at = 0.0
        self._added_at = time.monotonic()

    @property
    def end(self) -> int:
        """Index after the newest frame; it only grows."""
        return self._base + len(self._frames)

    @property
    def floor(self) -> Position:
        """The place before the oldest frame that is kept."""
        return self._floor

    def index_after(self, position: Position) -> int | None:
        """Return where a viewer at `position` goes on, None when it is behind or ahead."""
        if not self._floor <= position <= self._reached:
            return None
        index = self._base
        for frame_ in self._frames:
            if frame_.position > position:
                break
            index += 1
        return index

    def since(self, index: int, position: Position) -> tuple[bytes, int | None, Position, bool]:
        """Return the frames from `index` on as one write: bytes, next index, position, the end.

        No bytes and no index when they are no longer kept: the viewer fell behind. Viewers at the
        same index share the same bytes.
        """
        if index < self._base:
            return b"", None, position, False
        part = self._frames[index - self._base :][:MOST_FRAMES_PER_WRITE]
        if index not in self._joined:
            self._joined[index] = b"".join(one.content for one in part)
        last = part[-1]
        return self._joined[index], index + len(part), last.position, last.is_terminal

    def news(self) -> asyncio.Future[None]:
        """Return a future that is done once there is something new; raises if the feed broke.

        One bare future per viewer: with hundreds of them anything more is what a frame costs.
        """
        if self._failure is not None:
            raise self._failure
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future

    async def run(self) -> None:
        """Read the log from the start on, for ever; cancelled when the last viewer has left."""
        with wakeup.waiting_for(self.reader.stream) as poked, self._telling_viewers():
            while True:
                poked.clear()
                frames = await self.reader.read(self._reached)
                self._progress_due |= frames.has_progress
                # A viewer's last counters precede the end; else what is new must not wait for them.
                if self._progress_due and any(one.is_terminal for one in frames.frames):
                    await self._add_progress()
                self._add(frames.frames)
                self._reached = frames.reached
                if self._progress_due and self._seconds_to_progress() <= 0:
                    await self._add_progress()
                if frames.is_last:
                    await self._wait(poked)

    @contextlib.contextmanager
    def _telling_viewers(self) -> Iterator[None]:
        """Pass a failure on to the viewers: their connections break, and resume by their ids."""
        try:
            yield
        except Exception as error:
            self._failure = error
            self._wake()
            raise

    async def _wait(self, poked: asyncio.Event) -> None:
        silence_ends = self._added_at + self._keepalive_seconds - time.monotonic()
        seconds = min(POLL_SECONDS, silence_ends)
        if self._progress_due:
            seconds = min(seconds, self._seconds_to_progress())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(poked.wait(), max(seconds, 0.0))
        if self._progress_due and self._seconds_to_progress() <= 0:
            await self._add_progress()
        elif time.monotonic() - self._added_at >= self._keepalive_seconds:
            self._add([Frame(self._reached, KEEPALIVE)])

    def _seconds_to_progress(self) -> float:
        return self._progress_at + PROGRESS_SECONDS - time.monotonic()

    async def _add_progress(self) -> None:
        self._progress_due = False
        self._progress_at = time.monotonic()
        self._add([Frame(self._reached, await self.reader.progress())])

    def _add(self, frames: list[Frame]) -> None:
        if not frames:
            return
        self._frames += frames
        self._joined.clear()
        excess = len(self._frames) - KEPT_FRAMES
        if excess > 0:
            self._floor = self._frames[excess - 1].position
            del self._frames[:excess]
            self._base += excess
        self._added_at = time.monotonic()
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class _Snapshots:
    """Reads a stream's snapshot one at a time; each is for all who asked before it was begun.

    One that was begun before may be older than what its viewer has seen already.
    """

    def __init__(self) -> None:
        self._reading = asyncio.Lock()
        self._next: asyncio.Task[tuple[bytes, Position]] | None = None

    async def take(self, reader: LogReader) -> tuple[bytes, Position]:
        if self._next is None:
            # In a context of its own, as whoever asked first may leave.
            loop = asyncio.get_running_loop()
            self._next = loop.create_task(self._read(reader), context=contextvars.Context())
        return await asyncio.shield(self._next)

    async def _read(self, reader: LogReader) -> tuple[bytes, Position]:
        async with self._reading:
            self._next = None
            return await reader.snapshot()


class Feeds:
    """The feeds of this process; one runs for each stream that somebody watches."""

    def __init__(self, keepalive_seconds: float) -> None:
        self._keepalive_seconds = keepalive_seconds
        self._open: dict[str, _OpenFeed] = {}
        # Whoever waits for one keeps it.
        self._snapshots: WeakValueDictionary[str, _Snapshots] = WeakValueDictionary()

    async def snapshot(self, reader: LogReader) -> tuple[bytes, Position]:
        """Return `reader.snapshot()`, read once for all of a stream's viewers who come together."""
        snapshots = self._snapshots.get(reader.stream)
        if snapshots is None:
            snapshots = self._snapshots[reader.stream] = _Snapshots()
        return await snapshots.take(reader)

    @contextlib.asynccontextmanager
    async def watching(self, reader: LogReader, start: Position) -> AsyncGenerator[Feed, None]:
        """Yield the stream's feed, started by its first viewer and ended by its last."""
        open_feed = self._open.get(reader.stream)
        if open_feed is None or open_feed.task.done():
            feed = Feed(reader, start, self._keepalive_seconds)
            # A context of its own: a request's ends long before the feed does.
            task = asyncio.get_running_loop().create_task(feed.run(), context=contextvars.Context())
            open_feed = self._open[reader.stream] = _OpenFeed(feed, task)
        open_feed.viewers += 1
        try:
            yield open_feed.feed
        finally:
            open_feed.viewers -= 1
            if not open_feed.viewers:
                open_feed.task.cancel()
                if self._open.get(reader.stream) is open_feed:
                    del self._open[reader.stream]


@dataclass
class _OpenFeed:
    feed: Feed
    task: asyncio.Task[None]
    viewers: int = 0


class Viewer:
    """One connection: told from outside to end with some last bytes (a reason, a retry advice)."""

    def __init__(self, on_leave: Callable[[], None] | None = None) -> None:
        self.farewell: bytes | None = None
        self.on_leave = on_leave
        self.on_dismiss: Callable[[], None] | None = None
        self._news: asyncio.Future[None] | None = None

    def dismiss(self, farewell: bytes) -> None:
        """End the connection soon, with these last bytes. The first call counts."""
        if self.farewell is None:
            self.farewell = farewell
            if self.on_dismiss is not None:
                self.on_dismiss()
            if self._news is not None and not self._news.done():
                self._news.set_result(None)

    async def wait(self, feed: Feed) -> None:
        """Wait for news of the feed, or a dismissal."""
        self._news = feed.news()
        await self._news


class _Place:
    """Where a viewer is: a position, and its index in the feed unless that must be found."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.has_ended = False
        self._index: int | None = None

    async def take(self, feed: Feed) -> bytes:
        """Return what comes next, from the feed or the log; nothing when it must be awaited."""
        if self._index is None:
            self._index = feed.index_after(self.position)
        if self._index is not None and self._index < feed.end:
            part, self._index, self.position, self.has_ended = feed.since(
                self._index, self.position
            )
            return part
        if self._index is None and self.position < feed.floor:
            frames = await feed.reader.read(self.position)
            # Where the log has nothing left below the feed, it must not be asked for ever.
            self.position = frames.reached if frames.reached > self.position else feed.floor
            self.has_ended = any(one.is_terminal for one in frames.frames)
            return b"".join(one.content for one in frames.frames)
        return b""

    def is_waiting(self, feed: Feed) -> bool:
        """Tell whether there is nothing to take at the moment."""
        if self._index is None:
            return self.position >= feed.floor
        return self._index >= feed.end


async def follow(
    feeds: Feeds, reader: LogReader, cursor: Position | None, viewer: Viewer
) -> AsyncGenerator[bytes, None]:
    """Yield a stream's bytes: advice, snapshot, everything after the cursor, until its end.

    The first part is empty: once it was taken, the viewer's leave is certain to be noted. A cursor
    beyond the log is unknown: the client is told to drop what it has.
    """
    try:
        yield b""
        head, log_end = await feeds.snapshot(reader)
        if cursor is not None and cursor.seq > log_end.seq:
            head, cursor = frame("reset", {}) + head, None
        place = _Place(cursor or START)
        yield retry_frame(RETRY_MILLISECONDS) + head
        del head
        async with feeds.watching(reader, max(place.position, log_end)) as feed:
            while viewer.farewell is None and not place.has_ended:
                if part := await place.take(feed):
                    yield part
                elif place.is_waiting(feed):
                    await viewer.wait(feed)
            if viewer.farewell and not place.has_ended:
                yield viewer.farewell
    finally:
        if viewer.on_leave is not None:
            viewer.on_leave()
