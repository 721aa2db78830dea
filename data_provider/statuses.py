"""What an answer means before it is parsed: status, redirect target, error body, wall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from data_provider.errors import (
    AuthenticationFailed,
    Banned,
    Blocked,
    InvalidResponse,
    LayoutChanged,
    LoginRequired,
    NotFound,
    Private,
    Quarantined,
    RateLimited,
    SourceError,
    Timeout,
    Unsupported,
    Upstream,
)
from data_provider.pacing import retry_after_seconds
from data_provider.parsing.reddit_wire import read_loosely
from data_provider.walls import find_wall, looks_like_markup

if TYPE_CHECKING:
    from datetime import datetime

    from data_provider.http import Answer

_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_SERVER_ERROR = range(500, 600)
_SIMPLE: dict[int, type[SourceError]] = {
    401: AuthenticationFailed,
    408: Timeout,
    410: NotFound,
    451: Banned,
}
# Reasons beside "private" (employees_only, gold_only, gated, ...) shut a subreddit as well.
_FORBIDDEN: dict[str, type[SourceError]] = {
    "quarantined": Quarantined,
    "gated": Quarantined,
    "banned": Banned,
}


def require_json(answer: Answer, now: datetime) -> bytes:
    """Return the body of an answer that may be parsed as JSON; raise what it is otherwise."""
    require_success(answer, now)
    if looks_like_markup(answer.body):
        raise find_wall(answer.body) or InvalidResponse(
            "A page came where JSON was asked for.", sample=answer.body
        )
    return answer.body


def require_success(answer: Answer, now: datetime) -> None:
    """Raise the error that the status stands for; walls at 200 are the caller's to find."""
    if answer.status not in _SUCCESS:
        raise _error_of(answer, now)


def _error_of(answer: Answer, now: datetime) -> SourceError:
    status, body = answer.status, answer.body
    if status in _REDIRECT:
        return _redirected(answer)
    if status in _SERVER_ERROR:
        wait = retry_after_seconds({"retry-after": answer.headers.get("retry-after", "")}, now)
        return Upstream(f"HTTP {status}", status=status, retry_after=wait, sample=body)
    special = {403: _forbidden, 404: _missing}.get(status)
    if special:
        return special(body)
    if status == 429:  # noqa: PLR2004
        return RateLimited(
            "Too many requests.", retry_after=retry_after_seconds(answer.headers, now)
        )
    return _SIMPLE.get(status, Unsupported)(f"HTTP {status}", sample=body)


def _redirected(answer: Answer) -> SourceError:
    target = answer.headers.get("location", "")
    try:
        path = urlsplit(target).path
    except ValueError:
        path = ""
    # A missing subreddit is sent to the search, whose listing must never pass for posts.
    if "/subreddits/search" in path:
        return NotFound("There is no such subreddit.")
    if "/login" in path or "/over18" in path:
        return LoginRequired("Reddit asks for a log-in.")
    return LayoutChanged(f"Redirected to {target[:200]}", sample=answer.body)


def _forbidden(body: bytes) -> SourceError:
    if looks_like_markup(body):
        return find_wall(body) or Blocked("HTTP 403", sample=body)
    reason = _reason(body)
    if reason is None:
        return Blocked("HTTP 403", sample=body)
    return _FORBIDDEN.get(reason, Private)(f"Reddit says: {reason[:100]}")


def _missing(body: bytes) -> SourceError:
    if looks_like_markup(body):
        return find_wall(body) or NotFound("HTTP 404")
    if _reason(body) == "banned":
        return Banned("Reddit says: banned")
    return NotFound("Reddit says: not found")


def _reason(body: bytes) -> str | None:
    """Return the word in Reddit's JSON error bodies, which may be absent or of any shape."""
    try:
        value: Any = read_loosely(body)
    except (SourceError, ValueError):
        return None
    reason = value.get("reason") if isinstance(value, dict) else None
    return reason if isinstance(reason, str) and reason else None
