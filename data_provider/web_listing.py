"""Sources that read Reddit's web pages in a browser: everything that they share.

A subclass says how its driver attaches to the browser; which site is read is a setting.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from data_provider.base import Capabilities, Clock, ThreadAnswer
from data_provider.browser import Browser, find_chromium
from data_provider.errors import LayoutChanged, NotConfigured, SourceError, Timeout
from data_provider.pacing import pacer_of, retry_after_seconds
from data_provider.paging import PagedBackend
from data_provider.parsing import shreddit_html
from data_provider.types import Page, Query, Subreddit, subreddit_name
from data_provider.web_document import (
    READ_PAGE,
    Document,
    Tab,
    fetch_script,
    read_document,
    require_content,
    scroll_script,
)
from data_provider.web_session import BrowserGone, Session, Sessions
from data_provider.web_sites import OldSite, Place, Site, WwwSite
from data_provider.web_threads import read_old_thread, read_www_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from data_provider.config import ProviderConfig
    from data_provider.health import Quota
    from data_provider.parsing.reddit_json import Listing

# A listing that ends within its first page is scrolled to see that nothing more comes by itself;
# a page with fewer cards than this has no need of a second look.
_FEWEST_CARDS_TO_SCROLL = 3
_TOO_MANY_REQUESTS = 429
# A tab that does not say where it is has not got anywhere.
_GLANCE_SECONDS = 1.0
T = TypeVar("T")


class WebBackend(PagedBackend):
    """A source of Reddit's pages through a real Chromium. `driver` is the package it needs."""

    driver: str
    capabilities = Capabilities(
        sorts=frozenset(("hot", "new", "top", "rising")),
        comments=True,
        subreddit_about=True,
        needs=("TEPPAN_CHROMIUM",),
    )

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        super().__init__(config, clock)
        find_chromium(config.chromium)
        if find_spec(self.driver) is None:
            raise NotConfigured(self.driver, f"Install the Python package {self.driver}.")
        is_old = config.browser_site == "old"
        self._is_old = is_old
        self._site: Site = OldSite() if is_old else WwwSite()
        self.page_size = self._site.page_size
        self._base = (config.reddit_old_url if is_old else config.reddit_www_url).rstrip("/")
        self._pacer = pacer_of(config, self.clock, self.name)
        self._sessions = Sessions(config, self.attach)
        self._requests_made = 0

    @property
    def requests_made(self) -> int:
        """Pages shown and parts fetched so far."""
        return self._requests_made

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of its window; shown pages do not say it."""
        return self._pacer.quota

    @abstractmethod
    async def attach(self, browser: Browser) -> Tab:
        """Return a tab of a running browser. Raises Network."""

    def anchor(self, post_id: str) -> str:
        """Return the site's cursor for what follows a post."""
        return self._site.anchor(post_id)

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages of a listing; whoever leaves early leaves no browser behind."""
        is_over = False
        listing = super().pages(query, cursor)
        async with self._ending_what_is_left(lambda: is_over), aclosing(listing) as pages:
            async for page in pages:
                # Nobody asks for more after the last page: leaving then is not early.
                is_over = page.cursor is None
                yield page

    async def ask(self, query: Query, after: str, listed: int) -> Listing:
        """Return one page of the listing: shown, or fetched from the page before."""
        first = self._site.first(query)
        place = self._site.next(query, after, listed) if after else first
        async with self._sessions.use() as session:
            if not place.is_part:
                listing = await self._show(session, place, self._read_page)
                return await self._scrolled(session, listing, query)
            if not session.has_page:
                await self._show(session, first, self._read_page)
            document = await self.fetch(session, place.path)
            return self._site.read_listing(document.html, is_part=True)

    async def subreddit_about(self, name: str) -> Subreddit:
        """Return what a subreddit's page tells. Raises NotFound, Private, Banned."""
        place = Place(f"/r/{subreddit_name(name)}/")

        async def look() -> Subreddit:
            async with self._sessions.use() as session:
                return await self._show(session, place, self._site.read_subreddit)

        async with self._ending_what_is_left():
            return await self.retrying(look)

    async def thread(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> ThreadAnswer:
        """Return a thread depth first, with the page's own count.

        It comes as far as the page and its loaders bring it.
        """
        short = post_id.removeprefix("t3_")
        read = read_old_thread if self._is_old else read_www_thread

        async with self._ending_what_is_left(), _Reader(self, self._sessions) as reader:
            return await read(reader, short, limit, depth)

    async def aclose(self) -> None:
        """End all browsers of this source."""
        await self._sessions.aclose()

    async def fetch(self, session: Session, path: str, form: str | None = None) -> Document:
        """Return what the page's own script would get at a path. Raises SourceError."""
        await self._pacer.wait()
        self._requests_made += 1
        url, seconds = self._base + path, self.config.read_timeout_seconds
        document = read_document(await session.tab.run(fetch_script(url, seconds, form)))
        await self._pacer.learn(document.headers)
        if document.status == _TOO_MANY_REQUESTS:
            await self._pacer.refused(retry_after_seconds(document.headers, self.clock.now()))
        require_content(document, url, self.clock.now())
        return document

    async def show(self, session: Session, path: str) -> Document:
        """Return a page as the browser has it. Raises SourceError."""
        await self._pacer.wait()
        self._requests_made += 1
        session.has_page = False
        session.browser.pages += 1
        try:
            await session.tab.goto(self._base + path)
        except Timeout:
            await self._tell_broken_from_slow(session, path)
            raise
        document = read_document(await session.tab.run(READ_PAGE))
        require_content(document, self._base + path, self.clock.now())
        session.has_page = True
        return document

    async def _tell_broken_from_slow(self, session: Session, path: str) -> None:
        """Raise Network where a page has begun and its connection broke.

        A browser goes on waiting for the rest of such a page; a script is told.
        """
        try:
            async with asyncio.timeout(_GLANCE_SECONDS):
                begun = urlsplit(await session.tab.run("location.href")).path
        except TimeoutError:
            return
        if begun == urlsplit(self._base + path).path:
            await self.fetch(session, path)

    async def _show(self, session: Session, place: Place, read: Callable[[str], T]) -> T:
        """Return what is read from a page; a half one is asked for once more.

        A browser shows what came of a page whose connection broke, and closes it as if it were
        whole. A script is told: that tells a broken connection from another layout.
        """
        document = await self.show(session, place.path)
        try:
            return read(document.html)
        except LayoutChanged:
            again = await self.fetch(session, place.path)
        return read(again.html)

    def _read_page(self, html: str) -> Listing:
        return self._site.read_listing(html, is_part=False)

    async def _scrolled(self, session: Session, listing: Listing, query: Query) -> Listing:
        """Return a feed that names no next part with what it loads while one goes down."""
        is_over = listing.after is not None or len(listing.posts) < _FEWEST_CARDS_TO_SCROLL
        if self._is_old or is_over:
            return listing
        found = read_document(await session.tab.run(scroll_script(query.limit)))
        return shreddit_html.with_more_cards(listing, found.html)

    @asynccontextmanager
    async def _ending_what_is_left(
        self, is_done: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[None]:
        """End the browsers unless what happens inside is done, or ends with a SourceError."""
        try:
            yield
        except SourceError:
            raise
        except BaseException:
            if not is_done():
                await self._sessions.aclose()
            raise


class _Reader:
    """Reads pages of one thread: in one session, and in a fresh one when its browser ended."""

    def __init__(self, source: WebBackend, sessions: Sessions) -> None:
        self._source = source
        self._sessions = sessions
        self._held = AsyncExitStack()
        self._session: Session | None = None
        self._shown = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._held.__aexit__(*exc_info)

    async def show(self, path: str) -> str:
        """Return a page."""
        self._shown = path
        return await self._ask(lambda session: self._source.show(session, path))

    async def fetch(self, path: str, form: str | None = None) -> str:
        """Return a part of the page that is shown."""

        async def ask(session: Session) -> Document:
            if not session.has_page:
                await self._source.show(session, self._shown)
            return await self._source.fetch(session, path, form)

        return await self._ask(ask)

    async def _ask(self, ask: Callable[[Session], Awaitable[Document]]) -> str:
        async def attempt() -> Document:
            if self._session is None:
                self._session = await self._held.enter_async_context(self._sessions.use())
            try:
                return await ask(self._session)
            except BrowserGone as error:
                self._session = None
                await self._held.__aexit__(type(error), error, error.__traceback__)
                raise

        return (await self._source.retrying(attempt)).html
