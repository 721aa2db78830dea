"""The other end of a webhook, scripted: what it saw, byte by byte, and how it behaves.

    with Receiver() as receiver:
        receiver.script("/a", Reply(500), Reply(503, headers={"retry-after": "3"}), Reply(200))
        ...                                   # send to receiver.url("/a")
        receiver.wait_for(3, path="/a")
        [receipt.headers["webhook-id"] for receipt in receiver.receipts]

It has a thread and a loop of its own, so it serves tests of one loop, of threads and of real
processes alike. A path that has no script, or whose script has run out, repeats its last reply; a
path without any answers 200. Beside it: `Canary`, which nobody may ever connect to, and
`ScriptedNames`, a resolver with an answer per query.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

# Long enough to count as never; a receiver that is stopped ends earlier.
FOREVER = 3600.0

_LOOK_SECONDS = 0.02

# A queue for no connection takes one or two.
_MOST_FILLERS = 8
_FILLER_SECONDS = 0.2


@dataclass(frozen=True)
class Receipt:
    """One request as it came: `at` is monotonic, `timestamp` the wall clock's, both in seconds."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    raw_head: bytes
    connection: int
    at: float
    timestamp: float

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")


@dataclass(frozen=True)
class Reply:
    """How one request is answered.

    `delay_seconds` before the status line; `drip_seconds` between single bytes of body or `raw`;
    `is_endless` repeats the body until the other side goes; `reset` tears the connection down
    instead of answering; `raw` replaces the whole answer, then closes; `close` ends the connection
    after the answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    is_endless: bool = False
    reset: bool = False
    raw: bytes | None = None
    close: bool = False


HANGS = Reply(delay_seconds=FOREVER)


class Receiver:
    """A scripted receiver on loopback; `tls` makes it speak https.

    With a `listener` it takes over a port that somebody else has bound.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        self.receipts: list[Receipt] = []
        self.connections = 0
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()
        self.host = host
        self.port = port
        self._tls = tls
        self._listener = listener
        self._scripts: dict[str, deque[Reply]] = defaultdict(deque)
        self._rules: dict[str, Callable[[Receipt], Reply]] = {}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="receiver", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def url(self, path: str = "/", host: str | None = None) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    def script(self, path: str, *replies: Reply) -> None:
        """Answer the path's next requests in this order; the last reply repeats."""
        with self._changed:
            self._scripts[path] = deque(replies)

    def rule(self, path: str, decide: Callable[[Receipt], Reply]) -> None:
        """Let a function of the request decide; it runs on the receiver's own loop."""
        with self._changed:
            self._rules[path] = decide

    def of(self, path: str) -> list[Receipt]:
        with self._changed:
            return [receipt for receipt in self.receipts if receipt.path == path]

    def wait_for(
        self, count: int, *, path: str | None = None, timeout_seconds: float = 60
    ) -> list[Receipt]:
        """Return the receipts (of a path) once there are `count`; fails after the deadline."""

        def found() -> list[Receipt]:
            return [r for r in self.receipts if path is None or r.path == path]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, timeout_seconds):
                raise AssertionError(f"{len(found())} of {count} requests came to {path or 'it'}")
            return found()

    def release(self) -> None:
        """Drop every open connection, hanging ones too; the receiver goes on."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        place: dict[str, Any] = {"host": self.host, "port": self.port}
        if self._listener is not None:
            place = {"sock": self._listener}
        self._server = await asyncio.start_server(self._serve, **place, ssl=self._tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _drop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._drop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while (receipt := await self._read(reader, number)) is not None:
                if not await self._answer(receipt, reader, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The other side went, or the receiver was stopped: both end the connection.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Receipt | None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = first.split(" ")[1]
        receipt = Receipt(path, headers, body, head, connection, time.monotonic(), time.time())
        with self._changed:
            self.receipts.append(receipt)
            self._changed.notify_all()
        return receipt

    async def _answer(
        self, receipt: Receipt, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Behave as scripted; False ends the connection."""
        reply = self._reply_to(receipt)
        self.in_flight[receipt.path] += 1
        most = max(self.most_in_flight[receipt.path], self.in_flight[receipt.path])
        self.most_in_flight[receipt.path] = most
        try:
            await _delay(reply.delay_seconds, reader)
            if reply.reset:
                _reset(writer)
                return False
            await _write(reply, writer)
            return not (reply.close or reply.is_endless or reply.raw is not None)
        finally:
            self.in_flight[receipt.path] -= 1

    def _reply_to(self, receipt: Receipt) -> Reply:
        with self._changed:
            rule = self._rules.get(receipt.path)
            script = self._scripts[receipt.path]
            scripted = script.popleft() if len(script) > 1 else (script[0] if script else Reply())
        return rule(receipt) if rule else scripted


async def _delay(seconds: float, reader: asyncio.StreamReader) -> None:
    """Wait before an answer, but not longer than somebody waits for it."""
    left = seconds
    while left > 0:
        if reader.at_eof():
            raise ConnectionResetError
        pause = min(left, _LOOK_SECONDS)
        await asyncio.sleep(pause)
        left -= pause


class Canary:
    """A listener that must stay silent: whoever connects was led there. `hits` counts them."""

    def __init__(self) -> None:
        self.hits = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="canary", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Wakes the accept, which closing alone would not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.hits += 1
                connection.close()


class Clogged:
    """A listener whose queue is full: connecting to its port hangs, nothing is ever received."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._socket = socket.socket()
        self._socket.bind((host, 0))
        self._socket.listen(0)
        self.port: int = self._socket.getsockname()[1]
        self._fillers: list[socket.socket] = []

    def __enter__(self) -> Self:
        while len(self._fillers) < _MOST_FILLERS:
            filler = socket.socket()
            filler.settimeout(_FILLER_SECONDS)
            self._fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return self
        raise AssertionError("The queue does not fill up")

    def unclog(self) -> socket.socket:
        """Let connections through and return the listener, whose port stays taken meanwhile."""
        for filler in self._fillers:
            filler.close()
        return self._socket

    def __exit__(self, *_: object) -> None:
        for one in (*self._fillers, self._socket):
            one.close()


class ScriptedNames:
    """A resolver for `Sender(resolver=...)`: per name one answer per query, the last one repeats.

    An empty answer is a name that does not exist. `queries` records what was asked.
    """

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.queries: list[str] = []
        self._answers = {
            name.replace("_", "."): deque(map(list, given)) for name, given in answers.items()
        }

    async def __call__(self, host: str) -> Sequence[str]:
        self.queries.append(host)
        answers = self._answers.get(host) or deque([[]])
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answer


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side gets a reset instead of an end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _write(reply: Reply, writer: asyncio.StreamWriter) -> None:
    if reply.raw is not None:
        await _write_slowly(reply.raw, reply.drip_seconds, writer)
        return
    headers = dict(reply.headers)
    if not reply.is_endless:
        headers.setdefault("content-length", str(len(reply.body)))
    if reply.close:
        headers["connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} Scripted\r\n{lines}\r\n".encode("latin-1"))
    await _write_slowly(reply.body, reply.drip_seconds, writer)
    while reply.is_endless:
        await _write_slowly(reply.body, reply.drip_seconds, writer)


async def _write_slowly(data: bytes, drip_seconds: float, writer: asyncio.StreamWriter) -> None:
    pieces = [bytes([byte]) for byte in data] if drip_seconds else [data]
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(drip_seconds)
