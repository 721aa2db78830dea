"""Bulk jobs at the edges: very many of them, no room to write, no time left, no database."""

from __future__ import annotations

import base64
import contextlib
import json
import resource
import signal
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from projects.slots import RUNS_AT_ONCE
from tests.chaos.line import JOBS, standing_still
from tests.chaos.test_bulk_jobs import (
    QUEUE,
    RECOVERY_SECONDS,
    check_whole,
    gated,
    posts_of,
    start_bulk,
)
from tests.services import PostgresService, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.conftest import StartLine
    from tests.chaos.line import Line, Person

# As many as a person with a script may leave for the night; one job of another waits behind them.
QUEUED = 10_000
PAYLOAD_BYTES = 2000
# What two workers may have taken while the other's job was on its way: all of their slots, once.
MOST_BEFORE = 2 * RUNS_AT_ONCE
# Enough to tell a broker that holds what was asked from one that is only told to look.
TOLD = 100
NOTE_BYTES = 16_000
MESSAGE_BYTES = 3000
# A worker that can do nothing looks for work a few times a second.
IDLE_SHARE = 0.6
# It runs from the start of the first page's wait on: a loaded machine has to store that before.
TIME_LIMIT_SECONDS = 12


def queue_copies(line: Line, job: int, number: int) -> None:
    """Queue so many copies of a job, with a large payload, as if no message had told of them."""
    payload = json.dumps({"note": "x" * PAYLOAD_BYTES})
    kept = ["project_id", "owner_id", "mode", "backend", "config", "origin", "created_at"]
    put = {"status": "'pending'", "cancel_requested": "false", "fence": "0", "worker": "''"}
    put |= {"attempt": "0", "losses": "0", "event_seq": "0", "available_at": "created_at"}
    put |= {"posts_scraped": "0", "posts_new": "0", "comments_scraped": "0", "requests_made": "0"}
    put |= {"metadata": f"'{payload}'", "error_code": "''", "error_detail": "''"}
    known = {*kept, *put, "id", "lease_until", "started_at", "finished_at", "retry_of_id"}
    others = [name for name in columns(line) if name not in known]
    names = ", ".join([*kept, *others, *put])
    values = ", ".join([*kept, *others, *put.values()])
    line.execute(
        f"INSERT INTO scraper_scrapingjob ({names}) WITH RECURSIVE copy(n) AS"  # noqa: S608
        f" (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {number})"
        f" SELECT {values} FROM scraper_scrapingjob, copy WHERE id = {job}"
    )


def columns(line: Line) -> list[str]:
    if line.stack.environment["DATABASE_URL"]:
        query = (
            "SELECT string_agg(column_name, ',') FROM information_schema.columns"
            " WHERE table_name = 'scraper_scrapingjob'"
        )
    else:
        query = "SELECT group_concat(name) FROM pragma_table_info('scraper_scrapingjob')"
    names: list[str] = line.read(query).split(",")
    return names


class TestVeryMany:
    def test_j28_the_job_of_another_does_not_wait_for_them(self, crew: Line) -> None:
        many, other = crew.person(), crew.person()
        template = start_bulk(many, "empty")
        many.wait(template, "completed")
        queue_copies(crew, template, QUEUED)
        mine = f"project_id = {many.project} AND id <> {template}"
        begun = f"SELECT count(*) FROM scraper_scrapingjob WHERE {mine} AND attempt > 0"  # noqa: S608
        try:
            wait_until(lambda: crew.read(begun) > MOST_BEFORE, "Nobody begins", 60)
            job = start_bulk(other, "tiny")
            wait_until(lambda: other.job(job)["attempt"] == 1, "The other waits", 60)
        finally:
            crew.execute(f"UPDATE scraper_scrapingjob SET status = 'cancelled' WHERE {mine}")  # noqa: S608
        assert other.wait(job, "completed", RECOVERY_SECONDS)["posts_scraped"] == 7
        # By the rows and not by the clock of a test: it looks later than the turn was taken.
        meanwhile = (
            "SELECT count(*) FROM scraper_scrapingjob AS a, scraper_scrapingjob AS b"
            " WHERE a.project_id = ? AND b.id = ?"
            " AND a.started_at > b.created_at AND a.started_at < b.started_at"
        )
        assert crew.read(meanwhile, many.project, job) <= MOST_BEFORE

    def test_j38_the_broker_holds_no_more_than_that_there_is_work(self, crew: Line) -> None:
        person = crew.person()
        note = "x" * NOTE_BYTES
        with unheard(crew), crew.broker() as broker:
            before = broker.info("memory")["used_memory"]
            queued = broker.llen(QUEUE)
            try:
                for _ in range(TOLD):
                    start_bulk(person, "empty", metadata={"note": note})
                # Whoever stopped while it waited for a message was given one.
                wait_until(lambda: broker.llen(QUEUE) >= queued + TOLD - 2, "Messages are missing")
                used = broker.info("memory")["used_memory"] - before
                messages = broker.lrange(QUEUE, 0, -1)
            finally:
                crew.execute(
                    "UPDATE scraper_scrapingjob SET status = 'cancelled' WHERE project_id = ?",
                    person.project,
                )
        assert used < TOLD * MESSAGE_BYTES
        assert max(len(message) for message in messages) < MESSAGE_BYTES
        assert not any(b"xxxx" in decoded(message) for message in messages)


@contextlib.contextmanager
def unheard(line: Line) -> Iterator[None]:
    """Let no worker hear what it is told."""
    with standing_still(line.worker(1)), standing_still(line.worker(2)):
        yield


def decoded(message: bytes) -> bytes:
    """Return a message with its arguments as they were before they were packed."""
    return message + base64.b64decode(json.loads(message)["body"])


class TestFullDisk:
    def test_j35_the_job_pauses_and_goes_on_when_there_is_room(self, crew: Line) -> None:
        person = crew.person()
        name, job = gated(crew, person, pages=4, let=1)
        with unwritable(crew):
            crew.upstream.let(name, 1)
            wait_until(lambda: len(crew.upstream.asked(name)) == 2, "Not fetched")
            busy = [crew.worker(number).cpu_times() for number in (1, 2)]
            begun = time.monotonic()
            # So long is their waiting measured, which must cost next to nothing.
            time.sleep(4)
            shown = person.job(job)
            assert (shown["status"], shown["posts_scraped"]) == ("running", 5)
            for number, was in zip((1, 2), busy, strict=True):
                now = crew.worker(number).cpu_times()
                used = now.user + now.system - was.user - was.system
                assert used < IDLE_SHARE * (time.monotonic() - begun)
        crew.upstream.let(name, 100)
        check_whole(crew, person, name, job, pages=4)


@contextlib.contextmanager
def unwritable(line: Line) -> Iterator[None]:
    """Let no worker write: SQLite's finds its disk full, PostgreSQL's its database read-only."""
    address = line.stack.environment["DATABASE_URL"]
    if address:
        name = address.rsplit("/", 1)[1]
        postgres = address.rsplit("/", 1)[0] + "/postgres"
        with psycopg.connect(postgres, autocommit=True) as connection:
            change = f"ALTER DATABASE {name} SET default_transaction_read_only"
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(f"{change} = on".encode())
            connection.execute(end, [name])
            try:
                yield
            finally:
                connection.execute(f"{change} = off".encode())
                connection.execute(end, [name])
        return
    workers = [line.worker(number) for number in (1, 2)]
    for worker in workers:
        worker.rlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for worker in workers:
            worker.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class TestTimeLimit:
    def test_j37_ends_the_job_and_keeps_what_it_has(self, start_line: StartLine) -> None:
        with start_line(TEPPAN_JOB_TIME_LIMIT_SECONDS=str(TIME_LIMIT_SECONDS)) as line:
            person = line.person()
            name, job = gated(line, person, pages=3, let=1)
            shown = person.wait(job, "partial", TIME_LIMIT_SECONDS + 30)
            assert shown["targets"][0]["error"]["code"] == "time_limit"
            assert len(posts_of(person, job)) == shown["posts_scraped"] == 5
            again = person.call("POST", f"{JOBS}{job}/retry/")["id"]
            line.upstream.let(name, 100)
            assert person.wait(again, "completed")["posts_scraped"] == 10
            slots = [start_bulk(person, "tiny") for _ in range(4)]
            for one in slots:
                person.wait(one, "completed")


class TestDatabaseRestart:
    def test_j34_workers_and_web_connect_again(self, engine: str, start_line: StartLine) -> None:
        if engine != "postgres":
            pytest.skip("the other engine has no server")
        server = PostgresService()
        server.initialise()
        server.start()
        try:
            with start_line(
                webs=1, DATABASE_URL=server.create_database(), TEPPAN_LEASE_SECONDS="30"
            ) as line:
                restart_under(line, line.person(), server)
        finally:
            server.remove()


# A crash of PostgreSQL, and the end that its operator asks for.
SIGNALS = {"crash": signal.SIGQUIT, "clean": signal.SIGINT}


def restart_under(line: Line, person: Person, server: PostgresService) -> None:
    name, job = gated(line, person, pages=4, let=1)
    waiting: dict[str, Any] = {}
    for how in ("crash", "clean"):
        server.stop(SIGNALS[how])
        answer = person.clients[0].get(f"{JOBS}{job}/")
        assert answer.status_code == 503
        server.start()
        waiting[how] = start_bulk(person, "tiny")
    line.upstream.let(name, 100)
    check_whole(line, person, name, job, pages=4)
    for one in waiting.values():
        person.wait(one, "completed", RECOVERY_SECONDS)
