"""Who may watch, how many, and what is left behind by those who go."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg
import pytest

from tests.chaos.cut import connect, reset
from tests.chaos.line import PASSWORD, durable, ids, posts, until_deadline
from tests.chaos.upstream import lay_numbered, page_of, post_of
from tests.services import wait_until
from tests.sse import AsyncStream, Stream, open_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.conftest import StartLine
    from tests.chaos.line import Line, Person

# A stream ends so soon after the loss of its right.
END_SECONDS = 5
VIEWERS = 200
# The web process's grace, and what 200 goodbyes cost on a busy machine.
CLOSING_SECONDS = 2 + 2
# How late a busy machine may notice what is no promise of the test's.
LATE_SECONDS = 10
# Far more than the kernel keeps for a connection that nobody reads, and no words to be indexed.
HEAVY_POSTS, HEAVY_TEXT = 100, "- " * 19_000


class TestRight:
    @pytest.mark.parametrize(
        "loss", ["session ended", "password changed", "token deleted", "disabled", "user deleted",
                 "project deleted"]
    )  # fmt: skip
    def test_s20_the_stream_ends_with_it(self, fragile: Line, loss: str) -> None:
        # Its access tokens live long: another end than theirs cannot be mistaken for it.
        line, person = fragile, fragile.person()
        # Left alone it ends, and keeps no worker busy.
        job = person.start("stalled", on_disconnect="stop")
        stream = stream_of(person, job, loss)
        stream.take(1)
        take_away(line, person, loss)
        lost_at = time.monotonic()
        rest = list(until_deadline(stream, END_SECONDS))
        assert time.monotonic() - lost_at < END_SECONDS
        assert "auth" not in [message.event for message in rest]
        stream.close()

    def test_s20_a_viewer_that_does_not_read_is_cut_off(self, line: Line) -> None:
        person = line.person()
        lay_numbered(line.upstream, "heavy", pages=3, size=HEAVY_POSTS, selftext=HEAVY_TEXT)
        job = person.start("heavy", backend="native_json", limit=1000)
        wait_until(lambda: line.metric("teppan_open_streams") == 0, "Others watch")
        headers = {"Authorization": f"Bearer {person.token}"}
        with connect(person.stream_url(job), headers, buffer=4096) as deaf:
            for pages in (1, 2):
                line.upstream.let("heavy")
                wait_until(
                    lambda pages=pages: person.job(job)["posts_scraped"] == pages * HEAVY_POSTS,
                    "Not stored",
                )
            assert line.metric("teppan_open_streams") == 1
            take_away(line, person, "project deleted")
            left = lambda: line.metric("teppan_open_streams") == 0  # noqa: E731
            wait_until(left, "It is still served", END_SECONDS)
            rest = b""
            while received := deaf.recv(65536):
                rest = (rest + received)[-100:]
        assert not rest.endswith(b"0\r\n\r\n")

    def test_s19_ends_with_the_access_token_and_goes_on_with_the_next(
        self, line: Line, person: Person
    ) -> None:
        line.slow("cooking", 1000)
        job = person.start("cooking", limit=600)
        session = person.clients[0]
        access = person.sign_in()
        seen: list[Any] = []
        for _ in range(10):
            headers = {"Authorization": f"Bearer {access}"}
            if seen:
                headers["Last-Event-ID"] = durable(seen)[-1].id
            with Stream(person.stream_url(job), headers, timeout=30) as stream:
                seen += list(until_deadline(stream))
            if seen[-1].event != "auth":
                break
            refreshed = session.post("/api/auth/token/refresh/", json={})
            access = refreshed.json()["access"]
        assert [message.event for message in seen].count("auth") >= 1
        assert seen[-1].event == "complete"
        assert ids(seen) == [event["id"] for event in person.events(job)]
        assert len(set(posts(seen))) == len(posts(seen)) == 600


def stream_of(person: Person, job: int, loss: str) -> Stream:
    if loss not in ("session ended", "password changed"):
        return person.stream(job)
    access = person.sign_in()
    return Stream(person.stream_url(job), {"Authorization": f"Bearer {access}"}, timeout=30)


def take_away(line: Line, person: Person, loss: str) -> None:
    me = "/api/auth/me/"
    password = {"current_password": PASSWORD, "new_password": PASSWORD + "!"}
    actions: dict[str, Callable[[], object]] = {
        "session ended": lambda: person.call("POST", "/api/auth/logout/", {"all": True}),
        "password changed": lambda: person.call("POST", "/api/auth/password/", password),
        "token deleted": lambda: delete_tokens(person),
        "disabled": lambda: line.execute(
            "UPDATE projects_user SET is_active = ? WHERE username = ?", False, person.name
        ),
        "user deleted": lambda: person.call("DELETE", me, {"password": PASSWORD}),
        "project deleted": lambda: person.call("DELETE", f"/api/projects/{person.project}/"),
    }
    actions[loss]()


def delete_tokens(person: Person) -> None:
    for token in list(person.listed("/api/auth/api-tokens/")):
        person.call("DELETE", f"/api/auth/api-tokens/{token['id']}/")


class TestNumber:
    def test_s30_the_51st_stream_of_a_user_is_refused(self, line: Line, person: Person) -> None:
        job = person.start("stalled")
        with ExitStack() as streams:
            for _ in range(50):
                opened = streams.enter_context(person.stream(job))
                assert opened.head.status == 200
            refused = person.clients[0].get(f"/api/scraper/jobs/{job}/stream/")
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
            assert refused.headers["content-type"] == "application/json"
            other = line.person()
            with other.stream(other.start("tiny")) as stream:
                assert stream.head.status == 200
            opened.close()
            wait_until(lambda: is_admitted(person, job), "A place that was left is not given", 5)
        person.cancel(job)

    def test_s30_counts_over_all_web_processes(self, start_line: StartLine) -> None:
        with start_line(webs=2, TEPPAN_MAX_STREAMS_PER_USER="4") as few, ExitStack() as streams:
            person = few.person()
            job = person.start("stalled")
            opened = [streams.enter_context(person.stream(job, via=n % 2)) for n in range(4)]
            assert [one.head.status for one in opened] == [200] * 4
            for client in person.clients:
                assert client.get(f"/api/scraper/jobs/{job}/stream/").status_code == 429
            opened[0].close()
            wait_until(lambda: is_admitted(person, job, via=1), "What was left is not given")
            few.stack.kill("web-2")
            wait_until(lambda: is_admitted(person, job, number=3), "The dead keep their places", 60)

    def test_s21_500_lost_clients_leave_nothing_behind(self, line: Line, person: Person) -> None:
        line.upstream.lay("lost", [page_of([post_of("lost", 1)])], gated=True)
        job = person.start("lost", backend="native_json")
        headers = {"Authorization": f"Bearer {person.token}"}
        url = person.stream_url(job)
        with person.stream(job) as watching:
            watching.take(1)
            lose(line, url, headers, 10)
            before = footprint(line)
            for _ in range(20):
                lose(line, url, headers, 25)
            after = footprint(line)
            assert after["threads"] <= before["threads"]
            assert after["connections"] <= before["connections"] + 1
            assert person.job(job)["status"] == "running"
            line.upstream.let("lost")
            messages = list(until_deadline(watching))
        assert messages[-1].event == "complete"
        assert person.job(job)["attempt"] == len(line.upstream.asked("lost")) == 1


def is_admitted(person: Person, job: int, *, number: int = 1, via: int = 0) -> bool:
    """Tell whether so many more streams may be open at once."""
    with ExitStack() as streams:
        opened = [streams.enter_context(person.stream(job, via=via)) for _ in range(number)]
        return {one.head.status for one in opened} == {200}


def lose(line: Line, url: str, headers: dict[str, str], number: int) -> None:
    """Open streams and reset them, every other one before it was answered; one more stays."""
    for one in [connect(url, headers) for _ in range(number)][::-1]:
        if one.fileno() % 2:
            assert one.recv(1000).startswith(b"HTTP/1.1 200")
        reset(one)
    wait_until(lambda: line.metric("teppan_open_streams") == 1, "Streams are left", LATE_SECONDS)


class TestOpening:
    def test_s21_who_leaves_while_it_opens_strands_no_job(self, line: Line) -> None:
        person = line.person()
        jobs = [person.start("tiny") for _ in range(40)]
        headers = {"Authorization": f"Bearer {person.token}"}
        for turn, job in enumerate(jobs):
            opening = connect(person.stream_url(job), headers)
            # From before it was heard to after it was answered.
            time.sleep(turn / 2 / 1000)
            reset(opening)
        for job in jobs:
            assert person.wait(job, "completed")["attempt"] == 1

    def test_s02_begins_although_nobody_can_write(self, line: Line, person: Person) -> None:
        job = person.start("tiny")
        with ExitStack() as opened:
            with writing(line, job):
                stream = opened.enter_context(person.stream(job))
                (first,) = stream.take(1)
                assert first.event == "snapshot"
                assert person.job(job)["status"] == "pending"
            assert list(until_deadline(stream))[-1].event == "complete"


@contextmanager
def writing(line: Line, job: int) -> Iterator[None]:
    """Hold what a claim of the job needs: SQLite's one write lock, or its row in PostgreSQL."""
    if address := line.stack.environment["DATABASE_URL"]:
        with psycopg.connect(address) as postgres:
            postgres.execute("SELECT 1 FROM scraper_scrapingjob WHERE id = %s FOR UPDATE", [job])
            yield
        return
    sqlite = line.sqlite()
    sqlite.execute("BEGIN IMMEDIATE")
    yield
    sqlite.close()


def footprint(line: Line) -> dict[str, float]:
    """What the first web process holds; connections are the whole database's on PostgreSQL."""
    web = line.web()
    if web.environ()["DATABASE_URL"]:
        connections = line.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        )
    else:
        connections = sum(file.path.endswith("teppan.sqlite3") for file in web.open_files())
    return {"threads": line.metric("teppan_threads"), "connections": connections}


class TestShutdown:
    async def test_s16_200_streams_are_told_when_to_come_back(self, fragile: Line) -> None:
        person = await asyncio.to_thread(fragile.person)
        lay_numbered(fragile.upstream, "shutdown", pages=4)
        job = await asyncio.to_thread(person.start, "shutdown", backend="native_json")
        headers = {"Authorization": f"Bearer {person.token}"}
        async with AsyncExitStack() as opened:
            streams = [
                await opened.enter_async_context(await open_stream(person.stream_url(job), headers))
                for _ in range(VIEWERS)
            ]
            fragile.upstream.let("shutdown")
            firsts = await asyncio.gather(*(first_post(stream) for stream in streams))
            ended = fragile.web()
            ended.send_signal(signal.SIGTERM)
            told_at = time.monotonic()
            rests = await asyncio.gather(*(drain(stream) for stream in streams))
        assert max(ended_at for _, ended_at in rests) - told_at < CLOSING_SECONDS
        assert all(stream._body.is_complete for stream in streams)
        check_spread([stream.parser.retry or 0 for stream in streams])
        # Not in a thread: the leash of a process is held by the thread that started it.
        fragile.revive(ended)
        fragile.upstream.let("shutdown", 100)
        seen = [*firsts[0], *rests[0][0]]
        seen += await asyncio.to_thread(person.watch, job, durable(seen)[-1].id)
        assert seen[-1].event == "complete"
        assert ids(seen) == [event["id"] for event in await asyncio.to_thread(person.events, job)]
        assert len(set(posts(seen))) == len(posts(seen)) == 20


async def first_post(stream: AsyncStream) -> list[Any]:
    messages: list[Any] = []
    while not posts(messages):
        messages += await stream.take(1)
    return messages


def check_spread(advice: list[int]) -> None:
    assert all(500 <= retry <= 5000 for retry in advice)
    assert max(advice) - min(advice) > 3000
    assert len(set(advice)) > VIEWERS / 2


async def drain(stream: AsyncStream) -> tuple[list[Any], float]:
    messages = [message async for message in stream.messages()]
    return messages, time.monotonic()


class TestAnotherWebProcess:
    def test_s17_goes_on_and_cancels(self, pair: Line) -> None:
        person = pair.person()
        pair.slow("travel", 250)
        job = person.start("travel", limit=1000)
        seen: list[Any] = []
        for turn in itertools.cycle((0, 1)):
            with person.stream(job, seen[-1].id if seen else "", via=turn) as stream:
                part = durable(stream.take(130))
            seen += part
            if len(posts(seen)) >= 300:
                break
        begun = time.monotonic()
        with person.stream(job, seen[-1].id, via=0) as stream:
            assert person.cancel(job, via=1)["cancel_requested"]
            rest = list(until_deadline(stream))
        assert time.monotonic() - begun < LATE_SECONDS
        assert rest[-1].event == "cancelled"
        seen += durable(rest)
        assert ids(seen) == [event["id"] for event in person.events(job)]
        assert person.job(job, via=1)["attempt"] == 1

    def test_s17_both_know_the_same(self, pair: Line) -> None:
        person = pair.person()
        pair.slow("pets", 150)
        job = person.start("pets", limit=300)
        with person.stream(job, via=0) as one, person.stream(job, via=1) as other:
            assert durable(list(until_deadline(one))) == durable(list(until_deadline(other)))
        answers = [httpx.get(f"{url}/healthz").status_code for url in pair.urls]
        assert answers == [200, 200]
        assert psutil.pid_exists(pair.web().pid)
