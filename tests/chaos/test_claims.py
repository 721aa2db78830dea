"""Very many claimers at once, in processes and threads of their own, of very many waiting jobs."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.chaos.inside import Inside
from tests.threads import at_once

if TYPE_CHECKING:
    from tests.conftest import StartServers

JOBS = 4000
OWNERS = 4
PROCESSES, THREADS = 4, 5
EACH = JOBS // (PROCESSES * THREADS)


class TestClaims:
    def test_j32_twenty_claimers_take_no_job_of_four_thousand_twice(
        self, servers: StartServers
    ) -> None:
        # A lease that outlasts the test: what is claimed stays claimed.
        stack = servers(web=0, workers=0, TEPPAN_LEASE_SECONDS="60000")
        with ExitStack() as open_things:
            crowd = [open_things.enter_context(Inside(stack)) for _ in range(PROCESSES)]
            jobs = crowd[0].call("queue_jobs", number=JOBS, owners=OWNERS)
            results = at_once(
                PROCESSES,
                lambda index: crowd[index].call("claim_jobs", claimers=THREADS, each=EACH),
            )
            left = crowd[0].call("untouched")
        failed = [result for result in results if isinstance(result, Exception)]
        assert not failed, failed
        claims = Counter(tuple(claim) for result in results for claim in result)  # type: ignore[union-attr]
        assert set(claims.values()) == {1}
        assert {fence for _, fence in claims} == {1}
        assert {job for job, _ in claims} == set(jobs)
        assert left == 0
