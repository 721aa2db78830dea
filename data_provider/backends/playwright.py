"""Reddit's pages through Playwright, attached to a Chromium of ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from data_provider.errors import Timeout
from data_provider.web_document import SCRIPT_EXTRA_SECONDS, Tab, failure_of
from data_provider.web_listing import WebBackend
from data_provider.web_session import BrowserGone

if TYPE_CHECKING:
    from playwright.async_api import Browser as Connection
    from playwright.async_api import Page, Playwright

    from data_provider.browser import Browser


class PlaywrightBackend(WebBackend):
    """Reads the configured site with Playwright's async API."""

    name = "playwright"
    driver = "playwright"

    async def attach(self, browser: Browser) -> Tab:
        """Start a driver and open a tab."""
        # Imported late: it takes 0.3 s, and is not there where nobody wants browsers.
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415

        driver = await async_playwright().start()
        try:
            # Its own folder for downloads would be left behind when it is ended.
            connection = await driver.chromium.connect_over_cdp(
                browser.endpoint, artifacts_dir=browser.process.folder
            )
            page = await connection.contexts[0].new_page()
        except Error as error:
            await driver.stop()
            raise BrowserGone(f"The browser cannot be driven: {error.message}") from error
        except BaseException:
            await driver.stop()
            raise
        return _PlaywrightTab(driver, connection, page, self.config.read_timeout_seconds)


class _PlaywrightTab(Tab):
    def __init__(
        self, driver: Playwright, connection: Connection, page: Page, seconds: float
    ) -> None:
        self._driver = driver
        self._connection = connection
        self._page = page
        self._seconds = seconds

    async def goto(self, url: str) -> None:
        from playwright.async_api import Error  # noqa: PLC0415

        try:
            await self._page.goto(url, wait_until="domcontentloaded", timeout=self._seconds * 1000)
        except Error as error:
            raise self._failure(error) from error

    async def run(self, script: str) -> str:
        from playwright.async_api import Error  # noqa: PLC0415

        # Its own time limits are for what it waits for itself; a script's promise is not.
        try:
            async with asyncio.timeout(self._seconds + SCRIPT_EXTRA_SECONDS):
                return str(await self._page.evaluate(script))
        except TimeoutError as error:
            raise Timeout("The page's script did not end in time.") from error
        except Error as error:
            raise self._failure(error) from error

    async def set_cookies(self, cookies: list[dict[str, str | bool]]) -> None:
        if cookies:
            await self._page.context.add_cookies(cookies)  # type: ignore[arg-type]

    async def aclose(self) -> None:
        await self._driver.stop()

    def _failure(self, error: Exception) -> Exception:
        if not self._connection.is_connected() or self._page.is_closed():
            return BrowserGone("The browser ended.")
        return failure_of(str(error))
