from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.data_provider.scripted_server import Reply, ScriptedServer, as_json, listing

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from tests.data_provider.scripted_server import Route


async def start(server: ScriptedServer, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "data_provider", "posts", "python", "--base-url", server.url,
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def run(server: ScriptedServer, *arguments: str) -> tuple[int | None, list[str], str]:
    process = await start(server, *arguments)
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode().splitlines(), stderr.decode()


def two_pages(second: Reply) -> Route:
    first = as_json(listing(range(100), "t3_p99"))
    return lambda request: second if "after" in request.query else first


class TestPostsCommand:
    @pytest.mark.parametrize("backend", ["native_json", "sandbox"])
    async def test_prints_posts_as_json_lines(self, server: ScriptedServer, backend: str) -> None:
        server.route = two_pages(as_json(listing(range(100, 130))))
        code, lines, told = await run(
            server, "--backend", backend, "--limit", "120", "--sort", "top"
        )
        assert code == 0
        assert [json.loads(line)["id"] for line in lines] == [f"t3_p{n}" for n in range(120)]
        assert told.splitlines() == ["100 posts", "120 posts, limit"]

    async def test_ends_with_3_when_it_was_cut(self, server: ScriptedServer) -> None:
        server.route = two_pages(Reply(status=403))
        code, lines, told = await run(server, "--limit", "300")
        assert (code, len(lines)) == (3, 100)
        assert told.splitlines()[-1].startswith("blocked: ")

    async def test_ends_with_4_when_there_was_nothing(self, server: ScriptedServer) -> None:
        code, lines, told = await run(server)
        assert (code, lines) == (4, [])
        assert told.startswith("not_found: ")

    async def test_ends_with_4_when_the_question_is_wrong(self, server: ScriptedServer) -> None:
        code, _, told = await run(server, "--limit", "0")
        assert (code, told.count("\n")) == (4, 1)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_ends_with_130_when_it_is_interrupted(
        self, server: ScriptedServer, number: signal.Signals
    ) -> None:
        server.route = two_pages(Reply(fault="hang"))
        process = await start(server, "--limit", "300")
        while len(server.requests) < 2:
            server.arrived.clear()
            await asyncio.wait_for(server.arrived.wait(), 10)
        process.send_signal(number)
        stdout, stderr = await process.communicate()
        assert process.returncode == 130
        assert len(stdout.splitlines()) == 100
        assert b"Traceback" not in stderr
