"""Bulk jobs finish, once, whatever is done to the workers, the broker and the database."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.chaos.line import JOBS, PATIENCE_SECONDS, standing_still
from tests.chaos.upstream import lay_numbered, slow_feed
from tests.services import wait_until
from tests.stack import is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psutil

    from tests.chaos.line import Line, Person

# The lines' lease of 30 s, at the tests' scale of time.
LEASE_SECONDS = 3
# The promise for a job that lost its worker is its lease and 10 s; a busy machine gets 20 more.
RECOVERY_SECONDS = LEASE_SECONDS + 30
# Of a worker that holds four jobs of ten pages: twenty losses in all.
LOSSES = 5
CANCEL_SECONDS = 2
# Several answers, each of which comes in a few milliseconds, whatever has become of the broker.
ANSWER_SECONDS = 2
MANY_ANSWERS = 4
# How many leases the process of a healthy job is kept from everything else by a single page, and
# for how many it is asked: the time is tried out beforehand, on a machine that others use as well.
BUSY_LEASES, ENOUGH_LEASES = 6, 4
QUEUE = "scrape"
STORED = "SELECT posts_scraped FROM scraper_scrapingjob WHERE id = ?"


def start_bulk(person: Person, *subreddits: str, **wish: Any) -> int:
    """Start a bulk job; its id."""
    body = {"mode": "bulk", "backend": "sandbox", "project": person.project, **wish}
    return int(person.call("POST", JOBS, {"subreddits": list(subreddits), **body})["id"])


def gated(line: Line, person: Person, pages: int, let: int = 0) -> tuple[str, int]:
    """Start a job of gated pages of five posts; the subreddit and the job, `let` pages stored."""
    name = f"gated{uuid.uuid4().hex[:12]}"
    lay_numbered(line.upstream, name, pages=pages)
    job = start_bulk(person, name, backend="native_json")
    line.upstream.let(name, let)
    wait_until(
        lambda: (
            person.job(job)["posts_scraped"] == 5 * let and len(line.upstream.asked(name)) > let
        ),
        "The job does not begin",
        PATIENCE_SECONDS,
    )
    return name, job


def slow_to_a_stop(line: Line, names: list[str], *, pages: int) -> None:
    """Let so many pages of each subreddit come slowly, and keep the one after them back.

    Whoever reads them has not read all when he is killed, however late that is.
    """
    for name in names:
        line.slow(name, 400)
        line.reddit.add_faults({"subreddit": name, "nth": pages + 1, "action": "stall"})


def look_on(person: Person, jobs: dict[str, int], seen: dict[str, float], seconds: float) -> None:
    """For so long, see that the progress of no job falls below what was `seen`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name, job in jobs.items():
            progress = person.job(job)["progress"]
            assert seen[name] <= progress <= 1
            seen[name] = progress


def silent_runs(line: Line) -> float:
    """Count the jobs that run and whose worker does not say so."""
    return line.metric('teppan_running_without_heartbeat{kind="scraping"}')


def posts_of(person: Person, job: int) -> list[str]:
    return [post["id"] for post in person.listed(f"{JOBS}{job}/posts/?page_size=200")]


def check_whole(line: Line, person: Person, name: str, job: int, *, pages: int) -> dict[str, Any]:
    """The job is complete: each post once, no page asked for more than twice."""
    shown = person.wait(job, "completed", RECOVERY_SECONDS)
    found = posts_of(person, job)
    assert len(found) == len(set(found)) == shown["posts_scraped"] == 5 * pages
    asked = line.upstream.asked(name)
    assert max(asked.count(address) for address in asked) <= 2
    ends = [event["type"] for event in person.events(job)]
    assert ends.count("complete") == 1
    return shown


@pytest.fixture(scope="module")
def owner(crew: Line) -> Person:
    return crew.person()


class TestKilledWorker:
    def test_j01_the_job_goes_on_from_its_last_page(self, fragile: Line) -> None:
        person = fragile.person()
        name, job = gated(fragile, person, pages=5, let=2)
        fragile.kill_worker()
        killed_at = time.monotonic()
        wait_until(lambda: person.job(job)["attempt"] == 2, "Not taken over", RECOVERY_SECONDS)
        assert time.monotonic() - killed_at < RECOVERY_SECONDS
        assert person.job(job)["status"] == "running"
        fragile.upstream.let(name, 100)
        check_whole(fragile, person, name, job, pages=5)

    def test_j25_j26_twenty_losses_leave_no_gap_and_no_double(self, fragile: Line) -> None:
        person = fragile.person()
        names = ["gaming", "travel", "cooking", "music"]
        slow_to_a_stop(fragile, names, pages=1)
        jobs = {name: start_bulk(person, name, limit=1000) for name in names}
        seen, stored = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0)
        dice = random.Random(25)

        def have_moved(loss: int) -> bool:
            # Each of the four has stored something since the last loss: none is poison.
            shown = {name: person.job(job) for name, job in jobs.items()}
            return all(
                one["attempt"] > loss and one["posts_scraped"] > stored[name]
                for name, one in shown.items()
            )

        for loss in range(LOSSES):
            wait_until(
                lambda loss=loss: have_moved(loss),  # type: ignore[misc]
                "The jobs do not move",
                2 * RECOVERY_SECONDS,
            )
            look_on(person, jobs, seen, dice.random() * 0.4)
            with standing_still(fragile.worker()):
                # What stands still may have the database locked for all who write.
                stored = {name: fragile.read(STORED, job) for name, job in jobs.items()}
                fragile.reddit.clear_faults()
                if loss + 1 < LOSSES:
                    slow_to_a_stop(fragile, names, pages=2)
                fragile.kill_worker()
        for job in jobs.values():
            assert person.wait(job, "completed", 2 * RECOVERY_SECONDS)["attempt"] == LOSSES + 1
        asked = {name: [one["query"] for one in fragile.asked(name)] for name in names}
        unhurt = {name: start_bulk(person, name, limit=1000) for name in names}
        for name, job in jobs.items():
            found = posts_of(person, job)
            assert len(found) == len(set(found)) == person.job(job)["posts_scraped"]
            person.wait(unhurt[name], "completed", RECOVERY_SECONDS)
            assert set(found) == set(posts_of(person, unhurt[name]))
            # A loss costs the page under way and the one that was read ahead.
            pages = asked[name]
            assert len(pages) <= len(set(pages)) + 2 * LOSSES
            assert max(pages.count(page) for page in pages) <= 3

    def test_j07_a_job_that_kills_its_workers_ends_and_others_go_on(self, fragile: Line) -> None:
        person = fragile.person()
        poison = start_bulk(person, "stalled")
        for attempt in range(1, 6):
            wait_until(
                lambda attempt=attempt: (  # type: ignore[misc]
                    (shown := person.job(poison))["status"] == "failed"
                    or (shown["status"] == "running" and shown["attempt"] >= attempt)
                ),
                "Neither taken over nor ended",
                RECOVERY_SECONDS,
            )
            if person.job(poison)["status"] == "failed":
                break
            fragile.kill_worker()
        shown = person.wait(poison, "failed", RECOVERY_SECONDS)
        assert shown["targets"][0]["error"]["code"] == "worker_lost"
        assert shown["attempt"] <= 4
        other = start_bulk(person, "tiny")
        assert person.wait(other, "completed", RECOVERY_SECONDS)["posts_scraped"] == 7


class TestStoppedWorker:
    def test_j04_j39_a_zombie_writes_nothing_any_more(self, crew: Line, owner: Person) -> None:
        name, job = gated(crew, owner, pages=4, let=1)
        holder = holder_of(crew, job)
        other = 3 - holder
        with standing_still(crew.worker(holder)):
            with standing_still(crew.worker(other)):
                wait_until(lambda: silent_runs(crew) == 1, "Not told", RECOVERY_SECONDS)
            wait_until(lambda: silent_runs(crew) == 0, "Not taken over", RECOVERY_SECONDS)
            assert owner.job(job)["attempt"] == 2
            assert holder_of(crew, job) == other
            before = owner.events(job)
        # The zombie's own request is answered as well, before the new holder's.
        crew.upstream.let(name, 100)
        check_whole(crew, owner, name, job, pages=4)
        events = owner.events(job)
        assert events[: len(before)] == before
        numbers = [int(event["id"].partition(":")[0]) for event in events]
        assert numbers == sorted(numbers)
        assert owner.job(job)["attempt"] == 2

    def test_j05_no_healthy_job_is_ever_taken_away(self, crew: Line, owner: Person) -> None:
        name, waiting = gated(crew, owner, pages=2, let=1)
        busy_name = f"busy{uuid.uuid4().hex[:12]}"
        crew.upstream.put(busy_name, slow_feed(busy_name, BUSY_LEASES * LEASE_SECONDS))
        busy = start_bulk(owner, busy_name, backend="rss", limit=1)
        wait_until(lambda: crew.upstream.asked(busy_name), "Not asked", PATIENCE_SECONDS)
        holder = crew.worker(holder_of(crew, busy))
        used, began = cpu_seconds(holder), time.monotonic()
        while time.monotonic() < began + 10 * BUSY_LEASES * LEASE_SECONDS:
            assert owner.job(waiting)["attempt"] == 1
            shown = owner.job(busy)
            assert shown["attempt"] == 1
            if shown["status"] != "running" and time.monotonic() > began + 5 * LEASE_SECONDS:
                break
            time.sleep(LEASE_SECONDS / 10)
        # The page was one call of the parser, in the loop's thread, and nothing else took so long.
        assert cpu_seconds(holder) - used > ENOUGH_LEASES * LEASE_SECONDS
        assert (shown["status"], shown["attempt"], shown["posts_scraped"]) == ("completed", 1, 1)
        assert len(crew.upstream.asked(busy_name)) == 1
        crew.upstream.let(name, 100)
        # The other's page may have kept it from its answers, and it asked again.
        shown = owner.wait(waiting, "completed", RECOVERY_SECONDS)
        assert (shown["attempt"], shown["posts_scraped"]) == (1, 10)


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def holder_of(line: Line, job: int) -> int:
    """Return the number of the worker that holds a job."""
    name = line.read("SELECT worker FROM scraper_scrapingjob WHERE id = ?", job)
    pid = int(str(name).split(":")[1])
    return next(number for number in (1, 2) if pid in family(line, number))


def family(line: Line, number: int) -> set[int]:
    worker = line.worker(number)
    return {worker.pid, *(child.pid for child in worker.children(recursive=True))}


class TestDatabase:
    def test_j06_a_worker_that_is_cut_off_gives_up_and_the_job_goes_on(
        self, crew: Line, owner: Person
    ) -> None:
        name, job = gated(crew, owner, pages=4, let=1)
        with cut_off(crew):
            # Long enough for its lease to be over.
            time.sleep(2 * LEASE_SECONDS)
            # What the cut-off worker fetches now must not be stored by it.
            crew.upstream.let(name, 1)
            # So long it could try to.
            time.sleep(1)
        crew.upstream.let(name, 100)
        shown = check_whole(crew, owner, name, job, pages=4)
        assert shown["attempt"] >= 2


@contextlib.contextmanager
def cut_off(line: Line) -> Iterator[None]:
    """Keep everybody from writing: PostgreSQL takes no connection, SQLite's lock is held."""
    address = line.stack.environment["DATABASE_URL"]
    if not address:
        database = line.sqlite()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.rollback()
            database.close()
        return
    name = address.rsplit("/", 1)[1]
    with psycopg.connect(address.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        try:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


class TestBroker:
    def test_j10_a_job_submitted_while_it_is_down_runs_when_it_is_back(
        self, crew: Line, owner: Person
    ) -> None:
        crew.stack.broker.stop()  # type: ignore[attr-defined]
        try:
            asked_at = time.monotonic()
            jobs = [start_bulk(owner, "tiny") for _ in range(MANY_ANSWERS)]
            taken = time.monotonic() - asked_at
            statuses = {owner.job(job)["status"] for job in jobs}
        finally:
            crew.stack.broker.start()  # type: ignore[attr-defined]
        assert taken < MANY_ANSWERS * ANSWER_SECONDS
        assert statuses <= {"pending", "running", "completed"}
        for job in jobs:
            assert owner.wait(job, "completed", RECOVERY_SECONDS)["attempt"] == 1

    def test_j03_no_sign_of_life_is_needed_to_find_what_a_dead_worker_held(
        self, crew: Line, owner: Person
    ) -> None:
        name, held = gated(crew, owner, pages=3, let=1)
        holder = holder_of(crew, held)
        with crew.broker() as broker:
            # Who lives knows nothing of who lived.
            broker.flushall()
        crew.kill_worker(holder)
        wait_until(lambda: owner.job(held)["attempt"] == 2, "Not taken over", RECOVERY_SECONDS)
        crew.upstream.let(name, 100)
        check_whole(crew, owner, name, held, pages=3)

    def test_j11_emptied_it_costs_no_job(self, crew: Line, owner: Person) -> None:
        name, held = gated(crew, owner, pages=3, let=1)
        crew.reddit.clear_requests()
        crew.slow("tiny", 200)
        jobs = [start_bulk(owner, "tiny") for _ in range(20)]
        with crew.broker() as broker:
            # Messages, bookkeeping, and what tells that workers live.
            broker.flushall()
        for job in jobs:
            assert owner.wait(job, "completed", RECOVERY_SECONDS)["attempt"] == 1
        assert len(crew.asked("tiny")) == len(jobs)
        crew.upstream.let(name, 100)
        check_whole(crew, owner, name, held, pages=3)

    def test_j12_j15_messages_that_come_twice_or_too_early_change_nothing(
        self, crew: Line, owner: Person
    ) -> None:
        first = start_bulk(owner, "empty")
        owner.wait(first, "completed")
        crew.reddit.clear_requests()
        for number in range(first + 1, first + 4):
            send(crew, number)
        job = start_bulk(owner, "tiny")
        for _ in range(5):
            send(crew, job)
        assert owner.wait(job, "completed", RECOVERY_SECONDS)["attempt"] == 1
        assert len(crew.asked("tiny")) == 1

    def test_j29_what_nobody_understands_stops_no_worker(self, crew: Line, owner: Person) -> None:
        pids = [crew.worker(number).pid for number in (1, 2)]
        with crew.broker() as broker:
            for body in UNREADABLE:
                broker.lpush(QUEUE, body)
        send(crew, 1, task="scraper.of_another_version")
        send(crew, "no number", task="scraper.run_scraping_job")
        send(crew, 1, 2, 3, task="scraper.run_scraping_job")
        job = start_bulk(owner, "tiny")
        assert owner.wait(job, "completed", RECOVERY_SECONDS)["posts_scraped"] == 7
        assert [crew.worker(number).pid for number in (1, 2)] == pids
        assert all(is_alive(number) for number in pids)


def message_of(task: str, *arguments: Any) -> dict[str, Any]:
    """Return a message as Celery's Redis transport has it in its list."""
    number = str(uuid.uuid4())
    body = json.dumps([arguments, {}, {}]).encode()
    return {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"task": task, "id": number, "root_id": number, "lang": "py"},
        "properties": {
            "correlation_id": number,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": number,
        },
    }


def send(line: Line, *arguments: Any, task: str = "scraper.run_scraping_job") -> None:
    with line.broker() as broker:
        broker.lpush(QUEUE, json.dumps(message_of(task, *arguments)))


_BROKEN = message_of("scraper.run_scraping_job", 1)
UNREADABLE = [
    json.dumps({**_BROKEN, "body": "bm90IGpzb24="}),
    json.dumps({**_BROKEN, "content-type": "application/x-python-serialize"}),
    json.dumps({**_BROKEN, "headers": {}}),
]


class TestCancel:
    def test_j19_while_it_fetches_waits_and_stores(self, crew: Line, owner: Person) -> None:
        crew.reddit.add_faults(
            {
                "subreddit": "music",
                "paged": True,
                "action": "status",
                "status": 429,
                "retry_after": 100,
            },
            {"subreddit": "travel", "posts_per_second": 500},
        )
        try:
            jobs = [start_bulk(owner, "stalled")]
            wait_until(lambda: crew.asked("stalled"), "Not asked")
            # The refusal comes last: it keeps everybody away.
            for name, limit in (("travel", 1000), ("music", 500)):
                jobs.append(start_bulk(owner, name, limit=limit))
                wait_until(lambda: owner.job(jobs[-1])["posts_scraped"], "Nothing stored")
            for job in jobs:
                asked_at = time.monotonic()
                owner.cancel(job)
                shown = owner.wait(job, "cancelled", 10 * CANCEL_SECONDS)
                assert time.monotonic() - asked_at < CANCEL_SECONDS
                assert shown["posts_scraped"] == len(posts_of(owner, job))
                types = [event["type"] for event in owner.events(job)]
                assert types.count("cancelled") == 1
                assert types[-1] == "cancelled"
        finally:
            crew.reddit.clear_faults()
            # The refusals closed the simulated Reddit for all, for longer than the next tests wait.
            with crew.broker() as broker:
                broker.delete("teppan:pace:closed")

    def test_j22_of_a_job_whose_worker_dies_is_its_end(self, crew: Line, owner: Person) -> None:
        name, job = gated(crew, owner, pages=3, let=1)
        holder = holder_of(crew, job)
        crew.worker(holder).suspend()
        assert owner.cancel(job)["cancel_requested"]
        crew.kill_worker(holder)
        shown = owner.wait(job, "cancelled", RECOVERY_SECONDS)
        assert (shown["attempt"], shown["posts_scraped"]) == (1, 5)
        crew.upstream.let(name, 100)


class TestOtherVersions:
    def test_j31_what_a_newer_version_left_harms_no_older_one(
        self, crew: Line, owner: Person
    ) -> None:
        strange, waiting = start_bulk(owner, "empty"), start_bulk(owner, "tiny")
        owner.wait(strange, "completed")
        owner.wait(waiting, "completed")
        crew.execute("UPDATE scraper_scrapingjob SET status = 'paused' WHERE id = ?", strange)
        assert owner.job(strange)["status"] == "paused"
        assert list(owner.listed(f"{JOBS}?page_size=100"))
        job = start_bulk(owner, "tiny")
        assert owner.wait(job, "completed", RECOVERY_SECONDS)["attempt"] == 1
        assert owner.job(strange)["status"] == "paused"

    def test_j31_older_workers_leave_a_newer_one_s_job_alone_until_its_lease_ends(
        self, crew: Line, owner: Person
    ) -> None:
        name, job = gated(crew, owner, pages=3, let=1)
        # The newer version has migrated, takes the job with what only it knows, and dies later.
        crew.execute("ALTER TABLE scraper_scrapingjob ADD COLUMN of_newer integer")
        try:
            config = crew.read("SELECT config FROM scraper_scrapingjob WHERE id = ?", job)
            config = json.loads(config) if isinstance(config, str) else config
            crew.execute(
                "UPDATE scraper_scrapingjob SET fence = fence + 1, attempt = 2, of_newer = 1,"
                " worker = 'worker@newer:1:0', lease_until = ?, config = ? WHERE id = ?",
                *("2999-01-01 00:00:00", json.dumps({**config, "of_newer": [1]}), job),
            )
            send(crew, job, {"of": "newer"}, task="scraper.of_a_newer_version")
            crew.upstream.let(name, 1)
            deadline = time.monotonic() + LEASE_SECONDS
            while time.monotonic() < deadline:
                send(crew, job)
                shown = owner.job(job)
                assert (shown["status"], shown["attempt"], shown["posts_scraped"]) == (
                    "running", 2, 5,
                )  # fmt: skip
                time.sleep(LEASE_SECONDS / 10)
            crew.execute(
                "UPDATE scraper_scrapingjob SET lease_until = ? WHERE id = ?",
                *("2001-01-01 00:00:00", job),
            )
            crew.upstream.let(name, 100)
            assert check_whole(crew, owner, name, job, pages=3)["attempt"] == 3
            assert owner.wait(start_bulk(owner, "tiny"), "completed")["attempt"] == 1
        finally:
            crew.execute("ALTER TABLE scraper_scrapingjob DROP COLUMN of_newer")
