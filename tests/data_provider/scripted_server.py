"""A small HTTP/1.1 server whose every answer, fault included, is scripted by the test."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

Fault = Literal["none", "hang", "reset", "truncate", "drip"]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str = ""


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault = "none"


Route = Callable[[Request], Reply | Awaitable[Reply]]


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(json.dumps(value).encode(), status, {"content-type": "application/json"} | names)


def t3(number: int, **fields: Any) -> dict[str, Any]:
    data = {
        "id": f"p{number}",
        "name": f"t3_p{number}",
        "title": f"Post {number}",
        "subreddit": "python",
        "permalink": f"/r/python/comments/p{number}/post/",
        "url": f"https://example.org/{number}",
        "created_utc": 1_700_000_000.0 + number,
        "author": "somebody",
        "score": number,
    }
    return {"kind": "t3", "data": data | fields}


def listing(numbers: range | list[int], after: str | None = None) -> dict[str, Any]:
    children = [t3(number) for number in numbers]
    return {
        "kind": "Listing",
        "data": {"after": after, "dist": len(children), "children": children},
    }


@dataclass
class ScriptedServer:
    """`requests` in order of arrival; `open_connections` drops when a client goes away."""

    route: Route
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    open_connections: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    all_closed: asyncio.Event = field(default_factory=asyncio.Event)

    def answer_in_turn(self, *replies: Reply) -> None:
        """Give these answers one by one; the last one is repeated."""
        waiting = list(replies)
        self.route = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.all_closed.clear()
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.close()
            self.open_connections -= 1
            if not self.open_connections:
                self.all_closed.set()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        parts = urlsplit(target)
        headers = {name.lower(): value for name, _, value in (h.partition(": ") for h in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        query = dict(parse_qsl(parts.query))
        request = Request(method, parts.path, query, headers, body.decode())
        self.requests.append(request)
        self.arrived.set()
        found = self.route(request)
        reply = found if isinstance(found, Reply) else await found
        if reply.fault == "hang":
            await reader.read()
            return False
        if reply.fault == "reset":
            writer.transport.abort()
            return False
        return await _send(reply, writer)


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    headers = {"content-length": str(len(reply.body))} | dict(reply.headers)
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {text}" for name, text in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    if reply.fault == "drip":
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)
    is_whole = reply.fault != "truncate"
    writer.write(reply.body if is_whole else reply.body[: len(reply.body) // 2])
    await writer.drain()
    return is_whole


@asynccontextmanager
async def scripted_server(route: Route | None = None) -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer(route or (lambda _: Reply(status=404)))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listener.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if getattr(task.get_coro(), "__qualname__", "").startswith("ScriptedServer"):
                task.cancel()
        await asyncio.sleep(0)
