from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import (
    Banned,
    Network,
    NotConfigured,
    Post,
    ProviderConfig,
    Query,
    SourceError,
    Timeout,
    get_scraper,
)
from data_provider.browser import MOST_BROWSERS, Guarded, launch, places
from data_provider.testing import EPOCH, ManualClock
from data_provider.web_document import Document, require_content
from data_provider.web_listing import WebBackend
from tests.data_provider.scripted_server import Reply, scripted_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from data_provider.sandbox.testing import SandboxServer


SOURCES = ("playwright", "nodriver", "selenium")

pytestmark = pytest.mark.processes


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

    async def test_of_a_driver_that_is_not_there_says_what_brings_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chromium = tmp_path / "chromium"
        chromium.write_text("#!/bin/sh\n")
        chromium.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NotConfigured) as caught:
            get_scraper("selenium", ProviderConfig())
        assert caught.value.setting == "chromedriver"
        assert "apt-get install chromium-driver" in caught.value.message
        # Selenium takes the path of the browser from there, and none of the driver.
        assert "TEPPAN_CHROMIUM" not in caught.value.message

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


class TestEnd:
    async def test_that_does_not_come_is_a_failure_with_a_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("data_provider.browser._STOP_SECONDS", 0.01)
        async with stubborn() as process:
            with pytest.raises(Network, match="did not end"):
                await process.aclose()

    async def test_that_does_not_come_hides_no_cancel(
        self, reddit: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ending = Guarded.aclose

        async def end_and_complain(process: Guarded) -> None:
            await ending(process)
            raise Network("The browser did not end.")

        config = ProviderConfig(reddit_www_url=f"{reddit.url}/www")
        reddit.clear_requests()
        monkeypatch.setattr(Guarded, "aclose", end_and_complain)
        async with get_scraper("nodriver", config) as source:
            task = asyncio.create_task(source.subreddit_about("stalled"))
            while not await asyncio.to_thread(reddit.requests):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@asynccontextmanager
async def stubborn() -> AsyncIterator[Guarded]:
    """A guardian that does not end when it is told to, until this is over."""
    guardian = subprocess.Popen(["sleep", "600"], stdin=subprocess.PIPE)
    try:
        yield Guarded(guardian, Path("/nowhere"))
    finally:
        guardian.kill()
        guardian.wait()


class TestScripts:
    @pytest.mark.parametrize("name", SOURCES)
    async def test_that_promise_and_do_not_keep_it_are_not_waited_for(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"data_provider.backends.{name}.SCRIPT_EXTRA_SECONDS", 0.0)
        config = ProviderConfig(read_timeout_seconds=2)
        async with get_scraper(name, config) as source:
            assert isinstance(source, WebBackend)
            browser = await launch(config)
            tab = await source.attach(browser)
            try:
                with pytest.raises(Timeout):
                    await tab.run("new Promise(() => {})")
                assert await tab.run("1 + 1") == "2"
            finally:
                browser.process.kill()
                await tab.aclose()
                await browser.process.aclose()


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
        assert "TEPPAN_PROXY_URL" in caught.value.message
        assert reddit.requests() == []

    @pytest.mark.parametrize("name", SOURCES)
    async def test_that_asks_for_a_log_in_is_not_the_targets_fault(self, name: str) -> None:
        wanted = {"proxy-authenticate": 'Basic realm="proxy"'}
        async with scripted_server(lambda _: Reply(b"<p>no</p>", 407, wanted)) as proxy:
            config = ProviderConfig(
                reddit_www_url="http://reddit.invalid", proxy_url=proxy.url, read_timeout_seconds=5
            )
            async with get_scraper(name, config, ManualClock()) as source:
                with pytest.raises(SourceError) as caught:
                    await source.scrape_subreddit_posts(Query(subreddit="python", limit=5))
            assert proxy.requests
        assert caught.value.code == "network"
        assert "TEPPAN_PROXY_URL" in caught.value.message

    @pytest.mark.parametrize("url", ["chrome-error://chromewebdata/", "http://reddit.invalid/r/x/"])
    def test_that_asks_for_a_log_in_is_known_by_its_status(self, url: str) -> None:
        refused = Document(status=407, url=url, html="<p>no</p>")
        with pytest.raises(Network, match=r"TEPPAN_PROXY_URL.*407"):
            require_content(refused, "http://reddit.invalid/r/x/", EPOCH)


class TestCookies:
    @pytest.mark.parametrize("name", SOURCES)
    async def test_of_the_operators_session_are_carried(self, name: str, tmp_path: Path) -> None:
        jar = tmp_path / "cookies.txt"
        jar.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tloid\tsecret\n")
        async with scripted_server(lambda _: Reply(b"<p>no</p>", 451)) as server:
            config = ProviderConfig(reddit_www_url=server.url, cookies_file=jar)
            async with get_scraper(name, config, ManualClock()) as source:
                with pytest.raises(Banned):
                    await source.scrape_subreddit_posts(Query(subreddit="python", limit=5))
            assert server.requests[0].headers.get("cookie") == "loid=secret"


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


async def end_browsers(base: Path) -> None:
    """Kill the browsers with folders there, and return when all that noticed could tell."""
    numbers = [int(number.read_text()) for number in base.glob("*/pid")]
    assert numbers
    for number in numbers:
        os.kill(number, 9)
    while any(is_running(number) for number in numbers):
        await asyncio.sleep(0.01)
    # What has ended has closed its sockets; the loop learns of that when it looks at them.
    for _ in range(20):
        await asyncio.sleep(0)


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of all browsers; none is left at the end."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    folder.rmdir()


class TestCrash:
    @pytest.mark.parametrize("name", SOURCES)
    async def test_of_the_browser_costs_a_new_one_and_no_post(
        self, reddit: SandboxServer, name: str, base: Path
    ) -> None:
        config = ProviderConfig(reddit_www_url=f"{reddit.url}/www")
        found: list[str] = []
        async with get_scraper(name, config, ManualClock()) as source:
            query = Query(subreddit="python", limit=100)
            async for item in source.scrape_subreddit_posts_stream(query):
                posts = getattr(item, "posts", ())
                if posts and not found:
                    await end_browsers(base)
                found += [post.id for post in posts]
        assert len(set(found)) == len(found) == 100

    @pytest.mark.parametrize("site", ["www", "old"])
    @pytest.mark.parametrize("name", SOURCES)
    async def test_amid_a_thread_costs_a_new_one_and_no_comment(
        self,
        reddit: SandboxServer,
        name: str,
        site: str,
        base: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        post = await short_thread(reddit)
        settings: dict[str, Any] = {f"reddit_{site}_url": f"{reddit.url}/{site}"}
        config = ProviderConfig(**settings, browser_site=site)
        async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
            wanted = await reference.comments(post.id)
        async with get_scraper(name, config, ManualClock()) as source:
            assert isinstance(source, WebBackend)
            calls = itertools.count(1)
            asked = source.fetch if site == "www" else source.show

            async def break_off(*args: Any) -> Document:
                if next(calls) == 2:
                    await end_browsers(base)
                return await asked(*args)

            monkeypatch.setattr(source, asked.__name__, break_off)
            found = await source.comments(post.id)
        assert next(calls) > 3
        assert {comment.id for comment in found} == {comment.id for comment in wanted}


async def short_thread(reddit: SandboxServer) -> Post:
    """A post whose thread has loaders all the same."""
    async with get_scraper("sandbox", ProviderConfig(sandbox_url=reddit.url)) as reference:
        posts = await reference.scrape_subreddit_posts(Query(subreddit="longthreads"))
    return min(posts, key=lambda post: post.num_comments or 0)
