"""A browser with a driver attached: opened, kept while a listing goes on, and ended whole."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakSet

from data_provider.browser import Browser, Places, launch, places
from data_provider.config import read_cookies
from data_provider.errors import Network, SourceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from data_provider.config import ProviderConfig
    from data_provider.web_document import Tab

    Attach = Callable[[Browser], Awaitable[Tab]]

# Chromium grows with every page that it has shown; after so many, a fresh one is started.
RECYCLED_AFTER_PAGES = 200


class BrowserGone(Network):
    """The browser or its driver ended under our feet; a new one may do better."""


class Session:
    """A browser in one of the process's places for them."""

    def __init__(self, browser: Browser, tab: Tab, place: Places) -> None:
        self.browser = browser
        self.tab = tab
        self.has_page = False
        self._place = place

    @property
    def is_worn(self) -> bool:
        """Whether it has shown so many pages that it should be replaced."""
        return self.browser.pages >= RECYCLED_AFTER_PAGES

    async def aclose(self) -> None:
        """End the browser first, so that no driver waits for it."""
        self.browser.process.kill()
        try:
            await self.tab.aclose()
        finally:
            try:
                await self.browser.process.aclose()
            finally:
                self._place.give_back()


class Sessions:
    """The sessions of one source. Those not in use wait for the next page, or make room."""

    _everybody: ClassVar[WeakSet[Sessions]] = WeakSet()

    def __init__(self, config: ProviderConfig, attach: Attach) -> None:
        self._config = config
        self._attach = attach
        self._idle: list[Session] = []
        self._places: Places | None = None
        self._everybody.add(self)

    def use(self) -> AbstractAsyncContextManager[Session]:
        """Lend a session; one that failed otherwise than by a SourceError is ended."""
        return self._use()

    async def aclose(self) -> None:
        """End those that are not in use."""
        while self._idle:
            await unhurt(self._idle.pop().aclose())

    @asynccontextmanager
    async def _use(self) -> AsyncIterator[Session]:
        session = self._idle.pop() if self._idle else await self._open()
        try:
            yield session
        except BaseException as error:
            # Whatever is wrong with the browser's end, what happened before it matters more.
            try:
                is_fit = isinstance(error, SourceError) and not isinstance(error, BrowserGone)
                await self._give_back(session, is_fit=is_fit)
            except SourceError as other:
                error.add_note(other.message)
            raise
        await self._give_back(session, is_fit=True)

    async def _give_back(self, session: Session, *, is_fit: bool) -> None:
        is_wanted = self._places is not None and self._places.is_wanted
        if is_fit and not session.is_worn and not is_wanted:
            self._idle.append(session)
        else:
            await unhurt(session.aclose())

    async def _open(self) -> Session:
        place = self._places = places()
        if place.is_full:
            for sessions in list(self._everybody):
                if await sessions.make_room(place):
                    break
        await place.take()
        opening = asyncio.ensure_future(self._start(place))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # Neither a browser nor a driver may be left half started.
            await unhurt(_end(opening))
            raise

    async def make_room(self, place: Places) -> bool:
        """End a browser that waits for its next page in one of these places, if there is one."""
        if self._places is not place or not self._idle:
            return False
        await unhurt(self._idle.pop(0).aclose())
        return True

    async def _start(self, place: Places) -> Session:
        browser = None
        try:
            browser = await launch(self._config)
            tab = await self._attach(browser)
            session = Session(browser, tab, place)
        except BaseException:
            try:
                if browser is not None:
                    await browser.process.aclose()
            finally:
                place.give_back()
            raise
        try:
            await tab.set_cookies(cookies_of(self._config))
        except BaseException:
            await session.aclose()
            raise
        return session


async def _end(opening: asyncio.Future[Session]) -> None:
    try:
        session = await opening
    except SourceError:
        return
    await session.aclose()


async def unhurt(work: Awaitable[None]) -> None:
    """Carry work through even if the caller is cancelled meanwhile; the cancel comes after it."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def cookies_of(config: ProviderConfig) -> list[dict[str, str | bool]]:
    """Return the cookies of the operator's session. Raises NotConfigured."""
    return [
        {
            "name": cookie.name,
            "value": cookie.value or "",
            "domain": cookie.domain,
            "path": cookie.path,
            "secure": cookie.secure,
        }
        for cookie in read_cookies(config) or ()
    ]
