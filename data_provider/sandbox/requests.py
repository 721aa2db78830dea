"""The request as the sandbox reads it, and the bounded log of those that came."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_LENGTH = 10_000
# A form of morechildren with a few hundred ids fits; nobody may fill the memory.
LARGEST_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """Method, path without .json and closing slash, parameters of query and form together."""

    method: str
    full_path: str
    path: str
    query: str
    params: Mapping[str, str]
    host: str

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
    path = full_path.rstrip("/").removesuffix(".json").rstrip("/") or "/"
    host = headers.get(b"host", "localhost")
    return Request(scope["method"], full_path, path, query, params, host)


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
