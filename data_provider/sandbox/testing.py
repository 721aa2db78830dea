"""Runs the simulated Reddit in a thread of the test process."""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from data_provider.sandbox.app import create_app
from data_provider.sandbox.server import build_server, open_socket, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 10


class SandboxServer:
    """A running sandbox: `url`, and its control routes as methods."""

    def __init__(self, url: str) -> None:
        self.url = url

    def add_faults(self, *rules: dict[str, Any]) -> None:
        """Arm fault rules (see rules.FaultRule for the fields)."""
        self._call("POST", "/_sandbox/faults", json.dumps(rules))

    def clear_faults(self) -> None:
        """Forget all scripted rules and all counters of rules."""
        self._call("DELETE", "/_sandbox/faults")

    def requests(self) -> list[dict[str, Any]]:
        """List what came since the last clear, oldest first: path, query, subreddit, status."""
        entries: list[dict[str, Any]] = self._call("GET", "/_sandbox/requests")["requests"]
        return entries

    def counts(self) -> dict[str, int]:
        """Return how many requests came per path."""
        counts: dict[str, int] = self._call("GET", "/_sandbox/requests")["counts"]
        return counts

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._call("DELETE", "/_sandbox/requests")

    def set_token_lifetime(self, seconds: float) -> None:
        """Let the API tokens issued from now on live so long."""
        self._call("POST", "/_sandbox/tokens", json.dumps({"expires_in": seconds}))

    def expire_tokens(self) -> None:
        """End all API tokens issued so far."""
        self._call("DELETE", "/_sandbox/tokens")

    def _call(self, method: str, path: str, body: str | None = None) -> Any:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ValueError(f"the sandbox refused: {data}")
        return data


@contextmanager
def running_sandbox(seed: int = 0, rate_limit: int | None = None) -> Iterator[SandboxServer]:
    """Run a sandbox of its own on a free port; usable from sync and async tests alike."""
    listener = open_socket("127.0.0.1", 0)
    server = build_server(create_app(seed, rate_limit))
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield SandboxServer(url_of(listener))
    finally:
        server.should_exit = True
        thread.join(timeout=_START_SECONDS)
        listener.close()


def _wait_until_started(server: Any, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.01)
