"""Reddit's pages through nodriver, which speaks to a Chromium of ours without any driver."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from data_provider.errors import Network, Timeout
from data_provider.web_document import SCRIPT_EXTRA_SECONDS, Tab, failure_of
from data_provider.web_listing import WebBackend
from data_provider.web_session import BrowserGone

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from data_provider.browser import Browser

_WHEN_COMPLETE = """new Promise((resolve) => document.readyState === "loading"
  ? addEventListener("DOMContentLoaded", () => resolve(""))
  : resolve(""))"""


class NodriverBackend(WebBackend):
    """Reads the configured site over the debugging protocol."""

    name = "nodriver"
    driver = "nodriver"

    async def attach(self, browser: Browser) -> Tab:
        """Attach to the browser's first tab."""
        # Imported late: it takes 0.5 s, and is not there where nobody wants browsers.
        from nodriver.core.util import start  # noqa: PLC0415

        try:
            attached = await start(
                host="127.0.0.1", port=browser.port, user_data_dir=str(browser.process.folder)
            )
            tab = attached.main_tab
            await tab.attach()
        except Exception as error:  # nodriver raises this very class when it gets no answer
            raise BrowserGone(f"The browser cannot be driven: {error}") from error
        return _NodriverTab(attached, tab, self.config.read_timeout_seconds)


class _NodriverTab(Tab):
    def __init__(self, browser: Any, tab: Any, seconds: float) -> None:
        self._browser = browser
        self._tab = tab
        self._seconds = seconds

    async def goto(self, url: str) -> None:
        from nodriver import cdp  # noqa: PLC0415

        answer = await self._within(self._seconds, self._tab.send(cdp.page.navigate(url)))
        if problem := answer[2]:
            raise failure_of(problem)
        await self._evaluate(_WHEN_COMPLETE, self._seconds)

    async def run(self, script: str) -> str:
        return await self._evaluate(script, self._seconds + SCRIPT_EXTRA_SECONDS)

    async def set_cookies(self, cookies: list[dict[str, str | bool]]) -> None:
        from nodriver import cdp  # noqa: PLC0415

        if cookies:
            params = [cdp.network.CookieParam.from_json(cookie) for cookie in cookies]
            await self._within(self._seconds, self._tab.send(cdp.network.set_cookies(params)))

    async def aclose(self) -> None:
        for connection in (self._tab, self._browser):
            await connection.aclose()

    async def _evaluate(self, script: str, seconds: float) -> str:
        from nodriver import cdp  # noqa: PLC0415

        call = cdp.runtime.evaluate(script, await_promise=True, return_by_value=True)
        result, problem = await self._within(seconds, self._tab.send(call))
        if problem is not None:
            raise Network(f"The page's script failed: {problem.text}")
        return str(result.value)

    async def _within(self, seconds: float, call: Awaitable[Any]) -> Any:
        from nodriver.core.connection import ProtocolException  # noqa: PLC0415
        from websockets.exceptions import WebSocketException  # noqa: PLC0415

        try:
            async with asyncio.timeout(seconds):
                return await call
        except TimeoutError as error:
            raise Timeout("The page did not come in time.") from error
        except ProtocolException as error:
            raise failure_of(str(error)) from error
        # Neither a closed socket's nor a refused one's error is of the built-in kinds.
        except (OSError, RuntimeError, EOFError, WebSocketException) as error:
            raise BrowserGone("The browser ended.") from error
