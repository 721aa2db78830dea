"""The sandbox on a real socket: what only shows on the wire."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from data_provider.sandbox.testing import SandboxServer, running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def http(server: SandboxServer) -> Iterator[httpx.Client]:
    server.clear_faults()
    server.clear_requests()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=5) as client:
        yield client


class TestWire:
    def test_serves_pages(self, http: httpx.Client, server: SandboxServer) -> None:
        answer = http.get("/r/python/new.json", params={"limit": 100})
        assert answer.json()["data"]["dist"] == 100
        assert answer.headers["server"] == "snooserv"
        assert server.counts() == {"/r/python/new.json": 1}
        assert server.requests()[0]["query"] == "limit=100"

    def test_reset_drops_the_connection_in_mid_body(self, http: httpx.Client) -> None:
        with pytest.raises(httpx.RemoteProtocolError, match="closed connection"):
            http.get("/r/reset/new.json")
        assert http.get("/r/tiny/new.json").status_code == 200

    def test_stall_holds_the_headers_back(self, http: httpx.Client) -> None:
        with pytest.raises(httpx.ReadTimeout):
            http.get("/r/stalled/new.json", timeout=httpx.Timeout(5, read=0.2))
        assert http.get("/r/tiny/new.json").status_code == 200

    def test_truncated_body_is_a_valid_answer(self, http: httpx.Client) -> None:
        answer = http.get("/r/truncated/new.json")
        assert len(answer.content) == int(answer.headers["content-length"])

    def test_faults_are_scripted_over_http(self, http: httpx.Client, server: SandboxServer) -> None:
        server.add_faults({"subreddit": "python", "nth": 1, "action": "wall_403"})
        statuses = [http.get("/r/python/new.json").status_code for _ in range(2)]
        assert statuses == [403, 200]

    def test_wrong_rules_are_told(self, server: SandboxServer) -> None:
        with pytest.raises(ValueError, match="refused"):
            server.add_faults({"action": "explode"})

    def test_form_of_morechildren_is_read(self, http: httpx.Client) -> None:
        listing = http.get("/r/longthreads/new.json", params={"limit": 1}).json()
        post = listing["data"]["children"][0]["data"]
        thread = http.get(f"/comments/{post['id']}.json", params={"limit": 5}).json()
        stub = thread[1]["data"]["children"][-1]["data"]
        form = {"link_id": post["name"], "children": ",".join(stub["children"][:3])}
        things = http.post("/api/morechildren.json", data=form).json()["json"]["data"]["things"]
        assert {thing["data"]["name"] for thing in things} >= {"t1_" + stub["children"][0]}


class TestStop:
    def test_does_not_wait_for_a_stalled_client(self) -> None:
        with running_sandbox(seed=3) as own, httpx.Client(trust_env=False) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.get(own.url + "/r/stalled/new.json", timeout=httpx.Timeout(5, read=0.1))
            url = own.url
        with pytest.raises(httpx.ConnectError):
            httpx.get(url, trust_env=False)


class TestCommand:
    def test_prints_its_address_when_ready_and_ends_on_sigterm(self) -> None:
        command = [sys.executable, "-m", "data_provider.sandbox", "--port", "0", "--seed", "5"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().split()[-1]
                assert url.startswith("http://127.0.0.1:")
                assert httpx.get(url, trust_env=False).json()["seed"] == 5
            finally:
                process.terminate()
            assert process.wait(timeout=10) in {0, -signal.SIGTERM}
