"""Server mode's processes, each on its own, over one database and one broker."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import httpx

from tests.services import wait_until
from tests.stack import is_answering

if TYPE_CHECKING:
    from tests.conftest import StartServers


class TestServers:
    def test_every_web_process_sees_the_workers(self, servers: StartServers) -> None:
        several = servers(web=2, workers=1)
        several.wait_for_worker()
        for url in several.urls:
            wait_until(lambda url=url: is_answering(f"{url}/readyz"), f"{url} is not ready")

    def test_a_worker_that_leaves_says_so_at_once(self, servers: StartServers) -> None:
        several = servers(web=1, workers=1)
        several.wait_for_worker()
        several.kill("worker-1", signal.SIGTERM)
        # Sooner than its sign of life would expire.
        wait_until(lambda: not is_answering(f"{several.url}/readyz"), "Still ready", 8)

    def test_ready_again_when_the_broker_comes_back(self, servers: StartServers) -> None:
        several = servers(web=1, workers=1)
        several.wait_for_worker()
        several.broker.stop()
        answer = httpx.get(f"{several.url}/readyz", timeout=10)
        assert (answer.status_code, "broker" in answer.text) == (503, True)
        assert is_answering(f"{several.url}/healthz")
        several.broker.start()
        several.wait_for_worker()
