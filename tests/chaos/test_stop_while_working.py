"""Work in progress does not hold up a stop, and is given back for others to carry on."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import psutil

from tests.services import wait_until
from tests.sse import Stream

if TYPE_CHECKING:
    from tests.conftest import StartStack
    from tests.stack import Stack

ACCOUNT = {"username": "cook", "password": "correct horse battery staple"}
# Promised for Ctrl-C of the whole stack, streams and jobs included.
STOP_SECONDS = 5
# The supervisor's pause, a start of the worker and one sweep, on a busy machine.
TAKEN_UP_SECONDS = 30


def sign_in(stack: Stack) -> None:
    client = stack.client
    client.post("/api/auth/register/", json=ACCOUNT).raise_for_status()
    access = client.post("/api/auth/token/", json=ACCOUNT).json()["access"]
    client.headers["Authorization"] = f"Bearer {access}"


def start_job_that_hangs(stack: Stack, mode: str) -> str:
    """Start a job on the subreddit whose server accepts and never answers; its path."""
    project = stack.client.post("/api/projects/", json={"name": mode}).json()["id"]
    wish = {"project": project, "mode": mode, "backend": "sandbox", "subreddits": ["stalled"]}
    answer = stack.client.post("/api/scraper/jobs/", json=wish).raise_for_status()
    return f"/api/scraper/jobs/{answer.json()['id']}/"


def wait_for_job(stack: Stack, path: str, **fields: Any) -> None:
    def is_so() -> bool:
        job = stack.client.get(path).json()
        return all(job[name] == value for name, value in fields.items())

    wait_until(is_so, f"The job is not {fields}", TAKEN_UP_SECONDS)


class TestWorker:
    def test_j08_sigterm_gives_the_running_job_to_the_next_worker(self, stack: StartStack) -> None:
        # A lease that outlasts the test: only a job that was given back is taken up again.
        one = stack(TEPPAN_LEASE_SECONDS="6000")
        sign_in(one)
        path = start_job_that_hangs(one, "bulk")
        wait_for_job(one, path, status="running", attempt=1)
        worker = psutil.Process(one.pid("worker"))
        worker.terminate()
        wait_until(lambda: not worker.is_running(), "The worker does not end", STOP_SECONDS)
        wait_for_job(one, path, status="running", attempt=2)


class TestWholeStack:
    def test_an_open_stream_and_running_jobs_do_not_hold_it_up(self, stack: StartStack) -> None:
        one = stack()
        sign_in(one)
        bulk, live = (start_job_that_hangs(one, mode) for mode in ("bulk", "stream"))
        headers = {"Authorization": one.client.headers["Authorization"]}
        with Stream(f"{one.url}{live}stream/", headers) as stream:
            assert stream.take(1)[0].event == "snapshot"
            wait_for_job(one, bulk, status="running")
            started = time.monotonic()
            assert one.interrupt(signal.SIGINT) == 0
            assert time.monotonic() - started < STOP_SECONDS
            # Told to end, not torn off: the body's last chunk arrives.
            assert not any(message.event == "complete" for message in stream.messages())
            assert stream.has_ended_cleanly
        assert not one.processes()
