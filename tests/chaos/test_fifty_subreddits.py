"""Fifty subreddits, an upstream that misbehaves, and a worker that is killed three times."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from data_provider.sandbox.tokens import SCRIPT_CLIENT
from data_provider.sandbox.world import World, post_id
from tests.chaos.line import JOBS
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.conftest import StartLine
    from tests.chaos.line import Line

pytestmark = pytest.mark.timeout(400)

UNAVAILABLE = {"private": "private", "banned": "banned"}
KILLS = 3
# Two pages, of which the second is short.
LIMIT = 110
# Forty-eight listings of two pages, with a dozen waits and three new workers.
PATIENCE_SECONDS = 300

FAULTS: list[dict[str, Any]] = [
    {"path": "^/r/", "probability": 0.05, "action": "status", "status": 429, "retry_after": 2},
    {"path": "^/r/", "probability": 0.02, "action": "status", "status": 500},
    {"path": "^/r/", "nth": 40, "action": "stall"},
    {"subreddit": "", "times": 1, "action": "wall_403"},
]


@pytest.fixture
def troubled(start_line: StartLine) -> Iterator[Line]:
    """A line whose two sources, the site and the official API, are the same simulated Reddit."""
    with start_line(
        TEPPAN_LEASE_SECONDS="30",
        TEPPAN_AUTO_ORDER="native_json,oauth",
        TEPPAN_REDDIT_CLIENT_ID=SCRIPT_CLIENT[0],
        TEPPAN_REDDIT_CLIENT_SECRET=SCRIPT_CLIENT[1],
        TEPPAN_REQUESTS_PER_MINUTE_NATIVE_JSON="0",
        TEPPAN_REQUESTS_PER_MINUTE_OAUTH="0",
        reads_reddit=True,
    ) as line:
        yield line


def newest_posts(number: int) -> tuple[list[str], set[str]]:
    """Return so many subreddits, and the posts that a job of all of them has to find."""
    chosen = [one for one in World().ordinary if one.post_count >= LIMIT][:number]
    assert len(chosen) == number
    newest = {
        f"t3_{post_id(one, index)}"
        for one in chosen
        for index in range(one.post_count - LIMIT, one.post_count)
    }
    return [one.name for one in chosen], newest


def test_j25_ends_partial_naming_the_two_that_cannot_be_read(troubled: Line) -> None:
    person = troubled.person()
    ordinary, expected = newest_posts(48)
    names = [*ordinary[:10], "private", *ordinary[10:30], "banned", *ordinary[30:]]
    walled = ordinary[5]
    troubled.reddit.add_faults(*FAULTS[:-1], {**FAULTS[-1], "subreddit": walled})
    wish = {"project": person.project, "mode": "bulk", "backend": "auto", "limit": LIMIT}
    job = person.call("POST", JOBS, {"subreddits": names, "parallelism": 3, **wish})["id"]
    for turn in range(KILLS):
        enough = (turn + 1) * LIMIT * 10
        wait_until(
            lambda enough=enough: person.job(job)["posts_scraped"] >= enough,  # type: ignore[misc]
            "The job does not move",
            PATIENCE_SECONDS / 3,
        )
        troubled.kill_worker()
    shown = person.wait(job, "partial", PATIENCE_SECONDS)
    named = {error["subreddit"]: error["code"] for error in shown["errors"]}
    assert named == UNAVAILABLE, shown["errors"]
    # A machine that stalls for a lease hands it on once more.
    assert shown["attempt"] > KILLS
    stored = Counter(post["id"] for post in person.listed(f"{JOBS}{job}/posts/?page_size=200"))
    assert set(stored.values()) == {1}
    assert set(stored) == expected
    fetched = Counter(
        (one["subreddit"], *parse_qs(one["query"]).get("after", []))
        for one in troubled.reddit.requests()
        if one["status"] == 200 and one["subreddit"]
    )
    assert max(fetched.values()) <= 2
    codes = {event["data"]["code"] for event in person.events(job) if event["type"] == "notice"}
    # A refusal before the wall may have led AUTO round it.
    assert "taken_over" in codes
    assert codes & {"blocked", "rate_limited"}
