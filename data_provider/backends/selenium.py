"""Reddit's pages through Selenium: a chromedriver and a Chromium, both of them ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data_provider.base import Clock, SyncBridge
from data_provider.browser import (
    Browser,
    Guarded,
    find_chromedriver,
    guard,
    when_ready,
)
from data_provider.errors import Timeout
from data_provider.web_document import SCRIPT_EXTRA_SECONDS, Tab, failure_of
from data_provider.web_listing import WebBackend
from data_provider.web_session import BrowserGone

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

    from data_provider.config import ProviderConfig

_READY = re.compile(r"on port (\d+)\.")
_CALLING_BACK = "const done = arguments[0]; Promise.resolve({script}).then(done, done);"


class SeleniumBackend(WebBackend):
    """Reads the configured site over WebDriver, whose calls block a thread of their own."""

    name = "selenium"
    driver = "selenium"

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        super().__init__(config, clock)
        find_chromedriver()

    async def attach(self, browser: Browser) -> Tab:
        """Start a chromedriver and have it attach to the browser."""
        program = find_chromedriver()
        driver = await guard(lambda _: [program, "--port=0"])
        bridge = SyncBridge("selenium")
        try:
            port = await when_ready(driver, lambda: _port_in(driver.log))
            seconds = self.config.read_timeout_seconds
            connection = await bridge.call(_connect, port, browser.port, seconds)
        except BaseException:
            bridge.close()
            await driver.aclose()
            raise
        return _SeleniumTab(connection, driver, bridge)


def _port_in(log: str) -> str | None:
    found = _READY.search(log)
    return found[1] if found else None


def _connect(port: str, debugging_port: int, seconds: float) -> WebDriver:
    # Imported late: it takes 0.2 s, and is not there where nobody wants browsers.
    from selenium import webdriver  # noqa: PLC0415
    from selenium.common.exceptions import WebDriverException  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.debugger_address = f"127.0.0.1:{debugging_port}"
    options.page_load_strategy = "eager"
    try:
        driver = webdriver.Remote(f"http://127.0.0.1:{port}", options=options)
        driver.set_page_load_timeout(seconds)
        driver.set_script_timeout(seconds + SCRIPT_EXTRA_SECONDS)
    except (WebDriverException, OSError) as error:
        raise BrowserGone(f"The browser cannot be driven: {error}") from error
    return driver


class _SeleniumTab(Tab):
    def __init__(self, connection: WebDriver, driver: Guarded, bridge: SyncBridge) -> None:
        self._connection = connection
        self._driver = driver
        self._bridge = bridge

    async def goto(self, url: str) -> None:
        await self._bridge.call(self._blocking, self._connection.get, url)

    async def run(self, script: str) -> str:
        call = _CALLING_BACK.format(script=f"({script})")
        return str(await self._bridge.call(self._blocking, self._execute, call))

    async def set_cookies(self, cookies: list[dict[str, str | bool]]) -> None:
        if cookies:
            await self._bridge.call(self._blocking, self._set_cookies, cookies)

    async def aclose(self) -> None:
        # Without its driver a blocked call fails, so that the thread is free to end.
        self._driver.kill()
        self._bridge.close()
        await self._driver.aclose()

    def _execute(self, script: str) -> object:
        return self._connection.execute_async_script(script)

    def _set_cookies(self, cookies: list[dict[str, str | bool]]) -> object:
        command = ("Network.setCookies", {"cookies": cookies})
        return self._connection.execute(
            "executeCdpCommand", dict(zip(("cmd", "params"), command, strict=True))
        )

    def _blocking(self, call: object, *args: object) -> object:
        from selenium.common.exceptions import (  # noqa: PLC0415
            InvalidSessionIdException,
            NoSuchWindowException,
            TimeoutException,
            WebDriverException,
        )
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            return call(*args)  # type: ignore[operator]
        except TimeoutException as error:
            raise Timeout("The page did not come in time.") from error
        except (InvalidSessionIdException, NoSuchWindowException, HTTPError, OSError) as error:
            raise BrowserGone("The browser ended.") from error
        except WebDriverException as error:
            raise failure_of(error.msg or "nothing") from error
