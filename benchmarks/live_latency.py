"""Live latency: from a page leaving upstream to its last post's frame at the client.

    python -m benchmarks.live_latency --engine sqlite|postgres

The simulated Reddit runs in a process of its own and stamps the moment at which each page was
written to its socket; a client of the real web process stamps the arrival of each page's last post,
and does no more than count posts: neither takes time from the other or from what is measured.
Between lie parsing, commit, wake-up, reading, rendering and two sockets.
"""

import asyncio
import json
import socket
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from benchmarks.harness import chosen_engine, report, running_servers, sign_in, summary
from data_provider.sandbox import create_app
from tests.services import free_port, leashed

PAGES = 100
PAGE_SIZE = 100
# Between two pages, so that each is measured alone, as from an upstream across the world.
PAUSE_SECONDS = 0.05
# DESIGN, section 8.
TARGET_P95_MS = 30.0
# Longer than everything takes.
_CLIENT_SECONDS = 60.0
_POST = b"\nevent: post\n"


class StampingApp:
    """The simulated Reddit, noting when each listing page left."""

    def __init__(self) -> None:
        self._app = create_app()
        self.left_at: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not scope["path"].endswith(".json"):
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(PAUSE_SECONDS)

        async def stamped(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.left_at.append(time.monotonic())

        await self._app(scope, receive, stamped)


def main() -> None:
    """Run and report."""
    engine = chosen_engine(__doc__)
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.live_latency", "--upstream", str(port)]
    upstream = subprocess.Popen(
        leashed(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    url = f"http://127.0.0.1:{port}"
    with running_servers(engine, workers=0, TEPPAN_SANDBOX_URL=url) as stack:
        client, project = sign_in(stack)
        seen_at = _run_job(client, project, stack.url)
    output, _ = upstream.communicate(timeout=10)
    left_at = json.loads(output)[-PAGES:]
    latencies = [1000 * (seen - left) for left, seen in zip(left_at, seen_at, strict=True)]
    figures = summary(latencies)
    report(
        "live_latency",
        passed=figures["p95"] < TARGET_P95_MS,
        engine=engine,
        pages=PAGES,
        milliseconds=figures,
        target={"p95": TARGET_P95_MS},
    )


def _run_job(client: Any, project: int, url: str) -> list[float]:
    wish = {
        "project": project,
        "mode": "stream",
        "backend": "sandbox",
        "subreddits": ["huge"],
        "limit": PAGES * PAGE_SIZE,
    }
    job = client.post("/api/scraper/jobs/", json=wish).raise_for_status().json()["id"]
    token = client.headers["Authorization"]
    return _watch(url, f"/api/scraper/jobs/{job}/stream/", token)


def _watch(url: str, path: str, token: str) -> list[float]:
    """Return when each page's last post arrived."""
    place = urlsplit(url)
    head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: {token}\r\n\r\n"
    seen_at: list[float] = []
    posts, rest = 0, b""
    with socket.create_connection((place.hostname, place.port), _CLIENT_SECONDS) as connection:
        connection.sendall(head.encode())
        while len(seen_at) < PAGES and (data := connection.recv(1 << 18)):
            now = time.monotonic()
            text = rest + data
            posts += text.count(_POST)
            # As much as may be the beginning of what the next piece completes.
            rest = text[1 - len(_POST) :]
            seen_at += [now] * (posts // PAGE_SIZE - len(seen_at))
    return seen_at


def _serve_upstream(port: int) -> None:
    """Serve until the other side of standard input is gone, then print when each page left."""
    app = StampingApp()
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving

    asyncio.run(serve())
    print(json.dumps(app.left_at))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--upstream"]:
        _serve_upstream(int(sys.argv[2]))
    else:
        main()
