from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data_provider import (
    Network,
    NotConfigured,
    ProviderConfig,
    Query,
    SourceError,
    get_scraper,
)
from data_provider.browser import MOST_BROWSERS, launch, places
from data_provider.sandbox.testing import SandboxServer, running_sandbox
from data_provider.testing import ManualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = ("playwright", "nodriver", "selenium")

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def reddit() -> Iterator[SandboxServer]:
    with running_sandbox() as running:
        yield running


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def arguments_of(browser_folder: Path) -> str:
    number = int((browser_folder / "pid").read_text())
    return Path(f"/proc/{number}/cmdline").read_bytes().decode().replace("\0", " ")


class TestLaunch:
    async def test_gives_a_browser_with_a_folder_of_its_own(self) -> None:
        browser = await launch(ProviderConfig(user_agent="linux:probe:1 (by /u/nobody)"))
        try:
            folder = browser.process.folder
            assert folder.stat().st_mode & 0o077 == 0
            said = arguments_of(folder)
            assert f"--user-data-dir={folder}" in said
            assert "--user-agent=linux:probe:1 (by /u/nobody)" in said
            assert "--no-proxy-server" in said
            assert ("--no-sandbox" in said) == (os.geteuid() == 0)
        finally:
            await browser.process.aclose()
        assert not folder.exists()
        assert browser.process.guardian.returncode is not None

    async def test_keeps_chromiums_own_name_unless_told_another(self) -> None:
        browser = await launch(ProviderConfig())
        said = arguments_of(browser.process.folder)
        await browser.process.aclose()
        assert "--user-agent" not in said

    async def test_of_what_is_not_there_says_how_to_install_it(self, tmp_path: Path) -> None:
        for name in SOURCES:
            config = ProviderConfig(chromium=tmp_path / "chromium")
            with pytest.raises(NotConfigured) as caught:
                get_scraper(name, config)
            assert caught.value.setting == "TEPPAN_CHROMIUM"
            assert "apt-get install chromium" in caught.value.message

    async def test_of_what_ends_at_once_is_told_with_its_last_words(self, tmp_path: Path) -> None:
        program = tmp_path / "chromium"
        program.write_text("#!/bin/sh\necho no display today >&2\nexit 3\n")
        program.chmod(0o755)
        with pytest.raises(Network, match="no display today"):
            await launch(ProviderConfig(chromium=program))

    async def test_refuses_a_proxy_with_a_password(self) -> None:
        with pytest.raises(NotConfigured) as caught:
            await launch(ProviderConfig(proxy_url="http://user:word@127.0.0.1:1"))
        assert caught.value.setting == "TEPPAN_PROXY_URL"


class TestProxy:
    @pytest.mark.parametrize("name", SOURCES)
    async def test_that_is_down_is_not_the_targets_fault(
        self, reddit: SandboxServer, name: str
    ) -> None:
        config = ProviderConfig(
            reddit_www_url=f"{reddit.url}/www", proxy_url=f"http://127.0.0.1:{free_port()}"
        )
        reddit.clear_requests()
        async with get_scraper(name, config, ManualClock()) as source:
            with pytest.raises(SourceError) as caught:
                await source.scrape_subreddit_posts(Query(subreddit="python", limit=5))
        assert caught.value.code == "network"
        assert reddit.requests() == []


class TestScrolling:
    async def test_collects_a_feed_whose_cards_leave_the_page(self, reddit: SandboxServer) -> None:
        config = ProviderConfig(reddit_www_url=f"{reddit.url}/www")
        query = Query(subreddit="scrolling", limit=200)
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
            wanted = await reference.scrape_subreddit_posts(query)
        reddit.clear_requests()
        async with get_scraper("nodriver", config) as source:
            found = await source.scrape_subreddit_posts(query)
        assert [post.id for post in found] == [post.id for post in wanted]
        assert len(found) == 80
        assert sum("/svc/shreddit/" in entry["path"] for entry in reddit.requests()) == 3


class TestPlaces:
    async def test_are_bounded_and_idle_browsers_make_room(self, reddit: SandboxServer) -> None:
        config = ProviderConfig(reddit_www_url=f"{reddit.url}/www")
        sources = [get_scraper("nodriver", config) for _ in range(MOST_BROWSERS + 1)]
        try:
            for source in sources:
                posts = await source.scrape_subreddit_posts(Query(subreddit="tiny"))
                assert len(posts) == 7
            assert places().is_full
        finally:
            for source in sources:
                await source.aclose()
        assert not places().is_full

    async def test_are_waited_for(self, reddit: SandboxServer) -> None:
        for _ in range(MOST_BROWSERS):
            await places().take()
        config = ProviderConfig(reddit_www_url=f"{reddit.url}/www")
        async with get_scraper("nodriver", config) as source:
            task = asyncio.create_task(source.scrape_subreddit_posts(Query(subreddit="tiny")))
            while not places().is_wanted:
                await asyncio.sleep(0)
            for _ in range(MOST_BROWSERS):
                places().give_back()
            assert len(await task) == 7


class TestCrash:
    @pytest.mark.parametrize("name", SOURCES)
    async def test_of_the_browser_costs_a_new_one_and_no_post(
        self, reddit: SandboxServer, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        base = Path(tempfile.mkdtemp(dir="/tmp"))
        monkeypatch.setattr("tempfile.tempdir", str(base))
        config = ProviderConfig(reddit_www_url=f"{reddit.url}/www")
        found: list[str] = []
        async with get_scraper(name, config, ManualClock()) as source:
            query = Query(subreddit="python", limit=100)
            async for item in source.scrape_subreddit_posts_stream(query):
                posts = getattr(item, "posts", ())
                if posts and not found:
                    for number in base.glob("*/pid"):
                        os.kill(int(number.read_text()), 9)
                found += [post.id for post in posts]
        assert len(set(found)) == len(found) == 100
        base.rmdir()
