"""What happens at the same moment ends as one thing: cancels, ends, crashes and writes."""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.inside import Inside
from tests.chaos.line import (
    JOBS,
    PATIENCE_SECONDS,
    ids,
    posts,
    standing_still,
    until_deadline,
)
from tests.chaos.test_bulk_jobs import (
    RECOVERY_SECONDS,
    check_whole,
    gated,
    silent_runs,
    start_bulk,
)
from tests.chaos.upstream import lay_numbered, slow_feed
from tests.services import wait_until
from tests.stack import is_alive

if TYPE_CHECKING:
    from tests.chaos.line import Line, Person

ENDS = ("cancelled", "complete", "failed")
RACERS, RACES_EACH = 4, 10
# Jobs that end while their workers are killed.
ENDING, KILLS = 40, 3
# A worker may hold none of them at the moment of its kill; it is let go and looked at again.
CATCHES = 40
# A page whose reader looks neither left nor right. At the tests' scale a run that was told to stop
# has 4 s for it; then its process has 5 to end.
BUSY_SECONDS = 20
# The minute of the scenario, in which the machine also has other tests' processes.
TRAFFIC_SECONDS = 8
WRITERS, FOLLOWERS = 4, 4
LONGEST_WRITE_SECONDS = 5


@pytest.fixture(scope="module")
def owner(crew: Line) -> Person:
    return crew.person()


def ends_of(person: Person, job: int) -> list[str]:
    return [event["type"] for event in person.events(job) if event["type"] in ENDS]


class TestCancelAndFinish:
    def test_j20_end_as_one_and_as_the_answer_says(self, crew: Line, owner: Person) -> None:
        def race(index: int) -> list[str]:
            # Later after each cancel that came first, sooner after each that came too late: they
            # close in upon the moment in question.
            pause, outcomes = 0.05 * (index + 1), []
            for _ in range(RACES_EACH):
                job = start_bulk(owner, "tiny")
                time.sleep(pause)
                answer = owner.cancel(job)
                wait_until(lambda job=job: owner.job(job)["finished_at"], "No end")  # type: ignore[misc]
                shown = owner.job(job)
                end = {"completed": "complete"}.get(shown["status"], shown["status"])
                assert ends_of(owner, job) == [end]
                was_asked = answer["cancel_requested"]
                assert (shown["status"] == "cancelled") == was_asked == shown["cancel_requested"]
                outcomes.append(end)
                pause *= 1.5 if end == "cancelled" else 0.7
            return outcomes

        with ThreadPoolExecutor(RACERS) as threads:
            outcomes = list(itertools.chain(*threads.map(race, range(RACERS))))
        assert set(outcomes) == {"cancelled", "complete"}

    @pytest.mark.parametrize("on_disconnect", ["continue", "stop"])
    def test_s23_with_a_viewer_who_leaves_at_once(
        self, crew: Line, owner: Person, on_disconnect: str
    ) -> None:
        for _ in range(4):
            name = f"left{uuid.uuid4().hex[:12]}"
            lay_numbered(crew.upstream, name, pages=4)
            job = owner.start(name, backend="native_json", on_disconnect=on_disconnect)
            start = threading.Barrier(2)
            with ThreadPoolExecutor(1) as thread, owner.stream(job) as stream:
                crew.upstream.let(name)
                while not posts(stream.take(1)):
                    pass

                def cancel(job: int = job, start: threading.Barrier = start) -> dict[str, Any]:
                    start.wait()
                    return owner.cancel(job)

                asked = thread.submit(cancel)
                start.wait()
                stream.close()
                assert asked.result()["cancel_requested"]
            shown = owner.wait(job, "cancelled")
            assert ends_of(owner, job) == ["cancelled"]
            stored = [post["id"] for post in owner.listed(f"{JOBS}{job}/posts/")]
            assert len(set(stored)) == len(stored) == shown["posts_scraped"] == 5
            with owner.stream(job, "0") as again:
                seen = list(until_deadline(again))
            assert ids(seen) == [event["id"] for event in owner.events(job)]


class TestCrash:
    def test_j14_right_after_the_commit_costs_no_job(self, crew: Line, owner: Person) -> None:
        with Inside(crew.stack) as inside, pytest.raises(AssertionError, match="failed inside"):
            inside.call("start_and_die", owner=owner.name)
        (job,) = (one["id"] for one in owner.listed(f"{JOBS}?origin=cli"))
        assert owner.wait(job, "completed", RECOVERY_SECONDS)["attempt"] == 1

    def test_j27_around_the_end_leaves_one_end_of_each(self, crew: Line) -> None:
        person, dice = crew.person(), random.Random(27)
        jobs = [start_bulk(person, "tiny") for _ in range(ENDING // 2)]
        for kill in range(KILLS):
            jobs += [start_bulk(person, "tiny") for _ in range(ENDING // 2 // KILLS)]
            number = 1 + kill % 2
            for _ in range(CATCHES):
                time.sleep(dice.random() * 0.1)
                with standing_still(crew.worker(number)):
                    if holds_a_job(crew, number):
                        crew.kill_worker(number)
                        break
                jobs.append(start_bulk(person, "tiny"))
        attempts = []
        for job in jobs:
            shown = person.wait(job, "completed", 2 * RECOVERY_SECONDS)
            assert shown["posts_scraped"] == 7
            assert ends_of(person, job) == ["complete"]
            attempts.append(shown["attempt"])
        assert max(attempts) > 1


def holds_a_job(line: Line, number: int) -> bool:
    query = "SELECT count(*) FROM scraper_scrapingjob WHERE status = 'running' AND worker LIKE ?"
    return bool(line.read(query, f"%:{line.worker(number).pid}:%"))


class TestStubborn:
    def test_j24_a_job_that_does_not_hear_its_cancel_costs_its_process_and_no_other_job(
        self, fragile: Line
    ) -> None:
        person = fragile.person()
        other_name, other = gated(fragile, person, pages=3, let=1)
        name = f"deaf{uuid.uuid4().hex[:12]}"
        fragile.upstream.put(name, slow_feed(name, BUSY_SECONDS))
        worker = fragile.worker()
        used = worker.cpu_times().user
        deaf = start_bulk(person, name, backend="rss", limit=1)
        wait_until(lambda: fragile.upstream.asked(name), "Not asked", PATIENCE_SECONDS)
        wait_until(lambda: worker.cpu_times().user > used + 1, "It does not read the page")
        assert person.cancel(deaf)["cancel_requested"]
        asked_at = time.monotonic()
        person.wait(deaf, "cancelled", BUSY_SECONDS)
        wait_until(lambda: not is_alive(worker.pid), "The process does not end", BUSY_SECONDS)
        # Ended from outside: by itself the page would have been read first.
        assert time.monotonic() - asked_at < BUSY_SECONDS
        fragile.revive_worker(worker.pid)
        fragile.upstream.let(other_name, 100)
        shown = check_whole(fragile, person, other_name, other, pages=3)
        # Given back, or lost with the process: either way its second holder did it.
        assert shown["attempt"] == 2
        assert ends_of(person, deaf) == ["cancelled"]
        slots = [start_bulk(person, "tiny") for _ in range(8)]
        for one in slots:
            assert person.wait(one, "completed")["attempt"] == 1
        assert silent_runs(fragile) == 0


class TestTraffic:
    def test_j33_writers_followers_and_claims_meet_no_lock_error(self, line: Line) -> None:
        person = line.person()
        lay_numbered(line.upstream, "traffic", pages=200)
        watched = person.start("traffic", backend="native_json", limit=1000)
        until = time.monotonic() + TRAFFIC_SECONDS
        took: list[float] = []
        jobs: list[int] = []

        def write(index: int) -> None:
            for number in itertools.count():
                if time.monotonic() > until:
                    return
                began = time.monotonic()
                jobs.append(start_bulk(person, "tiny"))
                took.append(time.monotonic() - began)
                line.upstream.let("traffic")
                if number % 3 == index % 3:
                    person.cancel(jobs[-1])

        def follow(_: int) -> set[str]:
            with person.stream(watched) as stream:
                return set(posts(list(until_deadline(stream, TRAFFIC_SECONDS + PATIENCE_SECONDS))))

        with ThreadPoolExecutor(WRITERS + FOLLOWERS) as threads:
            followers = [threads.submit(follow, index) for index in range(FOLLOWERS)]
            for writer in [threads.submit(write, index) for index in range(WRITERS)]:
                writer.result()
            line.upstream.let("traffic", 200)
            seen = [follower.result() for follower in followers]
        assert [len(one) for one in seen] == [1000] * FOLLOWERS
        took.sort()
        assert took[int(len(took) * 0.99)] < LONGEST_WRITE_SECONDS
        wait_until(lambda: not unfinished(person), "Not all end", 2 * RECOVERY_SECONDS)
        shown = list(person.listed(f"{JOBS}?page_size=200"))
        assert {one["id"] for one in shown} == {watched, *jobs}
        assert not [one for one in shown if one["errors"]]
        assert {one["status"] for one in shown} <= {"completed", "cancelled"}
        assert "database is locked" not in logs(line)


def unfinished(person: Person) -> int:
    counts = person.call("GET", f"{JOBS}counts/")
    return int(counts["pending"] + counts["running"])


def logs(line: Line) -> str:
    return "".join(file.read_text() for file in line.stack.folder.glob("*.log"))
