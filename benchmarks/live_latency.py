"""Live latency: from a page leaving upstream to its last post's frame at the client.

    python -m benchmarks.live_latency --engine sqlite|postgres

The simulated Reddit runs in this process and stamps the moment at which each page was written to
its socket; a client of the real web process stamps the frame of each page's last post. Between lie
parsing, commit, wake-up, reading, rendering and two sockets.
"""

import asyncio
import threading
import time
from typing import Any

import uvicorn

from benchmarks.harness import chosen_engine, report, running_servers, sign_in, summary
from data_provider.sandbox import create_app
from tests.services import free_port
from tests.sse import Stream

PAGES = 100
PAGE_SIZE = 100
# Between two pages, so that each is measured alone, as from an upstream across the world.
PAUSE_SECONDS = 0.05
# DESIGN, section 8.
TARGET_P95_MS = 30.0


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
    app, port = StampingApp(), free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    threading.Thread(target=server.run, daemon=True).start()
    url = f"http://127.0.0.1:{port}"
    with running_servers(engine, workers=0, TEPPAN_SANDBOX_URL=url) as stack:
        client, project = sign_in(stack)
        seen_at = _run_job(client, project, stack.url)
    server.should_exit = True
    latencies = [
        1000 * (seen - left) for left, seen in zip(app.left_at[-PAGES:], seen_at, strict=True)
    ]
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
    headers = {"Authorization": client.headers["Authorization"]}
    seen_at, posts = [], 0
    with Stream(f"{url}/api/scraper/jobs/{job}/stream/", headers, timeout=60) as stream:
        for message in stream.messages():
            posts += message.event == "post"
            if message.event == "post" and posts % PAGE_SIZE == 0:
                seen_at.append(time.monotonic())
    return seen_at


if __name__ == "__main__":
    main()
