from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.data_provider.scripted_server import Reply, ScriptedServer, as_json, listing

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

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

    async def test_logs_in_to_the_api_with_a_secret_from_a_file(
        self, server: ScriptedServer, tmp_path: Path
    ) -> None:
        answers = two_pages(as_json(listing([])))
        token = as_json({"access_token": "t", "expires_in": 3600})
        server.route = lambda request: token if request.method == "POST" else answers(request)
        secret = tmp_path / "secret"
        secret.write_text("hush\n")
        options = ("--backend", "oauth", "--client-id", "me", "--limit", "10")
        code, lines, _ = await run(server, *options, "--client-secret-file", str(secret))
        assert (code, len(lines)) == (0, 10)
        basic = base64.b64encode(b"me:hush").decode()
        assert server.requests[0].headers["authorization"] == f"Basic {basic}"

    async def test_names_what_is_missing(self, server: ScriptedServer, tmp_path: Path) -> None:
        code, _, told = await run(server, "--backend", "oauth")
        assert (code, "TEPPAN_REDDIT_CLIENT_ID" in told) == (4, True)
        absent = str(tmp_path / "absent")
        code, _, told = await run(server, "--backend", "oauth", "--client-secret-file", absent)
        assert (code, "absent" in told) == (4, True)

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
