"""Work in progress does not hold up a stop, and is given back for others to carry on."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Any

import psutil

from tests.chaos.upstream import running_upstream, slow_feed
from tests.services import wait_until
from tests.sse import Stream
from tests.stack import STOP_SECONDS

if TYPE_CHECKING:
    from tests.conftest import StartStack
    from tests.stack import Stack

ACCOUNT = {"username": "cook", "password": "correct horse battery staple"}
# How long a process may take to end where that is not the promise, on a machine with other work.
ENDED_SECONDS = 20
# The supervisor's pause, a start of the worker and one sweep, on a busy machine.
TAKEN_UP_SECONDS = 30
# What a worker takes at most until it ends by itself, as whoever sends signals is promised.
GRACE_SECONDS = 3
LATE_SECONDS = 7
# Much longer than that: a page whose reader looks neither left nor right.
BUSY_SECONDS = 20
# What Celery says for each signal.
WARM = "Warm shutdown"


def sign_in(stack: Stack) -> None:
    client = stack.client
    client.post("/api/auth/register/", json=ACCOUNT).raise_for_status()
    access = client.post("/api/auth/token/", json=ACCOUNT).json()["access"]
    client.headers["Authorization"] = f"Bearer {access}"


def start_job_that_hangs(stack: Stack, mode: str) -> str:
    """Start a job on the subreddit whose server accepts and never answers; its path."""
    return start_job(stack, mode, backend="sandbox", subreddits=["stalled"])


def start_job(stack: Stack, mode: str, **wish: Any) -> str:
    """Start a job in a project of its own; its path."""
    project = stack.client.post("/api/projects/", json={"name": mode}).json()["id"]
    wish = {"project": project, "mode": mode, **wish}
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
        wait_until(lambda: not worker.is_running(), "The worker does not end", ENDED_SECONDS)
        wait_for_job(one, path, status="running", attempt=2)

    def test_j08_more_sigterms_cost_the_job_nothing(self, stack: StartStack) -> None:
        one = stack(TEPPAN_LEASE_SECONDS="6000")
        sign_in(one)
        path = start_job_that_hangs(one, "bulk")
        wait_for_job(one, path, status="running", attempt=1)
        worker = psutil.Process(one.pid("worker"))

        def ends_under_signals() -> bool:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.terminate()
            return not worker.is_running()

        wait_until(ends_under_signals, "The worker does not end", ENDED_SECONDS)
        wait_for_job(one, path, status="running", attempt=2)

    def test_j08_a_job_that_does_not_let_go_is_given_back_all_the_same(
        self, stack: StartStack
    ) -> None:
        with running_upstream() as upstream:
            one = stack(TEPPAN_LEASE_SECONDS="6000", TEPPAN_REDDIT_WWW_URL=upstream.url)
            sign_in(one)
            upstream.put("busy", slow_feed("busy", BUSY_SECONDS))
            worker = psutil.Process(one.pid("worker"))
            path = start_job(one, "bulk", backend="rss", subreddits=["busy"], limit=1)
            wait_until(lambda: upstream.asked("busy"), "Not asked")
            used = worker.cpu_times().user
            wait_until(lambda: worker.cpu_times().user > used + 1, "It does not read the page")
            upstream.put("busy", slow_feed("busy", 0))
            worker.terminate()
            told_at = time.monotonic()
            wait_until(lambda: WARM in one.log(), "Not heard")
            worker.terminate()
            wait_until(lambda: not worker.is_running(), "The worker does not end", BUSY_SECONDS)
            # Not by the page's end: what a busy machine adds is less.
            assert time.monotonic() - told_at < GRACE_SECONDS + LATE_SECONDS
            assert one.log().count(WARM) == 2
            wait_for_job(one, path, status="completed", attempt=2, posts_scraped=1)


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
