from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from config.env import Environment
from data_provider import ProviderConfig, Query, get_scraper
from data_provider.__main__ import _OF_PROGRAMS, _in_environment, _setting
from data_provider.sandbox.tokens import SCRIPT_CLIENT, USER
from tests.data_provider.conftest import REPOSITORY
from tests.data_provider.scripted_server import Reply, ScriptedServer, as_json, listing

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

    from data_provider.sandbox.testing import SandboxServer
    from data_provider.testing import ManualClock
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
            await asyncio.wait_for(server.arrived.wait(), 60)
        process.send_signal(number)
        stdout, stderr = await process.communicate()
        assert process.returncode == 130
        assert len(stdout.splitlines()) == 100
        assert b"Traceback" not in stderr


async def ask(*arguments: str, **settings: str) -> tuple[int | None, list[dict[str, Any]], str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "data_provider", *arguments, env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    stdout, stderr = await process.communicate()
    return process.returncode, [json.loads(line) for line in stdout.splitlines()], stderr.decode()


class TestOtherCommands:
    async def test_print_the_comments_of_a_post(self, reddit: SandboxServer) -> None:
        at = ("--backend", "sandbox", "--base-url", reddit.url)
        _, posts, _ = await ask("posts", "longthreads", *at, "--limit", "1")
        for name in (posts[0]["id"], posts[0]["id"][3:], f"https://x.org{posts[0]['permalink']}"):
            code, comments, told = await ask("comments", name, *at, "--limit", "7")
            said = f"7 of {posts[0]['num_comments']} comments\n"
            assert (code, len(comments), told) == (0, 7, said)
            assert {comment["post_id"] for comment in comments} == {posts[0]["id"]}

    async def test_print_a_subreddit_and_what_a_search_finds(self, reddit: SandboxServer) -> None:
        at = ("--backend", "native_json", "--base-url", reddit.url)
        code, found, _ = await ask("subreddit", "r/Python", *at)
        assert (code, [one["name"] for one in found]) == (0, ["python"])
        code, found, told = await ask("search", "python", "--subreddits", *at, "--limit", "2")
        assert (code, len(found), told) == (0, 2, "2 found\n")
        code, found, _ = await ask("search", "the", "--in", "python", *at, "--limit", "3")
        assert (code, {one["subreddit"] for one in found}) == (0, {"python"})

    async def test_say_in_a_sentence_what_a_source_cannot(self, reddit: SandboxServer) -> None:
        at = ("--backend", "archive", "--base-url", reddit.url)
        code, found, told = await ask("search", "the", *at)
        assert (code, found, told) == (4, [], "unsupported: archive cannot search posts.\n")

    @pytest.mark.parametrize("name", ["?!", "r/python", "python/hot", "t1_abc", "x/comments/", ""])
    async def test_refuse_what_is_no_post(self, reddit: SandboxServer, name: str) -> None:
        reddit.clear_requests()
        at = ("--backend", "sandbox", "--base-url", reddit.url)
        code, found, told = await ask("comments", name, *at)
        assert (code, found, told.startswith("unsupported: This is neither")) == (4, [], True)
        assert reddit.requests() == []

    async def test_read_as_many_levels_as_asked(self, reddit: SandboxServer) -> None:
        at = ("--backend", "sandbox", "--base-url", reddit.url)
        _, posts, _ = await ask("posts", "longthreads", *at, "--limit", "1")
        reddit.clear_requests()
        code, found, told = await ask("comments", posts[0]["id"], *at, "--depth", "2")
        assert (code, {comment["depth"] for comment in found}) == (0, {0, 1})
        assert told == f"{len(found)} of {posts[0]['num_comments']} comments\n"
        first, *rest = reddit.requests()
        assert "depth=2" in first["query"]
        assert not [entry for entry in rest if "/_/" in entry["path"]]
        code, _, told = await ask("comments", posts[0]["id"], *at, "--depth", "0")
        assert (code, told) == (4, "unsupported: depth: should be at least 1.\n")

    async def test_auto_tells_which_source_goes_on_and_why(self, reddit: SandboxServer) -> None:
        reddit.add_faults({"path": r"\.json$", "action": "wall_403"})
        at = ("--backend", "auto", "--base-url", reddit.url)
        code, found, told = await ask("posts", "tiny", *at)
        assert (code, len(found)) == (0, 7)
        assert "blocked: native_json: Reddit refuses this network. archive goes on." in told


class TestEnvironment:
    async def test_sets_the_sources_up(self, reddit: SandboxServer) -> None:
        settings = {
            "TEPPAN_REDDIT_OAUTH_URL": reddit.url,
            "TEPPAN_REDDIT_TOKEN_URL": f"{reddit.url}/api/v1/access_token",
            "TEPPAN_REDDIT_CLIENT_ID": SCRIPT_CLIENT[0],
            "TEPPAN_REDDIT_CLIENT_SECRET": SCRIPT_CLIENT[1],
            "TEPPAN_REDDIT_USERNAME": USER[0],
            "TEPPAN_REDDIT_PASSWORD": USER[1],
            "TEPPAN_REQUESTS_PER_MINUTE_OAUTH": "6000",
        }
        code, found, _ = await ask("posts", "tiny", "--backend", "oauth", **settings)
        assert (code, len(found)) == (0, 7)
        settings["TEPPAN_REDDIT_PASSWORD"] = "wrong"
        code, _, told = await ask("posts", "tiny", "--backend", "oauth", **settings)
        assert (code, told.startswith("authentication_failed: ")) == (4, True)

    async def test_says_who_asks_unless_the_command_line_does(self, server: ScriptedServer) -> None:
        server.route = lambda _: as_json(listing([1]))
        settings = {"TEPPAN_REDDIT_WWW_URL": server.url, "TEPPAN_USER_AGENT": "test:one:1"}
        await ask("posts", "python", **settings)
        await ask("posts", "python", "--user-agent", "test:two:2", **settings)
        agents = [request.headers["user-agent"] for request in server.requests]
        assert agents == ["test:one:1", "test:two:2"]

    async def test_that_is_wrong_is_named(self) -> None:
        for name in ("TEPPAN_BROWSER_SITE", "TEPPAN_REQUESTS_PER_MINUTE_RSS"):
            code, _, told = await ask("posts", "python", **{name: "hunter2"})
            assert (code, told.count("\n"), "hunter2" in told) == (4, 1, False)
            assert told.startswith(f"not_configured: {name}")

    def test_has_the_names_of_the_installation(self) -> None:
        fields = ProviderConfig.model_fields.keys() - _OF_PROGRAMS - {"requests_per_minute"}
        assert {_setting(field) for field in fields} <= set(Environment.model_fields)
        assert ProviderConfig().auto_order == Environment().TEPPAN_AUTO_ORDER


class TestReadme:
    """What it says of trying the sources on the simulated Reddit."""

    @pytest.fixture
    def settings(self, reddit: SandboxServer) -> dict[str, str]:
        text = (REPOSITORY / "README.md").read_text("utf-8")
        block = text.partition("### All nine without Reddit")[2].split("```")[1]
        told = dict(re.findall(r"(TEPPAN_\w+)=(\S+)", block))
        return {
            name: value.replace("http://127.0.0.1:8400", reddit.url) for name, value in told.items()
        }

    @pytest.mark.parametrize(
        "backend", ["native_json", "oauth", "rss", "archive", "brightdata", "sandbox"]
    )
    async def test_leads_every_source_there(
        self, settings: dict[str, str], clock: ManualClock, backend: str
    ) -> None:
        config = ProviderConfig.model_validate(_in_environment(settings))
        async with get_scraper(backend, config, clock) as source:
            assert len(await source.scrape_subreddit_posts(Query(subreddit="tiny"))) == 7

    def test_leads_the_browsers_there(
        self, settings: dict[str, str], reddit: SandboxServer
    ) -> None:
        sites = (settings["TEPPAN_REDDIT_WWW_URL"], settings["TEPPAN_REDDIT_OLD_URL"])
        for site, mark in zip(sites, ("shreddit-post", "thing id-t3_"), strict=True):
            page = httpx.get(f"{site}/r/tiny/new/", headers={"accept": "text/html"})
            assert mark in page.text
