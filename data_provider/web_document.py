"""What a tab of a browser is to us, and the documents that it gives: shown pages and fetched parts.

The scripts here run inside of the page; they read it and ask for what its own scripts ask for.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from data_provider.errors import Network, SourceError, Timeout
from data_provider.http import PROXY_WANTS_LOG_IN, Answer
from data_provider.statuses import require_success
from data_provider.walls import find_wall

if TYPE_CHECKING:
    from datetime import datetime

# Chromium's own page for what it could not reach.
_ERROR_PAGE = "chrome-error:"
# Chromium's names for what a proxy did wrong.
_PROXY_SIGNS = ("err_proxy", "err_tunnel", "err_socks", "err_no_supported_proxies", "proxy_auth")
# It asks nobody for the name and password that a proxy wants.
_LOG_IN_SIGN = "err_invalid_auth_credentials"
_REDIRECTED = 302
# All that is asked of a page: its status, where it came from in the end, and itself.
READ_PAGE = """JSON.stringify({
  status: performance.getEntriesByType("navigation")[0]?.responseStatus || 200,
  url: location.href,
  html: document.documentElement.outerHTML
})"""
_FETCH = """(async () => {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), %(milliseconds)d);
  try {
    const answer = await fetch(%(url)s, { signal: ending.signal, ...%(options)s });
    const html = await answer.text();
    const headers = Object.fromEntries(answer.headers);
    return JSON.stringify({ status: answer.status, url: answer.url, html, headers });
  } catch (error) {
    return JSON.stringify({ error: `${error.name}: ${error.message}` });
  } finally {
    clearTimeout(timer);
  }
})()"""
# Goes down until nothing new has come %(patience)d times. Cards leave the document on the way, so
# each is kept by its id when it is first seen.
_SCROLL = """(async () => {
  const cards = new Map();
  let still = 0;
  while (still < %(patience)d && cards.size < %(most)d) {
    const before = cards.size;
    for (const card of document.querySelectorAll("shreddit-feed shreddit-post")) {
      if (!cards.has(card.id)) cards.set(card.id, card.outerHTML);
    }
    still = cards.size === before ? still + 1 : 0;
    scrollTo(0, document.documentElement.scrollHeight);
    await new Promise((resolve) => setTimeout(resolve, %(pause)d));
  }
  return JSON.stringify({ html: [...cards.values()].join("") });
})()"""
# A script may scroll or wait for a part; those have time limits of their own inside.
SCRIPT_EXTRA_SECONDS = 30.0
_SCROLL_PATIENCE = 4
_SCROLL_PAUSE_MS = 250


class Document(msgspec.Struct):
    """A page as the browser has it, or a part as it was sent; `error` = it did not come."""

    status: int = 200
    url: str = ""
    html: str = ""
    headers: dict[str, str] = {}
    error: str = ""


class Tab(ABC):
    """One tab of a browser, as a driver gives it. Its failures are Network and Timeout."""

    @abstractmethod
    async def goto(self, url: str) -> None:
        """Show an address; return when its document is complete, pictures aside."""

    @abstractmethod
    async def run(self, script: str) -> str:
        """Return the text that an expression, or what it promises, comes to."""

    @abstractmethod
    async def set_cookies(self, cookies: list[dict[str, str | bool]]) -> None:
        """Take over the cookies of a session of the operator's."""

    @abstractmethod
    async def aclose(self) -> None:
        """Let go of the tab and of the driver; the browser is its owner's to end."""


def read_document(text: str) -> Document:
    """Return what a script gave."""
    return msgspec.json.decode(text, type=Document)


def fetch_script(url: str, seconds: float, form: str | None = None) -> str:
    """Return the script that asks for an address as the page's own would; `form` is POSTed."""
    options: dict[str, object] = {"credentials": "include"}
    if form is not None:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        options |= {"method": "POST", "body": form, "headers": kind}
    return _FETCH % {
        "milliseconds": max(1, int(seconds * 1000)),
        "url": json.dumps(url),
        "options": json.dumps(options),
    }


def scroll_script(most: int) -> str:
    """Return the script that goes down a feed and keeps up to `most` cards."""
    return _SCROLL % {"patience": _SCROLL_PATIENCE, "most": most, "pause": _SCROLL_PAUSE_MS}


def failure_of(message: str) -> SourceError:
    """Return what a driver's or a script's complaint stands for."""
    words = message.lower()
    told = message.strip().partition(chr(10))[0][:200]
    if any(sign in words for sign in (*_PROXY_SIGNS, _LOG_IN_SIGN)):
        return _proxy_fault(told)
    if "timed_out" in words or "timeout" in words or "abort" in words:
        return Timeout("The page did not come in time.")
    return Network(f"The browser says: {told}")


def _proxy_fault(why: str) -> Network:
    return Network(f"The proxy (TEPPAN_PROXY_URL) did not take the request: {why}")


def require_content(document: Document, asked: str, now: datetime) -> None:
    """Raise what a document is instead of the content that was asked for.

    Redirects have been followed by the browser: only where they led can be seen.
    """
    if document.error:
        raise failure_of(document.error)
    # The browser's own error page keeps the status too.
    if document.status == PROXY_WANTS_LOG_IN:
        raise _proxy_fault(f"HTTP {document.status}")
    if document.url.startswith(_ERROR_PAGE):
        raise Network("The browser could not reach the site.")
    body = document.html.encode("utf-8", "replace")
    require_success(Answer(document.status, document.headers, body, document.url), now)
    if _path(document.url) != _path(asked) and "/comments/" not in _path(document.url):
        moved = Answer(_REDIRECTED, {"location": document.url}, body, asked)
        raise find_wall(body) or _moved(moved, now)
    if wall := find_wall(body):
        raise wall


def _moved(answer: Answer, now: datetime) -> SourceError:
    try:
        require_success(answer, now)
    except SourceError as error:
        return error
    raise AssertionError("a redirect is no success")


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/").lower()
