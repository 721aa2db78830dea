"""Live jobs change hands, end and are counted once, whatever happens to who drives them."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.line import JOBS, durable, ids, posts, until_deadline
from tests.chaos.upstream import lay_numbered
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.chaos.line import Line, Person
    from tests.sse import Message, Stream

CANCEL_SECONDS = 2
# At the tests' scale of time: 30 s for viewers to come back, and the fragile line's lease of 30 s.
GRACE_SECONDS = 3
LEASE_SECONDS = 3
# How late a busy machine may notice.
LATE_SECONDS = 5


def until_post(stream: Stream, count: int = 1) -> list[Message]:
    """Return the messages up to the `count`th post."""
    seen: list[Message] = []
    while len(posts(seen)) < count:
        (message,) = stream.take(1)
        seen.append(message)
    return seen


def watch_whole(person: Person, job: int, pages: int) -> list[Message]:
    """Follow the log from its start; it holds every post of five a page, once."""
    messages = person.watch(job)
    assert len(set(posts(messages))) == len(posts(messages)) == 5 * pages
    assert ids(messages) == [event["id"] for event in person.events(job)]
    return messages


def notices(messages: list[Message]) -> list[str]:
    return [message.json()["code"] for message in messages if message.event == "notice"]


class TestUnwatched:
    def test_continue_hands_the_job_to_a_worker(self, line: Line, person: Person) -> None:
        lay_numbered(line.upstream, "handed", pages=4)
        job = person.start("handed", backend="native_json")
        with person.stream(job) as stream:
            line.upstream.let("handed")
            until_post(stream, 5)
        left_at = time.monotonic()
        statuses = set()

        def is_handed_over() -> bool:
            shown = person.job(job)
            statuses.add(shown["status"])
            return shown["attempt"] == 2

        wait_until(is_handed_over, "No worker took over", 20)
        waited = time.monotonic() - left_at
        assert GRACE_SECONDS - 0.5 < waited < GRACE_SECONDS + LATE_SECONDS
        assert statuses == {"running"}
        line.upstream.let("handed", 100)
        messages = watch_whole(person, job, pages=4)
        assert messages[-1].json()["status"] == "completed"
        assert notices(messages) == ["taken_over"]

    @pytest.mark.parametrize(("pages", "status"), [(1, "partial"), (0, "failed")])
    def test_stop_ends_the_job(self, line: Line, person: Person, pages: int, status: str) -> None:
        name = f"stopped{pages}"
        lay_numbered(line.upstream, name, pages=4)
        job = person.start(name, backend="native_json", on_disconnect="stop")
        with person.stream(job) as stream:
            if pages:
                line.upstream.let(name, pages)
            until_post(stream, 5 * pages)
            wait_until(lambda: len(line.upstream.asked(name)) == pages + 1, "Nothing was asked")
        shown = person.wait(job, status, GRACE_SECONDS + LATE_SECONDS)
        assert shown["posts_scraped"] == 5 * pages
        assert shown["attempt"] == 1
        assert shown["targets"][0]["error"]["code"]
        assert len(line.upstream.asked(name)) == pages + 1

    def test_a_job_that_nobody_opens_is_taken_by_a_worker(self, line: Line, person: Person) -> None:
        job = person.start("tiny")
        begun = time.monotonic()
        wait_until(lambda: person.job(job)["status"] != "pending", "Nobody took it", 20)
        assert GRACE_SECONDS - 0.5 < time.monotonic() - begun < GRACE_SECONDS + LATE_SECONDS
        assert person.wait(job, "completed")["posts_scraped"] == 7

    def test_a_job_that_nobody_opens_and_that_should_stop_fails(
        self, line: Line, person: Person
    ) -> None:
        job = person.start("tiny", on_disconnect="stop")
        shown = person.wait(job, "failed", GRACE_SECONDS + LATE_SECONDS)
        assert shown["posts_scraped"] == 0
        assert line.asked("tiny") == []

    def test_a_viewer_who_returns_in_time_finds_the_same_drive(
        self, line: Line, person: Person
    ) -> None:
        lay_numbered(line.upstream, "returned", pages=2)
        job = person.start("returned", backend="native_json")
        deadline = time.monotonic() + GRACE_SECONDS + 1
        while time.monotonic() < deadline:
            with person.stream(job) as stream:
                stream.take(1)
        line.upstream.let("returned", 100)
        assert notices(watch_whole(person, job, pages=2)) == []
        assert person.job(job)["attempt"] == 1
        assert len(line.upstream.asked("returned")) == 2


class TestCrash:
    def test_kill_9_of_the_driving_web_process_is_survived_by_its_viewer(
        self, fragile: Line
    ) -> None:
        ended = fragile.web()
        person, job, seen = drive_and_kill(fragile, "gaming")
        killed_at = time.monotonic()
        if len(fragile.urls) == 1:
            fragile.revive(ended)
        seen += durable(person.watch(job, seen[-1].id, via=-1))
        assert time.monotonic() - killed_at < LEASE_SECONDS + 10 + LATE_SECONDS
        fragile.revive(ended)
        whole = check_whole(person, job)
        assert [one.id for one in seen] == [one.id for one in whole]

    def test_kill_9_of_the_driving_web_process_without_viewers_is_a_workers_turn(
        self, fragile: Line
    ) -> None:
        ended = fragile.web()
        person, job, _ = drive_and_kill(fragile, "travel")
        killed_at = time.monotonic()
        fragile.revive(ended)
        person.wait(job, "completed")
        assert time.monotonic() - killed_at < LEASE_SECONDS + 10 + LATE_SECONDS
        check_whole(person, job)


def drive_and_kill(line: Line, subreddit: str) -> tuple[Person, int, list[Message]]:
    """Start a live job of a thousand posts, and kill what drives it after some of them."""
    person = line.person()
    line.slow(subreddit, 200)
    job = person.start(subreddit, limit=1000)
    with person.stream(job) as stream:
        seen = durable(until_post(stream, 150))
        line.web().send_signal(signal.SIGKILL)
    return person, job, seen


def check_whole(person: Person, job: int) -> list[Message]:
    whole = durable(person.watch(job))
    assert [one.id for one in whole] == [event["id"] for event in person.events(job)]
    assert len(set(posts(whole))) == len(posts(whole)) == 1000
    assert notices(whole) == ["taken_over"]
    return whole


class TestCancel:
    def test_j19_while_upstream_says_nothing(self, line: Line, person: Person) -> None:
        for via in (0, -1):
            job = person.start("stalled")
            with person.stream(job) as stream:
                stream.take(1)
                wait_until(lambda: line.asked("stalled"), "Upstream was not asked", 5)
                begun = time.monotonic()
                shown = person.cancel(job, via=via)
                rest = list(until_deadline(stream, 10))
                assert time.monotonic() - begun < CANCEL_SECONDS
            assert shown["cancel_requested"]
            assert rest[-1].event == "cancelled"
            assert rest[-1].json() == {"posts_scraped": 0}
            assert person.job(job)["status"] == "cancelled"
            line.reddit.clear_requests()

    def test_j18_of_a_waiting_job_is_its_end(self, line: Line, person: Person) -> None:
        # A worker gives one user three quarters of its 32 slots.
        blocking = [person.start("stalled", mode="bulk") for _ in range(24)]
        wait_until(
            lambda: {person.job(one)["status"] for one in blocking} == {"running"}, "Slots are free"
        )
        for mode in ("stream", "bulk"):
            job = person.start("tiny", mode=mode)
            assert person.cancel(job)["status"] == "cancelled"
        for one in blocking:
            person.cancel(one)
        for one in blocking:
            person.wait(one, "cancelled")
        after = person.start("empty", mode="bulk")
        person.wait(after, "completed")
        assert person.job(job)["status"] == "cancelled"
        assert person.job(job)["attempt"] == 0
        assert line.asked("tiny") == []
        types = [event["type"] for event in person.events(job)]
        assert types == ["target", "cancelled"]

    def test_j21_again_changes_nothing(self, line: Line, person: Person) -> None:
        lay_numbered(line.upstream, "twice", pages=4)
        job = person.start("twice", backend="native_json")
        with person.stream(job) as stream:
            line.upstream.let("twice")
            until_post(stream, 5)
            person.cancel(job)
            person.cancel(job)
            assert list(until_deadline(stream))[-1].event == "cancelled"
        before, events = person.job(job), person.events(job)
        assert before["posts_scraped"] == 5
        for _ in range(2):
            assert person.cancel(job) == before
        assert person.job(job) == before
        assert person.events(job) == events
        assert [event["type"] for event in events].count("cancelled") == 1
        line.upstream.let("twice", 100)

    def test_j21_of_a_completed_job_changes_nothing(self, line: Line, person: Person) -> None:
        job = person.start("tiny")
        person.watch(job)
        before = person.job(job)
        assert before["status"] == "completed"
        assert person.cancel(job) == before == person.job(job)


class TestIdempotencyKey:
    @pytest.fixture
    def threads(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(10) as threads:
            yield threads

    def test_j17_ten_at_once_make_one_job(
        self, line: Line, person: Person, threads: ThreadPoolExecutor
    ) -> None:
        project = person.new_project()
        body = {"project": project, "mode": "bulk", "backend": "sandbox", "subreddits": ["tiny"]}

        def post(turn: int) -> httpx.Response:
            client = person.clients[turn % len(person.clients)]
            return client.post(JOBS, json=body, headers={"Idempotency-Key": "once"})

        answers = list(threads.map(post, range(10)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.text for answer in answers}) == 1
        assert len({answer.headers["location"] for answer in answers}) == 1
        jobs: list[Any] = list(person.listed(f"{JOBS}?project={project}"))
        assert [job["id"] for job in jobs] == [answers[0].json()["id"]]
        person.wait(jobs[0]["id"], "completed")
        assert len(line.asked("tiny")) == 1
        other = person.clients[0].post(
            JOBS, json={**body, "limit": 3}, headers={"Idempotency-Key": "once"}
        )
        assert other.status_code == 409
