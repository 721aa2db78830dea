"""A Reddit whose pages a test lays out itself, served from a thread of the test process."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from data_provider.parsing.atom import parse_feed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A gate that a failed test forgot to open must not keep the server's threads for ever.
_LONGEST_HOLD_SECONDS = 60
# Enough to tell how long very many take, on this machine and at this time.
_TAGS_TRIED = 50_000


def page_of(posts: Sequence[dict[str, Any]], after: str | None = None) -> bytes:
    """Return a listing of these posts as Reddit sends it."""
    children = [{"kind": "t3", "data": post} for post in posts]
    data = {"after": after, "dist": len(posts), "children": children}
    return json.dumps({"kind": "Listing", "data": data}).encode()


def post_of(name: str, number: int, **fields: Any) -> dict[str, Any]:
    """Return the raw JSON of a post of r/`name`."""
    return {
        "id": f"{name.lower()}{number}",
        "name": f"t3_{name.lower()}{number}",
        "title": f"Post {number}",
        "subreddit": name,
        "author": "somebody",
        "selftext": "",
        "url": f"https://example.org/{number}",
        "permalink": f"/r/{name}/comments/{name.lower()}{number}/post/",
        "domain": "example.org",
        "score": number,
        "num_comments": 0,
        "created_utc": 1_700_000_000 + number,
        "edited": False,
        **fields,
    }


@dataclass
class Upstream:
    """`lay` puts the pages of a subreddit there; `requests` are the addresses asked for."""

    url: str
    requests: list[str] = field(default_factory=list)
    _pages: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _gates: dict[str, threading.Semaphore] = field(default_factory=dict)

    def lay(self, subreddit: str, pages: Sequence[bytes], *, gated: bool = False) -> None:
        """Serve pages linked by their own `after`; gated ones leave one by one, by `let`."""
        place = ""
        for page in pages:
            self._pages[subreddit, place] = page
            place = json.loads(page)["data"]["after"] or ""
        if gated:
            self._gates[subreddit] = threading.Semaphore(0)

    def put(self, subreddit: str, body: bytes) -> None:
        """Answer with these bytes wherever a subreddit's first page is asked for."""
        self._pages[subreddit, ""] = body

    def let(self, subreddit: str, pages: int = 1) -> None:
        """Let so many more pages of a gated subreddit leave."""
        self._gates[subreddit].release(pages)

    def asked(self, subreddit: str) -> list[str]:
        """List the addresses asked for of one subreddit, oldest first."""
        return [address for address in self.requests if f"/r/{subreddit}/" in address]

    def answer(self, address: str) -> bytes | None:
        """Return the body at an address, None where there is nothing."""
        self.requests.append(address)
        parts = urlsplit(address)
        subreddit = parts.path.split("/")[2] if parts.path.startswith("/r/") else ""
        if gate := self._gates.get(subreddit):
            gate.acquire(timeout=_LONGEST_HOLD_SECONDS)
        after = parse_qs(parts.query).get("after", [""])[0]
        return self._pages.get((subreddit, after))


def lay_numbered(
    upstream: Upstream, subreddit: str, *, pages: int, size: int = 5, **fields: Any
) -> None:
    """Lay gated pages of `size` posts each."""
    posts = [post_of(subreddit, number, **fields) for number in range(pages * size)]
    parts = [posts[start : start + size] for start in range(0, len(posts), size)]
    afters = [part[-1]["name"] for part in parts[:-1]] + [None]
    laid = [page_of(part, after) for part, after in zip(parts, afters, strict=True)]
    upstream.lay(subreddit, laid, gated=True)


def slow_feed(subreddit: str, seconds: float) -> bytes:
    """Return a feed of one post whose text takes about so much of a processor's time to read.

    The text is nothing but empty tags in the end, and the post's row as small as any.
    """
    began = time.thread_time()
    parse_feed(_feed_of(subreddit, _TAGS_TRIED))
    taken = time.thread_time() - began
    return _feed_of(subreddit, int(_TAGS_TRIED * seconds / taken))


def _feed_of(subreddit: str, tags: int) -> bytes:
    name = f"{subreddit.lower()}0"
    link = f"https://www.reddit.com/r/{subreddit}/comments/{name}/post/"
    text = f"<!-- SC_OFF -->{'<b></b>' * tags}<!-- SC_ON -->"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><entry>'
        f'<id>t3_{name}</id><title>Post</title><link href="{link}"/>'
        f'<category term="{subreddit}"/><author><name>/u/somebody</name></author>'
        "<published>2026-11-01T00:00:00+00:00</published>"
        f'<content type="html"><![CDATA[{text}]]></content>'
        "</entry></feed>"
    ).encode()


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    """Serve on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = upstream.answer(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("content-type", "application/json; charset=UTF-8")
            self.send_header("content-length", str(len(body or b"{}")))
            self.end_headers()
            self.wfile.write(body or b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    upstream = Upstream(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.05], name="upstream")
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that was killed is no news.
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        pass
