"""The request as the sandbox reads it, and the bounded log of those that came."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LENGTH = 10_000
# A form of morechildren with a few hundred ids fits; nobody may fill the memory.
LARGEST_BODY = 1 << 20

# Who is spoken to: the public .json pages, the feeds, the official API, its log-in, the archive,
# the two web sites, and who collects for money.
Dialect = Literal["json", "atom", "oauth", "token", "archive", "www", "old", "brightdata"]
PAGES: tuple[Dialect, ...] = ("www", "old")
LOG_IN_PATH = "/api/v1/access_token"
BRIGHTDATA_PATH = "/datasets/v3/"
ARCHIVE_PATHS = ("/api/posts/search", "/api/subreddits/search")
_SUFFIXES: dict[str, Dialect] = {".json": "json", ".rss": "atom"}
# Under these, paths without suffix are pages; elsewhere they are those of the official API.
_SITES: dict[str, Dialect] = {"/www": "www", "/old": "old"}
_PARTS = "/svc/shreddit/"


@dataclass(frozen=True, slots=True)
class Request:
    """Method, path without suffix and closing slash, parameters of query and form together."""

    method: str
    full_path: str
    path: str
    query: str
    params: Mapping[str, str]
    host: str
    dialect: Dialect = "json"
    authorization: str = ""
    # What stands before the path, and so before every link of a page.
    prefix: str = ""

    @property
    def is_raw(self) -> bool:
        """Whether the client asked for unescaped text."""
        return self.params.get("raw_json") == "1"

    @property
    def is_paged(self) -> bool:
        """Whether the request carries a cursor."""
        return bool(self.params.get("after") or self.params.get("before"))


def read_request(scope: Mapping[str, Any], body: bytes) -> Request:
    """Build a request from an ASGI scope and its whole body."""
    full_path: str = scope["path"]
    query = scope.get("query_string", b"").decode("latin-1")
    headers = {key: value.decode("latin-1") for key, value in scope.get("headers", [])}
    params = dict(parse_qsl(query))
    if headers.get(b"content-type", "").startswith("application/x-www-form-urlencoded"):
        params |= dict(parse_qsl(body.decode("utf-8", "replace")))
    elif full_path.startswith(BRIGHTDATA_PATH):
        params |= _first_input(body)
    prefix = next((site for site in _SITES if f"{full_path}/".startswith(f"{site}/")), "")
    path, dialect = _split(full_path.removeprefix(prefix))
    if dialect == "oauth" and (prefix or _is_for_people(path, headers)):
        dialect = _SITES.get(prefix, "www")
    return Request(
        method=scope["method"],
        full_path=full_path,
        path=path,
        query=query,
        params=params,
        host=headers.get(b"host", "localhost"),
        dialect=dialect,
        authorization=headers.get(b"authorization", ""),
        prefix=prefix,
    )


def _first_input(body: bytes) -> dict[str, str]:
    """Return the texts of the first of a list of JSON objects."""
    try:
        inputs = json.loads(body or b"[]")
        return {key: text for key, text in inputs[0].items() if isinstance(text, str)}
    except (ValueError, AttributeError, IndexError, KeyError, TypeError):
        return {}


def _is_for_people(path: str, headers: Mapping[bytes, str]) -> bool:
    """Say whether a browser asks, or the script of a page."""
    if b"authorization" in headers:
        return False
    return "text/html" in headers.get(b"accept", "") or path.startswith(_PARTS)


def _split(full_path: str) -> tuple[str, Dialect]:
    """Return the path without its suffix, and the dialect that both tell."""
    path = full_path.rstrip("/")
    if path in ARCHIVE_PATHS:
        return path, "archive"
    if path == LOG_IN_PATH:
        return path, "token"
    if path.startswith(BRIGHTDATA_PATH):
        return path, "brightdata"
    for suffix, dialect in _SUFFIXES.items():
        if path.endswith(suffix):
            return path.removesuffix(suffix).rstrip("/") or "/", dialect
    return path or "/", "oauth"


class RequestLog:
    """The last requests, for tests that count what went upstream."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self._total = 0

    def add(self, request: Request, subreddit: str | None) -> dict[str, Any]:
        """Note a request; its status is filled in when the answer is known."""
        self._total += 1
        entry = {
            "number": self._total,
            "method": request.method,
            "path": request.full_path,
            "query": request.query,
            "subreddit": subreddit,
            "status": None,
        }
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._total = 0

    def report(self) -> dict[str, Any]:
        """Return the total, the counts per path and the last requests, oldest first."""
        counts = Counter(entry["path"] for entry in self._entries)
        return {"total": self._total, "counts": counts, "requests": list(self._entries)}
