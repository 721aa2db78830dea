"""One claimed job, worked through: every way it can end, and what is left in between."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from common.executors import run_in_database_thread
from data_provider import (
    Banned,
    Blocked,
    CursorLost,
    InvalidResponse,
    LayoutChanged,
    Network,
    NotConfigured,
    NotFound,
    Private,
    Quarantined,
    Query,
    RateLimited,
    ScraperBackend,
    SourceError,
    SystemClock,
)
from data_provider.testing import HANG, ManualClock, ScriptedBackend, make_post, make_posts
from projects import runs
from projects.keeper import Guard, Keeper, StopReason
from scraper import selectors
from scraper.models import ScrapedPost, ScrapingJob
from scraper.runner import run_job
from tests.scraper.building import (
    claim,
    claimed_job,
    events_of,
    let_lease_expire,
    make_project,
    now_of,
    posts_of,
    target_of,
    terminal_events,
)

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)

make = sync_to_async(claimed_job)
current = sync_to_async(now_of)
target = sync_to_async(target_of)
ends = sync_to_async(terminal_events)
log = sync_to_async(events_of)
seen_by = sync_to_async(posts_of)


async def run(
    job: ScrapingJob,
    source: ScraperBackend | Callable[[str], ScraperBackend],
    guard: Guard | None = None,
) -> ScrapingJob:
    """Work on the job to its end; return it as it is then."""
    open_source = (lambda *_: source) if isinstance(source, ScraperBackend) else source
    async for _ in run_job(job, open_source, guard or Guard()):
        pass
    return await current(job)


async def error_of(job: ScrapingJob, position: int = 0) -> tuple[str, str]:
    one = await target(job, position)
    return one.status, one.error_code


class TestOutcome:
    async def test_completes_a_listing_to_its_end(self) -> None:
        job, source = await make(), ScriptedBackend([make_posts(3), make_posts(3, 3)])
        ended = await run(job, source)
        assert (ended.status, ended.posts_scraped, ended.posts_new) == ("completed", 6, 6)
        one = await target(job)
        assert (one.status, one.stopped_by, one.backend_used) == (
            "completed",
            "exhausted",
            "scripted",
        )
        assert (source.opened, source.closed, source.is_closed) == (1, 1, True)
        assert await ends(job) == ["scraping.completed"]

    async def test_completes_at_the_limit(self) -> None:
        job = await make(config={"limit": 4})
        ended = await run(job, ScriptedBackend([make_posts(3), make_posts(3, 3)]))
        assert (ended.status, ended.posts_scraped) == ("completed", 4)
        assert (await target(job)).stopped_by == "limit"

    async def test_completes_an_empty_subreddit(self) -> None:
        job = await make()
        ended = await run(job, ScriptedBackend([]))
        assert (ended.status, ended.posts_scraped) == ("completed", 0)
        assert (await log(job))[-1].data == {
            "status": "completed",
            "posts_scraped": 0,
            "posts_new": 0,
            "errors": [],
        }

    @pytest.mark.parametrize(
        "error",
        [
            Private("Members only."),
            Banned("Closed."),
            Quarantined("Opt in first."),
            NotFound("No such subreddit."),
            Blocked("A wall."),
            NotConfigured("TEPPAN_SANDBOX_URL"),
        ],
        ids=lambda error: error.code,
    )
    async def test_fails_with_the_reason_when_nothing_can_be_read(self, error: SourceError) -> None:
        job = await make()
        ended = await run(job, ScriptedBackend([error]))
        assert (ended.status, ended.error_code) == ("failed", error.code)
        assert await error_of(job) == ("failed", error.code)
        last = (await log(job))[-1]
        assert last.type == "scraping.failed"
        assert last.data == {"error": {"code": error.code, "detail": error.message}}

    async def test_fails_when_the_source_cannot_be_opened(self) -> None:
        def refuse(name: str, _: object) -> ScraperBackend:
            raise NotConfigured("TEPPAN_SANDBOX_URL")

        ended = await run(await make(), refuse)
        assert (ended.status, ended.error_code) == ("failed", "not_configured")

    async def test_a_changed_layout_keeps_its_sample_and_what_was_committed(self) -> None:
        script = [make_posts(3), LayoutChanged("Another shape.", sample="<html>new</html>")]
        job, source = await make(), ScriptedBackend(script)
        ended = await run(job, source)
        one = await target(job)
        assert (ended.status, ended.posts_scraped) == ("partial", 3)
        assert (one.status, one.error_code) == ("partial", "layout_changed")
        assert one.error_sample == "<html>new</html>"
        assert await seen_by(job) == {"t3_p0", "t3_p1", "t3_p2"}
        assert source.is_closed

    async def test_bytes_that_never_parse_end_after_five_tries(self) -> None:
        clock = ManualClock()
        job = await make()
        script = [make_posts(2), *[InvalidResponse("Not JSON.")] * 5]
        ended = await run(job, ScriptedBackend(script, clock=clock))
        assert (ended.status, len(clock.waits)) == ("partial", 4)
        assert await error_of(job) == ("partial", "invalid_response")

    async def test_lost_ground_is_never_complete(self) -> None:
        job = await make()
        ended = await run(job, ScriptedBackend([make_posts(2), CursorLost("Gone.")]))
        assert ended.status == "partial"
        assert await error_of(job) == ("partial", "cursor_lost")
        assert (await log(job))[-1].data["errors"] == [
            {"subreddit": "python", "code": "cursor_lost", "detail": "Gone."}
        ]

    async def test_records_every_wait_as_a_notice(self) -> None:
        script = [
            make_posts(1),
            RateLimited("Slow.", retry_after=7),
            Network("x"),
            make_posts(1, 1),
        ]
        job = await make()
        assert (await run(job, ScriptedBackend(script))).status == "completed"
        notices = [event.data for event in await log(job) if event.type == "job.noticed"]
        assert [notice["code"] for notice in notices] == ["rate_limited", "network"]
        assert notices[0]["retry_after"] == 7

    async def test_counts_the_requests(self) -> None:
        job = await make()
        script = [make_posts(1), Network("x"), make_posts(1, 1)]
        assert (await run(job, ScriptedBackend(script))).requests_made == 3

    async def test_leaves_out_what_scores_too_little(self) -> None:
        job = await make(config={"min_score": 2})
        posts = [*make_posts(4), make_post(9, score=None)]
        ended = await run(job, ScriptedBackend([posts]))
        assert (ended.status, await seen_by(job)) == ("completed", {"t3_p2", "t3_p3"})

    async def test_asks_for_what_the_job_wants(self) -> None:
        since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
        source = ScriptedBackend([])
        config = {"sort": "top", "time_filter": "week", "limit": 7}
        dates = {"since": since.isoformat(), "until": until.isoformat()}
        await run(await make(None, "Rust", config=config | dates), source)
        (query,) = source.queries
        asked = query.subreddit, query.sort, query.time_filter, query.limit
        assert asked == ("Rust", "top", "week", 7)
        assert (query.since, query.until) == (since, until)


class TestTargets:
    @staticmethod
    def sources(**scripts: list[Any]) -> Callable[[str], ScraperBackend]:
        """Return a source that plays a script per subreddit, in the order they are opened."""
        waiting = list(scripts.values())
        return lambda *_: ScriptedBackend(waiting.pop(0))

    async def test_some_failed_make_it_partial(self) -> None:
        job = await make(None, "one", "two", "three")
        scripts = self.sources(one=[make_posts(2)], two=[Private("x")], three=[make_posts(1, 5)])
        ended = await run(job, scripts)
        assert (ended.status, ended.posts_scraped) == ("partial", 3)
        assert [await error_of(job, n) for n in range(3)] == [
            ("completed", ""),
            ("failed", "private"),
            ("completed", ""),
        ]

    async def test_all_failed_make_it_failed(self) -> None:
        job = await make(None, "one", "two")
        ended = await run(job, self.sources(one=[Banned("Closed.")], two=[Private("x")]))
        assert (ended.status, ended.error_code) == ("failed", "banned")
        assert ended.error_detail == "None of 2 subreddits could be read. First: Closed."

    async def test_a_post_of_two_targets_counts_once(self) -> None:
        job = await make(None, "one", "two")
        ended = await run(job, self.sources(one=[make_posts(3)], two=[make_posts(3, 1)]))
        assert (ended.posts_scraped, ended.posts_new) == (4, 4)
        assert len(await seen_by(job)) == 4

    async def test_a_fault_of_ours_stays_with_its_target(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        job = await make(None, "one", "two")
        # No table holds this number: the page is refused as a whole.
        bad = [make_post(1), make_post(2, score=2**70)]
        with caplog.at_level(logging.ERROR):
            ended = await run(job, self.sources(one=[make_posts(2, 7), bad], two=[make_posts(1)]))
        one = await target(job)
        assert (ended.status, ended.posts_scraped) == ("partial", 3)
        assert (one.status, one.error_code, one.posts_scraped) == ("partial", "internal", 2)
        assert one.cursor == "1:2", "what was refused must be asked for again"
        fault = one.error_detail.split()[-1].rstrip(".")
        assert fault in caplog.text
        assert await error_of(job, 1) == ("completed", "")


class TestAtOnce:
    """Several targets of one job, in one worker."""

    NAMES = ("one", "two", "three", "four", "five")

    @staticmethod
    def opening(scripts: dict[str, list[Any]]) -> tuple[Any, dict[str, ScriptedBackend]]:
        """Return a way to open each subreddit's script, and what was opened so far."""
        opened: dict[str, ScriptedBackend] = {}

        def open_source(_: str, query: Query) -> ScraperBackend:
            source = ScriptedBackend(scripts[query.subreddit], clock=SystemClock(scale=0.001))
            opened[query.subreddit] = source
            return source

        return open_source, opened

    async def test_a_subreddit_that_keeps_us_waiting_does_not_hold_up_the_others(self) -> None:
        job, guard = await make(None, *self.NAMES, config={"parallelism": 2}), Guard()
        scripts = {name: [make_posts(2, 10 * n)] for n, name in enumerate(self.NAMES)}
        open_source, opened = self.opening(scripts | {"one": [HANG]})
        running = asyncio.ensure_future(run(job, open_source, guard))
        async with asyncio.timeout(20):
            while (await current(job)).posts_scraped < 8:
                await asyncio.sleep(0.01)
        assert set(opened) == set(self.NAMES)
        assert not opened["one"].is_closed
        guard.stop(StopReason.SHUTDOWN)
        await asyncio.wait_for(running, 5)
        assert all(source.is_closed for source in opened.values())
        assert [(await target(job, n)).status for n in range(5)] == ["running"] + 4 * ["completed"]

    async def test_never_reads_more_than_it_was_asked_for(self) -> None:
        job, guard = await make(None, *self.NAMES, config={"parallelism": 3}), Guard()
        open_source, opened = self.opening({name: [HANG] for name in self.NAMES})
        running = asyncio.ensure_future(run(job, open_source, guard))
        async with asyncio.timeout(20):
            while len(opened) < 3:
                await asyncio.sleep(0.01)
            await asyncio.gather(*(source.hanging.wait() for source in opened.values()))
        assert set(opened) == {"one", "two", "three"}
        guard.stop(StopReason.SHUTDOWN)
        await asyncio.wait_for(running, 5)

    async def test_a_failing_subreddit_stays_alone_with_its_fault(self) -> None:
        job = await make(None, *self.NAMES, config={"parallelism": 5})
        scripts = {name: [make_posts(2, 10 * n)] for n, name in enumerate(self.NAMES)}
        broken = {"two": [Private("x")], "four": [make_posts(1, 90), [make_post(1, score=2**70)]]}
        open_source, _ = self.opening(scripts | broken)
        ended = await run(job, open_source)
        assert (ended.status, ended.posts_scraped) == ("partial", 7)
        assert [(await error_of(job, n)) for n in range(5)] == [
            ("completed", ""),
            ("failed", "private"),
            ("completed", ""),
            ("partial", "internal"),
            ("completed", ""),
        ]

    async def test_a_cancel_reaches_all_of_them(self) -> None:
        job = await make(None, *self.NAMES, config={"parallelism": 5})
        open_source, opened = self.opening({name: [HANG] for name in self.NAMES})
        keeper, guard = Keeper(ScrapingJob), Guard()
        with keeper.keeping(job, guard):
            running = asyncio.ensure_future(run(job, open_source, guard))
            async with asyncio.timeout(20):
                while len(opened) < 5:
                    await asyncio.sleep(0.01)
            await run_in_database_thread(lambda: now_of(job).cancel())
            ended = await asyncio.wait_for(running, 5)
        assert ended.status == "cancelled"
        assert await ends(job) == ["scraping.cancelled"]
        assert {(await target(job, n)).status for n in range(5)} == {"cancelled"}
        assert all(source.is_closed for source in opened.values())

    async def test_the_posts_counters_and_events_are_those_of_a_run_in_order(self) -> None:
        names = [f"sub{number}" for number in range(12)]
        scripts = {
            name: [make_posts(3, 5 * n + 3 * page) for page in range(3)]
            for n, name in enumerate(names)
        }
        found = []
        for at_once in (1, 8):
            job = await make(
                await sync_to_async(make_project)(f"user{at_once}"),
                *names,
                config={"parallelism": at_once},
            )
            open_source, _ = self.opening(scripts)
            ended = await run(job, open_source)
            targets = [await target(job, n) for n in range(12)]
            numbers = [event.seq for event in await log(job)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert ended.posts_scraped == sum(one.posts_scraped for one in targets)
            assert ended.posts_new == sum(one.posts_new for one in targets)
            found.append((ended.status, ended.posts_scraped, await seen_by(job), len(numbers)))
        assert found[0] == found[1]
        assert found[0][:2] == ("completed", 64)

    async def test_a_lost_lease_ends_all_of_them(self) -> None:
        job = await make(None, *self.NAMES, config={"parallelism": 5})
        scripts: dict[str, list[Any]] = {name: [HANG] for name in self.NAMES}
        open_source, opened = self.opening(scripts | {"three": [make_posts(1), make_posts(1, 1)]})
        async with aclosing(run_job(job, open_source, Guard())) as pages:
            await anext(pages)
            await run_in_database_thread(let_lease_expire, job)
            successor = await sync_to_async(claim)(job, "another")
            assert len([page async for page in pages]) <= 1, "one page may have been on its way"
        now = await current(job)
        assert (now.worker, now.fence) == ("another", successor.fence)
        assert all(source.is_closed for source in opened.values())


async def keeps_waiting(job: ScrapingJob, source: ScriptedBackend) -> None:
    """Return once the job waits for its source: for an answer, or because it was told to."""
    async with asyncio.timeout(5):
        while not source.hanging.is_set():
            if "job.noticed" in {event.type for event in await log(job)}:
                return
            await asyncio.sleep(0.01)


class TestStop:
    @pytest.mark.parametrize(
        "wait", [HANG, RateLimited("Slow.", retry_after=600)], ids=["fetch", "429"]
    )
    async def test_j19_a_cancel_while_upstream_keeps_us_settles_within_a_second(
        self, wait: Any
    ) -> None:
        job = await make()
        source = ScriptedBackend([make_posts(3), wait, make_posts(3, 3)], clock=SystemClock())
        keeper, guard = Keeper(ScrapingJob), Guard()
        with keeper.keeping(job, guard):
            running = asyncio.ensure_future(run(job, source, guard))
            await keeps_waiting(job, source)
            started = time.monotonic()
            await run_in_database_thread(lambda: now_of(job).cancel())
            ended = await asyncio.wait_for(running, 5)
        assert time.monotonic() - started < 1
        assert (ended.status, ended.posts_scraped) == ("cancelled", 3)
        assert (source.closed, source.is_closed) == (1, True)
        assert await ends(job) == ["scraping.cancelled"]
        assert (await target(job)).status == "cancelled"

    async def test_a_cancel_between_pages_stops_at_the_next_commit(self) -> None:
        job, source = await make(), ScriptedBackend([make_posts(2), make_posts(2, 2), HANG])
        async with aclosing(run_job(job, lambda *_: source, Guard())) as pages:
            await anext(pages)
            await run_in_database_thread(lambda: now_of(job).cancel())
            assert [page async for page in pages] == []
        ended = await current(job)
        assert (ended.status, ended.posts_scraped) == ("cancelled", 2)
        assert source.is_closed

    async def test_a_lost_lease_leaves_the_row_to_its_new_worker(self) -> None:
        job, source = await make(), ScriptedBackend([make_posts(2), make_posts(2, 2)])
        async with aclosing(run_job(job, lambda *_: source, Guard())) as pages:
            await anext(pages)
            await run_in_database_thread(let_lease_expire, job)
            successor = await sync_to_async(claim)(job, "another")
            assert [page async for page in pages] == []
        now = await current(job)
        assert (now.status, now.worker, now.fence) == ("running", "another", successor.fence)
        assert now.posts_scraped == 2

    async def test_a_shutdown_gives_the_job_back(self) -> None:
        job, guard = await make(), Guard()
        source = ScriptedBackend([make_posts(2), HANG])
        running = asyncio.ensure_future(run(job, source, guard))
        await asyncio.wait_for(source.hanging.wait(), 5)
        guard.stop(StopReason.SHUTDOWN)
        now = await asyncio.wait_for(running, 5)
        assert (now.status, now.worker) == ("running", "")
        taken = await sync_to_async(runs.take_next)(ScrapingJob, "another")
        assert taken is not None
        assert (taken.pk, taken.losses) == (job.pk, 0)

    @pytest.mark.parametrize(("policy", "status"), [("continue", "running"), ("stop", "partial")])
    async def test_an_unwatched_job_goes_on_elsewhere_or_ends(
        self, policy: str, status: str
    ) -> None:
        job, guard = await make(mode="stream", config={"on_disconnect": policy}), Guard()
        source = ScriptedBackend([make_posts(2), HANG])
        running = asyncio.ensure_future(run(job, source, guard))
        await asyncio.wait_for(source.hanging.wait(), 5)
        guard.stop(StopReason.UNWATCHED)
        now = await asyncio.wait_for(running, 5)
        assert (now.status, now.posts_scraped) == (status, 2)

    async def test_the_time_limit_ends_the_unfinished_targets(self) -> None:
        job, guard = await make(None, "one", "two"), Guard()
        source = ScriptedBackend([make_posts(2), HANG])
        running = asyncio.ensure_future(run(job, source, guard))
        await asyncio.wait_for(source.hanging.wait(), 5)
        guard.stop(StopReason.TIME_LIMIT)
        assert (await asyncio.wait_for(running, 5)).status == "partial"
        assert await error_of(job, 0) == ("partial", "time_limit")
        assert await error_of(job, 1) == ("failed", "time_limit")

    async def test_a_cancel_that_comes_with_the_time_limit_is_obeyed(self) -> None:
        job, guard = await make(), Guard()
        source = ScriptedBackend([HANG])
        running = asyncio.ensure_future(run(job, source, guard))
        await asyncio.wait_for(source.hanging.wait(), 5)
        await run_in_database_thread(lambda: now_of(job).cancel())
        guard.stop(StopReason.TIME_LIMIT)
        assert (await asyncio.wait_for(running, 5)).status == "cancelled"
        assert await ends(job) == ["scraping.cancelled"]

    async def test_closed_half_way_it_gives_the_job_back(self) -> None:
        job, source = await make(), ScriptedBackend([make_posts(2), make_posts(2, 2)])
        pages = run_job(job, lambda *_: source, Guard())
        await anext(pages)
        await pages.aclose()
        now = await current(job)
        assert (now.status, now.worker, now.posts_scraped) == ("running", "", 2)
        assert (source.closed, source.is_closed) == (1, True)
        assert await sync_to_async(runs.count_claimable)(ScrapingJob) == 1

    async def test_a_cancelled_task_gives_the_job_back(self) -> None:
        job, source = await make(), ScriptedBackend([HANG])
        running = asyncio.ensure_future(run(job, source))
        await asyncio.wait_for(source.hanging.wait(), 5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await current(job)).worker == ""
        assert source.is_closed

    async def test_a_lost_database_is_a_loss_and_nobody_s_fault(self) -> None:
        job, source = await make(), Failing([make_posts(2), make_posts(2, 2)])
        with pytest.raises(OperationalError):
            await run(job, source)
        now = await current(job)
        assert (now.status, now.worker, now.posts_scraped) == ("running", "worker", 2)
        assert await error_of(job) == ("running", "")
        await run_in_database_thread(let_lease_expire, job)
        again = await sync_to_async(claim)(job)
        assert again.losses == 1
        assert (await run(again, ScriptedBackend([[], make_posts(2, 2)]))).status == "completed"


class Failing(ScriptedBackend):
    """After its first page the database is gone, as seen from where the next one is committed."""

    async def _play(self, number: int) -> Any:
        if number == 1:
            raise OperationalError("the server closed the connection unexpectedly")
        return await super()._play(number)


class TestResume:
    async def test_j26_after_crashes_it_has_the_same_posts_and_progress_never_falls(self) -> None:
        script = [make_posts(5, 5 * page) for page in range(12)]
        job = await make(config={"limit": 60})
        shown: list[float] = []
        opened: list[ScriptedBackend] = []

        def open_source(*_: object) -> ScraperBackend:
            opened.append(ScriptedBackend(script))
            return opened[-1]

        for pages_before_death in (1, 3, 0, 2, 99):
            pages = run_job(job, open_source, Guard())
            async with aclosing(pages):
                for _ in range(pages_before_death):
                    if await anext(pages, None) is None:
                        break
                    detail = await run_in_database_thread(selectors.job_detail, job.pk)
                    shown.append(detail["progress"])
                if (await current(job)).is_terminal:
                    break
                # As after kill -9: nothing is given back, another takes over when the lease ends.
                await run_in_database_thread(let_lease_expire, job)
                job = await sync_to_async(claim)(job)
        ended = await current(job)
        assert (ended.status, ended.posts_scraped, ended.posts_new) == ("completed", 60, 60)
        assert await seen_by(job) == {f"t3_p{number}" for number in range(60)}
        assert shown == sorted(shown)
        assert shown[0] > 0
        assert shown[-1] == 1
        asked = [source.cursors[0] for source in opened]
        assert asked == [None, "1:5", "4:20", "6:30"]

    async def test_j26_finished_targets_are_not_read_again(self) -> None:
        job = await make(None, "one", "two")
        source = ScriptedBackend([make_posts(2)])
        pages = run_job(job, lambda *_: source, Guard())
        await anext(pages)
        await pages.aclose()
        again = ScriptedBackend([make_posts(2, 2)])
        ended = await run(await sync_to_async(claim)(job), again)
        assert [query.subreddit for query in again.queries] == ["two"]
        assert (ended.status, ended.posts_scraped) == ("completed", 4)


class TestConcurrentJobs:
    async def test_of_one_project_share_their_posts(self) -> None:
        project = await sync_to_async(make_project)()
        jobs = [await make(project) for _ in range(4)]
        script = [make_posts(20, 10 * page) for page in range(6)]
        ended = await asyncio.gather(*(run(job, ScriptedBackend(script)) for job in jobs))
        assert [job.status for job in ended] == ["completed"] * 4
        assert {job.posts_scraped for job in ended} == {70}
        assert sum(job.posts_new for job in ended) == 70
        count = await ScrapedPost.objects.filter(project=project).acount()
        assert count == 70
