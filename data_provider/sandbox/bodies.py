"""Answers that are not data: errors, walls and shells. Written here, with the marks that tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from data_provider.sandbox.oddities import SURROGATE_MARK

Headers = dict[str, str]
JSON_TYPE = "application/json; charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"
ATOM_TYPE = "application/atom+xml; charset=UTF-8"

_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_QUARANTINE_TEXT = "This community is quarantined: it holds content that visitors must opt in to."


@dataclass(slots=True)
class Response:
    """A whole answer, before a fault touches it."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=dict)
    content_type: str = JSON_TYPE
    # How many things a page holds: what pacing counts.
    items: int = 0


def render(data: Any, *, is_raw: bool, items: int = 0) -> Response:
    """Write JSON; without raw_json=1 every & < > in it is escaped, as Reddit does."""
    body = orjson.dumps(data)
    if not is_raw:
        # Outside of strings JSON has none of the three signs, so bytes are as good as strings.
        body = body.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    mark = SURROGATE_MARK.encode()
    if mark in body:
        body = body.replace(mark, b"\\ud83d")
    return Response(200, body, items=items)


def error(status: int, reason: str | None = None, **more: Any) -> Response:
    """Return a JSON error body."""
    body: dict[str, Any] = {"reason": reason} if reason else {}
    body |= {**more, "message": _REASONS.get(status, "Error"), "error": status}
    return Response(status, orjson.dumps(body))


def private() -> Response:
    """Refuse as a private subreddit does."""
    return error(403, "private")


def banned() -> Response:
    """Refuse as a banned subreddit does."""
    return error(404, "banned")


def quarantined() -> Response:
    """Refuse as a quarantined subreddit does without an opt-in."""
    html = f'<!-- SC_OFF --><div class="md"><p>{_QUARANTINE_TEXT}</p>\n</div><!-- SC_ON -->'
    return error(
        403, "quarantined", quarantine_message=_QUARANTINE_TEXT, quarantine_message_html=html
    )


def redirect(location: str) -> Response:
    """Send to another address."""
    body = (
        "<html>\n <head>\n  <title>302 Found</title>\n </head>\n <body>\n  <h1>302 Found</h1>\n"
        f'  The resource was found at <a href="{location}">{location}</a>;\n'
        "you should be redirected automatically.\n\n\n </body>\n</html>"
    )
    return Response(302, body.encode(), {"location": location}, HTML_TYPE)


def wall() -> Response:
    """Return the block page, with the three phrases that the real one is known by."""
    body = (
        "<!doctype html><html><head><title>Blocked</title></head><body>"
        "<h1>whoa there, pardner!</h1>"
        "<p>Your request has been blocked due to a network policy.</p>"
        "<p>This page was made up by a simulator.</p></body></html>"
    )
    return Response(403, body.encode(), {}, HTML_TYPE)


def challenge() -> Response:
    """Return a page that wants a browser to prove itself, with status 200."""
    body = (
        "<!DOCTYPE html><html lang=en><head>"
        "<title>Reddit - Please wait for verification</title></head><body><form method=GET>"
        '<input type="hidden" name="solution"><input type="hidden" name="js_challenge" value="1">'
        '<input type="hidden" name="token" value="simulated"></form></body></html>'
    )
    return Response(200, body.encode(), {}, HTML_TYPE)


def relayout() -> Response:
    """Return JSON that parses and has none of the shapes we know."""
    edges = [{"node": {"postId": f"t3_{number}", "heading": "new shape"}} for number in range(3)]
    feed = {"edges": edges, "pageInfo": {"endCursor": "abc", "hasNextPage": True}}
    return Response(200, orjson.dumps({"data": {"subredditFeed": feed}}))


def empty_listing() -> Response:
    """Return a Listing without things and without a cursor."""
    data: dict[str, Any] = {
        "after": None,
        "dist": 0,
        "modhash": "",
        "geo_filter": "",
        "children": [],
    }
    return Response(200, orjson.dumps({"kind": "Listing", "data": {**data, "before": None}}))


def empty_feed() -> Response:
    """Return a feed without entries."""
    body = '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"></feed>'
    return Response(200, body.encode(), {}, ATOM_TYPE)


def other_feed() -> Response:
    """Return a feed of another kind: it parses and is not Atom."""
    items = "".join(f"<item><title>new shape {number}</title></item>" for number in range(3))
    body = f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'
    return Response(200, body.encode(), {}, ATOM_TYPE)


def empty_archive() -> Response:
    """Return an answer of the archive without posts."""
    return Response(200, orjson.dumps({"data": []}))
