"""The comments of a job's posts: all of them, once, whatever stops the job on the way."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async

from common.executors import run_in_database_thread
from data_provider import (
    Blocked,
    Capabilities,
    Comment,
    Exhausted,
    InvalidResponse,
    LayoutChanged,
    Network,
    NotFound,
    get_scraper,
)
from data_provider.base import ThreadAnswer
from data_provider.sandbox.threads import thread_of
from data_provider.sandbox.world import World
from data_provider.testing import HANG, ManualClock, ScriptedBackend, make_comment, make_posts
from projects.keeper import Guard, StopReason
from scraper import selectors, services
from scraper.models import JobPost, ScrapedComment, ScrapedPost, ScrapingTarget
from scraper.runner import run_job
from scraper.sources import provider_config
from tests.scraper.building import (
    claim,
    claimed_job,
    events_of,
    let_lease_expire,
    now_of,
    stored,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider import Post, ScraperBackend
    from data_provider.sandbox.testing import SandboxServer
    from scraper.models import ScrapingJob
    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

target = sync_to_async(target_of)
current = sync_to_async(now_of)


def talked_about(amount: int, start: int = 0) -> list[Post]:
    return [post.model_copy(update={"num_comments": 3}) for post in make_posts(amount, start)]


def thread(post: Post, amount: int = 2) -> list[Comment]:
    """Comments whose ids no other post has."""
    number = int(post.id.removeprefix("t3_p"))
    first = make_comment(number * 100, post_id=post.id, parent_id=post.id)
    others = [
        make_comment(number * 100 + n, number * 100, depth=1, post_id=post.id)
        for n in range(1, amount)
    ]
    return [first, *others]


def threads_of(*pages: Sequence[Post]) -> dict[str, Any]:
    return {post.id: thread(post) for page in pages for post in page}


async def make(config: dict[str, Any] | None = None) -> ScrapingJob:
    wish = {"include_comments": True} | (config or {})
    return await sync_to_async(claimed_job)(config=wish)


async def run(job: ScrapingJob, source: ScraperBackend, guard: Guard | None = None) -> ScrapingJob:
    async for _ in run_job(job, lambda *_: source, guard or Guard()):
        pass
    return await current(job)


PAGES = (talked_about(3), talked_about(3, 3))


class TestComments:
    async def test_of_every_post_are_stored_with_how_complete_they_are(self) -> None:
        job, source = await make(), ScriptedBackend(PAGES, threads=threads_of(*PAGES))
        ended = await run(job, source)
        assert (ended.status, ended.posts_scraped, ended.comments_scraped) == ("completed", 6, 12)
        one = await target(job)
        assert (one.status, one.comments_scraped, one.comments_due) == ("completed", 12, 0)
        post = await sync_to_async(stored)("t3_p0")
        assert (post.comments_fetched, post.comments_expected) == (2, 3)
        assert post.comments_fetched_at is not None
        assert await ScrapedComment.objects.acount() == 12
        assert source.read == [f"t3_p{number}" for number in range(6)]

    async def test_are_not_asked_for_where_there_are_none(self) -> None:
        silent = [make_posts(1)[0].model_copy(update={"num_comments": None}), *make_posts(2, 1)]
        job, source = await make(), ScriptedBackend([silent])
        assert (await run(job, source)).status == "completed"
        assert source.read == ["t3_p0"]

    async def test_are_left_alone_unless_asked_for(self) -> None:
        job = await make({"include_comments": False})
        source = ScriptedBackend(PAGES, threads=threads_of(*PAGES))
        assert (await run(job, source)).comments_scraped == 0
        assert source.read == []

    async def test_come_up_to_the_limit(self) -> None:
        page = talked_about(1)
        job = await make({"comment_limit": 2})
        ended = await run(job, ScriptedBackend([page], threads={"t3_p0": thread(page[0], 9)}))
        assert ended.comments_scraped == 2

    async def test_come_to_the_depth(self) -> None:
        page = talked_about(1)
        answers = [comment.model_copy(update={"depth": 0}) for comment in thread(page[0], 2)]
        deeper = [comment.model_copy(update={"depth": 1}) for comment in thread(page[0], 9)[2:]]
        job = await make({"comment_depth": 1, "comment_limit": 5})
        source = ScriptedBackend([page], threads={"t3_p0": [*deeper, *answers]})
        assert (await run(job, source)).comments_scraped == 2

    async def test_are_counted_by_the_thread_where_the_listing_did_not(self) -> None:
        class Counting(ScriptedBackend):
            async def thread(self, post_id: str, **how: Any) -> ThreadAnswer:
                return replace(await super().thread(post_id, **how), expected=9)

        page = [post.model_copy(update={"num_comments": None}) for post in talked_about(1)]
        known = talked_about(1, 1)
        pages = (page, known)
        await run(await make(), Counting(pages, threads=threads_of(*pages)))
        posts = [await sync_to_async(stored)(post.id) for post in (*page, *known)]
        assert [(post.comments_fetched, post.comments_expected) for post in posts] == [
            (2, 9),
            (2, 3),
        ]

    async def test_tell_the_log_after_each_thread(self) -> None:
        job = await make()
        await run(job, ScriptedBackend(PAGES, threads=threads_of(*PAGES)))
        log = await sync_to_async(events_of)(job)
        told = [event.data for event in log if event.type == "target.changed"]
        counts = [(data["comments_scraped"], data["comments_due"]) for data in told]
        assert counts[1:5] == [(0, 3), (2, 2), (4, 1), (6, 0)]

    async def test_never_let_progress_fall_and_end_at_one(self) -> None:
        job = await make({"limit": 6})
        shown = []
        source = ScriptedBackend(PAGES, threads=threads_of(*PAGES))
        async for _ in run_job(job, lambda *_: source, Guard()):
            detail = await run_in_database_thread(selectors.job_detail, job.pk)
            shown.append(detail["progress"])
        assert shown == sorted(shown)
        assert shown[-2] < 1
        detail = await run_in_database_thread(selectors.job_detail, job.pk)
        assert detail["progress"] == 1


class TestResume:
    @pytest.mark.parametrize("steps", range(1, 9))
    async def test_after_a_crash_reads_each_thread_once(self, steps: int) -> None:
        job, threads = await make(), threads_of(*PAGES)
        first = ScriptedBackend(PAGES, threads=threads)
        pages = run_job(job, lambda *_: first, Guard())
        async with aclosing(pages):
            for _ in range(steps):
                await anext(pages)
            # As after kill -9: nothing is given back.
            await run_in_database_thread(let_lease_expire, job)
            job = await sync_to_async(claim)(job)
        second = ScriptedBackend(PAGES, threads=threads)
        ended = await run(job, second)
        assert (ended.status, ended.posts_scraped, ended.comments_scraped) == ("completed", 6, 12)
        assert await ScrapedComment.objects.acount() == 12
        done = steps - 1 if steps <= 4 else steps - 2
        assert first.read[:done] + second.read == [f"t3_p{number}" for number in range(6)]

    async def test_a_cancel_within_a_hanging_thread_is_obeyed_and_a_retry_goes_on(self) -> None:
        job, guard = await make(), Guard()
        threads: dict[str, Any] = threads_of(*PAGES)
        source = ScriptedBackend(PAGES, threads=threads | {"t3_p1": HANG})
        running = asyncio.ensure_future(run(job, source, guard))
        await asyncio.wait_for(source.hanging.wait(), 5)
        await run_in_database_thread(lambda: now_of(job).cancel())
        guard.stop(StopReason.CANCELLED)
        stopped = await asyncio.wait_for(running, 5)
        assert (stopped.status, stopped.comments_scraped) == ("cancelled", 2)
        again = await sync_to_async(services.retry_job)(stopped, origin="api")
        assert (await target(again)).comments_due == 2
        other = ScriptedBackend(PAGES, threads=threads)
        ended = await run(await sync_to_async(claim)(again), other)
        assert (ended.status, ended.posts_scraped, ended.comments_scraped) == ("completed", 3, 10)
        assert other.read == [f"t3_p{number}" for number in range(1, 6)]
        assert not await JobPost.objects.exclude(comments_due_for=None).aexists()

    async def test_after_the_last_page_reads_no_listing_again(self) -> None:
        job, page = await make(), talked_about(3)
        pages = run_job(job, lambda *_: ScriptedBackend([page]), Guard())
        await anext(pages)
        await pages.aclose()
        assert (await target(job)).status == "running"
        second = ScriptedBackend([page], threads=threads_of(page))
        ended = await run(await sync_to_async(claim)(job), second)
        assert (ended.status, ended.comments_scraped, second.opened) == ("completed", 6, 0)


class TestFailure:
    async def test_of_a_post_that_is_gone_costs_its_comments_only(self) -> None:
        threads = threads_of(*PAGES) | {"t3_p1": NotFound("gone")}
        job = await make()
        ended = await run(job, ScriptedBackend(PAGES, threads=threads))
        assert (ended.status, ended.comments_scraped) == ("completed", 10)
        post = await sync_to_async(stored)("t3_p1")
        assert (post.comments_fetched, post.comments_expected) == (0, 3)

    @pytest.mark.parametrize(
        "error",
        [
            Blocked("whoa there"),
            Exhausted([("one", LayoutChanged("new")), ("two", Blocked("whoa there"))]),
        ],
    )
    async def test_of_a_wall_ends_the_target_and_a_retry_goes_on(self, error: Any) -> None:
        threads = threads_of(*PAGES) | {"t3_p4": error}
        job = await make()
        ended = await run(job, ScriptedBackend(PAGES, threads=threads))
        one = await target(job)
        assert (ended.status, one.status, one.error_code) == ("partial", "partial", error.code)
        assert (one.comments_scraped, one.comments_due) == (8, 2)
        again = await sync_to_async(services.retry_job)(ended, origin="api")
        other = ScriptedBackend(PAGES, threads=threads_of(*PAGES))
        ended = await run(await sync_to_async(claim)(again), other)
        assert (ended.status, ended.comments_scraped, other.opened) == ("completed", 4, 0)

    @pytest.mark.parametrize(
        "error",
        [
            LayoutChanged("new", sample="<html>"),
            InvalidResponse("?"),
            Exhausted([("one", LayoutChanged("new")), ("two", InvalidResponse("?"))]),
        ],
    )
    async def test_of_one_unreadable_thread_leaves_the_others(self, error: Any) -> None:
        threads = threads_of(*PAGES) | {"t3_p1": error}
        job, clock = await make(), ManualClock()
        ended = await run(job, ScriptedBackend(PAGES, threads=threads, clock=clock))
        one = await target(job)
        assert (ended.status, one.error_code) == ("partial", error.code)
        assert "t3_p1" in one.error_detail
        assert (one.comments_scraped, one.comments_due, one.posts_scraped) == (10, 0, 6)
        assert (await sync_to_async(stored)("t3_p1")).comments_fetched is None

    async def test_of_three_threads_in_a_row_ends_the_target(self) -> None:
        threads = dict.fromkeys((f"t3_p{n}" for n in range(6)), LayoutChanged("new"))
        job = await make()
        source = ScriptedBackend(PAGES, threads=threads)
        ended = await run(job, source)
        assert (ended.status, len(source.read)) == ("partial", 3)
        assert (await target(job)).error_code == "layout_changed"

    async def test_that_passes_is_told_before_the_wait(self) -> None:
        class Shaky(ScriptedBackend):
            async def thread(self, post_id: str, **how: Any) -> ThreadAnswer:
                async def ask() -> ThreadAnswer:
                    self.read.append(post_id)
                    if len(self.read) == 1:
                        raise Network("reset")
                    return ThreadAnswer(thread(PAGES[0][0]))

                return await self.retrying(ask)

        job, page = await make(), PAGES[0][:1]
        ended = await run(job, Shaky([page]))
        log = await sync_to_async(events_of)(job)
        codes = [event.data["code"] for event in log if event.type == "job.noticed"]
        assert (ended.status, ended.comments_scraped, codes) == ("completed", 2, ["network"])


class TestSimulatedReddit:
    async def test_gives_whole_threads(self, sandbox: SandboxServer) -> None:
        job = await sync_to_async(claimed_job)(
            None, "longthreads", backend="sandbox", config={"limit": 3, "include_comments": True}
        )

        def open_source(name: str, _: object) -> ScraperBackend:
            alone = provider_config().model_copy(update={"paces": None})
            return get_scraper(name, alone, ManualClock())

        async for _ in run_job(job, open_source, Guard()):
            pass
        ended = await current(job)
        assert ended.status == "completed"
        posts = [post async for post in ScrapedPost.objects.all()]
        assert sum(post.comments_fetched or 0 for post in posts) == ended.comments_scraped > 400
        for post in posts:
            found = World(0).find_post(post.fullname.removeprefix("t3_"))
            assert found is not None
            assert post.comments_fetched == len(thread_of(World(0), *found).parents)
            # num_comments counts removed ones too.
            assert post.comments_fetched <= (post.comments_expected or 0)
        assert ended.requests_made > 4


class TestList:
    def test_goes_depth_first_page_by_page(self, owner: Caller) -> None:
        project = owner.post("/api/projects/", {"name": "P"}).json()["id"]
        post = ScrapedPost.objects.create(
            project_id=project, fullname="t3_p0", subreddit="python", title="", selftext="", url="",
            permalink="", domain="", over_18=False, spoiler=False, stickied=False, locked=False,
            is_self=True, post_type="text", created_at="2026-01-01T00:00:00Z",
            fetched_at="2026-01-01T00:00:00Z", backend="scripted",
        )  # fmt: skip
        for position in range(5):
            ScrapedComment.objects.create(
                project_id=project, post=post, fullname=f"t1_c{position}", parent_id="t3_p0",
                position=4 - position, depth=0, body="b", is_submitter=False, stickied=False,
                created_at="2026-01-01T00:00:00Z", fetched_at="2026-01-01T00:00:00Z",
                backend="scripted",
            )  # fmt: skip
        address = f"/api/projects/{project}/posts/t3_p0/comments/?page_size=2"
        found: list[str] = []
        while address:
            page = owner.get(address).json()
            found += [comment["id"] for comment in page["results"]]
            address = page["next"]
        assert found == ["t1_c4", "t1_c3", "t1_c2", "t1_c1", "t1_c0"]
        first = owner.get(f"/api/projects/{project}/posts/t3_p0/comments/").json()["results"][0]
        assert (first["post_id"], first["parent_id"], first["depth"]) == ("t3_p0", "t3_p0", 0)
        missing = owner.get(f"/api/projects/{project}/posts/t3_none/comments/")
        assert missing.status_code == 404


class TestStart:
    def test_refuses_comments_of_a_source_without(self, owner: Caller) -> None:
        project = owner.post("/api/projects/", {"name": "P"}).json()["id"]
        body = {"project": project, "subreddits": ["python"], "include_comments": True}
        answer = owner.post("/api/scraper/jobs/", body | {"backend": "archive"})
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["code"], error["attr"]) == ("unsupported", "include_comments")
        answer = owner.post("/api/scraper/jobs/", body | {"backend": "native_json"})
        assert answer.status_code == 202

    def test_refuses_a_depth_of_a_source_that_knows_none(self, owner: Caller) -> None:
        project = owner.post("/api/projects/", {"name": "P"}).json()["id"]
        body = {"project": project, "subreddits": ["python"], "include_comments": True}
        body |= {"comment_depth": 2}
        answer = owner.post("/api/scraper/jobs/", body | {"backend": "rss"})
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["code"], error["attr"]) == ("unsupported", "comment_depth")
        for other in ({"backend": "native_json"}, {"comment_depth": None}):
            answer = owner.post("/api/scraper/jobs/", {**body, "backend": "rss", **other})
            assert answer.status_code == 202, other

    def test_refuses_a_depth_of_auto_where_none_of_its_sources_knows_any(
        self, owner: Caller, settings: Any
    ) -> None:
        settings.ENV = settings.ENV.model_copy(update={"TEPPAN_AUTO_ORDER": ("rss", "archive")})
        project = owner.post("/api/projects/", {"name": "P"}).json()["id"]
        body = {"project": project, "subreddits": ["python"], "include_comments": True}
        answer = owner.post("/api/scraper/jobs/", body | {"comment_depth": 2})
        (error,) = answer.json()["errors"]
        assert (error["code"], error["attr"]) == ("unsupported", "comment_depth")
        assert owner.post("/api/scraper/jobs/", body).status_code == 202
        assert ScrapingTarget.objects.count() == 1
        assert not Capabilities().comments
