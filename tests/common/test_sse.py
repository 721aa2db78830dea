"""Any number of viewers following one log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from common import sse, wakeup
from common.frames import Position, frame, parse_cursor
from common.sse import Frame, Frames, Viewer, follow
from tests.sse import Message, Parser

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

# Nothing that is waited for takes this long, unless it is broken; the machine may be busy.
PATIENCE_SECONDS = 20
# A reader that has more to do comes to it in fewer rounds of the loop.
IDLE_ROUNDS = 50


class MemoryLog:
    """A log in memory: event `n` is shown as one frame, unless it is hidden."""

    stream = "memory:1"

    def __init__(self, *, batch: int = 10) -> None:
        self.frames: list[Frame] = []
        self.last = 0
        self.batch = batch
        self.reads = 0
        self.has_progress = False
        self.failure: Exception | None = None
        self.begin = 0

    def append(self, count: int = 1, *, event: str = "post", is_terminal: bool = False) -> None:
        for _ in range(count):
            self.last += 1
            place = Position.end_of(self.last)
            content = frame(event, {"n": self.last}, place)
            self.frames.append(Frame(place, content, is_terminal=is_terminal))
        wakeup.poke(self.stream)

    def append_hidden(self) -> None:
        self.last += 1
        wakeup.poke(self.stream)

    async def snapshot(self) -> tuple[bytes, Position]:
        return frame("snapshot", {"event_seq": self.last}), Position.end_of(self.last)

    async def read(self, after: Position) -> Frames:
        self.reads += 1
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        first = max(after.seq + 1, self.begin + 1)
        last = min(first + self.batch - 1, self.last)
        shown = [one for one in self.frames if first <= one.position.seq <= last]
        reached = max(after, Position.end_of(last)) if last >= first else after
        return Frames(
            shown, reached, self.has_progress and bool(shown), last - first + 1 < self.batch
        )

    async def progress(self) -> bytes:
        return frame("progress", {"n": self.last})


class SlowSnapshots(MemoryLog):
    """A log whose snapshots are read when the test lets them; each shows its beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.let = asyncio.Semaphore(0)

    async def snapshot(self) -> tuple[bytes, Position]:
        self.begun += 1
        seen = await super().snapshot()
        await self.let.acquire()
        return seen


class Client:
    """Reads a followed stream in the background."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self.parser = Parser()
        self.messages: list[Message] = []
        self.raw = b""
        self.task = asyncio.ensure_future(self._read(parts))

    async def _read(self, parts: AsyncIterator[bytes]) -> None:
        async for part in parts:
            self.raw += part
            self.messages += self.parser.feed(part)

    @property
    def numbers(self) -> list[int]:
        return [message.json()["n"] for message in self.messages if message.event == "post"]

    def of(self, event: str) -> list[Message]:
        return [message for message in self.messages if message.event == event]

    async def has(self, count: int) -> None:
        """Return when so many posts have come."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.numbers) < count:
                await asyncio.sleep(0.005)

    async def leave(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, RuntimeError):
            await self.task


class Room:
    """The viewers of one log in one process."""

    def __init__(self, log: MemoryLog, keepalive_seconds: float = 15.0) -> None:
        self.log = log
        self.feeds = sse.Feeds(keepalive_seconds)
        self.clients: list[Client] = []

    def stream(
        self, cursor: str | None = None, viewer: Viewer | None = None
    ) -> AsyncGenerator[bytes, None]:
        place = parse_cursor(cursor) if cursor else None
        return follow(self.feeds, self.log, place, viewer or Viewer())

    def enter(self, cursor: str | None = None, viewer: Viewer | None = None) -> Client:
        client = Client(self.stream(cursor, viewer))
        self.clients.append(client)
        return client

    async def settle(self) -> None:
        """Return when nobody reads any more, however often the loop goes round."""
        idle = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while idle < IDLE_ROUNDS:
                reads = self.log.reads
                await asyncio.sleep(0)
                idle = idle + 1 if 0 < reads == self.log.reads else 0


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    one = Room(MemoryLog())
    yield one
    for client in one.clients:
        await client.leave()


class TestFollow:
    async def test_begins_with_advice_and_snapshot(self, room: Room) -> None:
        room.log.append(2)
        client = room.enter()
        await client.has(2)
        assert client.raw.startswith(b"retry: 3000\n\n")
        assert client.messages[0].event == "snapshot"

    async def test_shows_the_log_from_its_begin_then_what_comes(self, room: Room) -> None:
        room.log.append(25)
        client = room.enter()
        await client.has(25)
        room.log.append(5)
        await client.has(30)
        assert client.numbers == list(range(1, 31))

    async def test_s14_loses_nothing_that_comes_while_it_opens(self, room: Room) -> None:
        room.log.append(3)
        stream = room.stream()
        await anext(stream)
        room.log.append(3)
        client = Client(stream)
        room.clients.append(client)
        await client.has(6)
        assert client.numbers == [1, 2, 3, 4, 5, 6]

    async def test_s10_resumes_from_every_position(self, room: Room) -> None:
        room.log.append(23)
        room.log.append(1, event="complete", is_terminal=True)
        for cut in range(24):
            client = room.enter(str(cut) if cut else None)
            await asyncio.wait_for(client.task, PATIENCE_SECONDS)
            assert client.numbers == list(range(cut + 1, 24))
            assert client.messages[-1].event == "complete"

    async def test_s15_gives_all_viewers_the_same(self, room: Room) -> None:
        early = room.enter()
        for _ in range(10):
            room.log.append(7)
            await asyncio.sleep(0.002)
        late = room.enter()
        room.log.append(7)
        for client in (early, late):
            await client.has(77)
            assert client.numbers == list(range(1, 78))

    async def test_a_late_viewer_joins_the_feed_without_a_gap(self, room: Room) -> None:
        first = room.enter()
        room.log.append(12)
        await first.has(12)
        for cursor in (None, "1", "5", "11", "12"):
            client = room.enter(cursor)
            room.log.append(1)
            begin = int(cursor or 0) + 1
            await client.has(room.log.last - begin + 1)
            assert client.numbers == list(range(begin, room.log.last + 1))

    async def test_s13_ends_after_the_terminal_event(self, room: Room) -> None:
        client = room.enter()
        room.log.append(3)
        room.log.append(1, event="cancelled", is_terminal=True)
        await asyncio.wait_for(client.task, PATIENCE_SECONDS)
        assert [message.event for message in client.messages][-2:] == ["post", "cancelled"]

    async def test_resets_a_cursor_beyond_the_log(self, room: Room) -> None:
        room.log.append(2)
        client = room.enter("50")
        await client.has(2)
        assert [message.event for message in client.messages[:2]] == ["reset", "snapshot"]
        assert client.numbers == [1, 2]

    async def test_s27_a_slow_viewer_returns_to_the_log_without_gap_or_double(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sse, "KEPT_FRAMES", 20)
        quick, stream = room.enter(), room.stream()
        slow, numbers = Parser(), []
        async with asyncio.timeout(PATIENCE_SECONDS):
            room.log.append(1)
            for _ in range(3):
                slow_part = slow.feed(await anext(stream))
            numbers += [message.json()["n"] for message in slow_part]
            room.log.append(4)
            for _ in range(29):
                room.log.append(5)
                await asyncio.sleep(0.002)
            await quick.has(150)
            while len(numbers) < 150:
                new = slow.feed(await anext(stream))
                numbers += [message.json()["n"] for message in new if message.event == "post"]
        await stream.aclose()
        assert numbers == quick.numbers == list(range(1, 151))

    async def test_s08_keeps_a_silent_connection_alive(self, room: Room) -> None:
        room.feeds = sse.Feeds(keepalive_seconds=0.1)
        client = room.enter()
        started = time.monotonic()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(client.parser.comments) < 5:
                await asyncio.sleep(0.01)
        # No more often than asked, however late a busy machine is.
        assert len(client.parser.comments) <= (time.monotonic() - started) / 0.1 + 1
        assert {message.event for message in client.messages} == {"snapshot"}
        assert room.log.reads <= len(client.parser.comments) + 2

    async def test_a_dismissed_viewer_hears_why(self, room: Room) -> None:
        viewer = Viewer()
        client = room.enter(viewer=viewer)
        await room.settle()
        viewer.dismiss(frame("auth", {}))
        viewer.dismiss(frame("late", {}))
        await asyncio.wait_for(client.task, PATIENCE_SECONDS)
        assert [message.event for message in client.messages] == ["snapshot", "auth"]

    async def test_hidden_events_are_passed_over(self, room: Room) -> None:
        client = room.enter()
        for _ in range(3):
            room.log.append_hidden()
            room.log.append(1)
        await client.has(3)
        assert client.numbers == [2, 4, 6]

    async def test_history_that_is_gone_does_not_keep_it_busy(self, room: Room) -> None:
        room.log.append(30)
        room.log.begin = 30
        client = room.enter("5")
        await room.settle()
        assert room.log.reads < 10
        room.log.append(1)
        await client.has(1)
        assert client.numbers == [31]


class TestFeed:
    async def test_reads_once_for_all_viewers_and_sleeps_in_silence(self, room: Room) -> None:
        clients = [room.enter() for _ in range(20)]
        await room.settle()
        before = room.log.reads
        room.log.append(5)
        for client in clients:
            await client.has(5)
        assert room.log.reads - before <= 3
        before, started = room.log.reads, time.monotonic()
        await asyncio.sleep(sse.POLL_SECONDS * 2.2)
        seconds = time.monotonic() - started
        assert 1 <= room.log.reads - before <= seconds / sse.POLL_SECONDS + 1

    async def test_finds_what_no_poke_announced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sse, "POLL_SECONDS", 0.05)
        room = Room(MemoryLog(), keepalive_seconds=600)
        client = room.enter()
        await room.settle()
        room.log.last += 1
        place = Position.end_of(1)
        room.log.frames.append(Frame(place, frame("post", {"n": 1}, place)))
        await client.has(1)
        await client.leave()

    async def test_ends_with_its_last_viewer(self, room: Room) -> None:
        clients = [room.enter(), room.enter()]
        await room.settle()
        for client in clients:
            await client.leave()
        before = room.log.reads
        room.log.append(1)
        await asyncio.sleep(sse.POLL_SECONDS * 1.2)
        assert room.log.reads == before
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_s28_tells_progress_twice_a_second_and_the_last_state(self, room: Room) -> None:
        room.log.has_progress = True
        client = room.enter()
        started = time.monotonic()
        while time.monotonic() - started < 1.3:
            room.log.append(1)
            await asyncio.sleep(0.01)
        await client.has(room.log.last)
        seconds = time.monotonic() - started
        assert 2 <= len(client.of("progress")) <= seconds / sse.PROGRESS_SECONDS + 1
        await asyncio.sleep(sse.PROGRESS_SECONDS * 1.2)
        assert client.of("progress")[-1].json()["n"] == room.log.last
        count = len(client.of("progress"))
        await asyncio.sleep(sse.PROGRESS_SECONDS * 1.2)
        assert len(client.of("progress")) == count, "nothing new, nothing to tell"

    async def test_s28_tells_the_last_progress_before_the_end(self, room: Room) -> None:
        room.log.has_progress = True
        client = room.enter()
        await room.settle()
        room.log.append(3)
        await client.has(3)
        assert client.of("progress"), "so that the next one is not due yet"
        room.log.append(1)
        room.log.append(1, event="complete", is_terminal=True)
        await asyncio.wait_for(client.task, PATIENCE_SECONDS)
        assert [message.event for message in client.messages[-3:]] == [
            "progress",
            "post",
            "complete",
        ]
        assert client.of("progress")[-1].json()["n"] == room.log.last

    async def test_a_reader_that_fails_breaks_the_connections(self, room: Room) -> None:
        clients = [room.enter(), room.enter()]
        await room.settle()
        room.log.failure = RuntimeError("the database is gone")
        room.log.append(1)
        for client in clients:
            with pytest.raises(RuntimeError):
                await asyncio.wait_for(client.task, PATIENCE_SECONDS)
        room.log.failure = None
        again = room.enter()
        await again.has(1)
        assert again.numbers == [1]


class TestSnapshots:
    async def test_are_read_once_for_all_who_come_together(self) -> None:
        log, feeds = SlowSnapshots(), sse.Feeds(15.0)
        asked = [asyncio.ensure_future(feeds.snapshot(log)) for _ in range(50)]
        log.let.release()
        assert len({await one for one in asked}) == 1
        assert log.begun == 1

    async def test_are_never_older_than_the_question(self) -> None:
        log, feeds = SlowSnapshots(), sse.Feeds(15.0)
        first = asyncio.ensure_future(feeds.snapshot(log))
        while not log.begun:
            await asyncio.sleep(0)
        log.append()
        later = [asyncio.ensure_future(feeds.snapshot(log)) for _ in range(2)]
        await asyncio.sleep(0)
        log.let.release()
        log.let.release()
        assert (await first)[1] == Position.end_of(0)
        assert {(await one)[1] for one in later} == {Position.end_of(1)}
        assert log.begun == 2

    async def test_come_although_the_first_who_asked_has_left(self) -> None:
        log, feeds = SlowSnapshots(), sse.Feeds(15.0)
        first, second = (asyncio.ensure_future(feeds.snapshot(log)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        log.let.release()
        assert (await second)[1] == Position.end_of(0)
