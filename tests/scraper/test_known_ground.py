"""Scraping only what is new: where it stops, what fools it not, and what it leaves for the next."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from data_provider import Post, Private, ScraperBackend
from data_provider.testing import EPOCH, HANG, ScriptedBackend, make_post, make_posts
from projects.keeper import Guard
from projects.models import Project
from scraper.known_ground import Anchor, Ground
from scraper.models import ScrapingJob, ScrapingTarget, Watermark
from scraper.runner import run_job
from scraper.services import retry_job
from tests.scraper.building import (
    claim,
    let_lease_expire,
    make_job,
    make_page,
    make_project,
    now_of,
    posts_of,
    target_of,
)

in_database = pytest.mark.django_db(transaction=True)


def names(*numbers: int) -> set[str]:
    return {f"t3_p{number}" for number in numbers}


def at(number: int) -> str:
    """When the post of that number was made: the higher the older."""
    return (EPOCH - timedelta(minutes=number)).isoformat().replace("+00:00", "Z")


def pinned(number: int) -> Post:
    return make_post(number, stickied=True)


GROUND = Ground(tuple(Anchor(post.id, post.created_at) for post in make_posts(10, 50)))


def kept(posts: list[Post], cursor: str | None = "next") -> tuple[list[int], str | None]:
    """Return the numbers of the posts left of a page, and what it stopped by."""
    page = GROUND.cut(make_page(posts, cursor))
    return [int(post.id.removeprefix("t3_p")) for post in page.posts], page.stopped_by


class TestGround:
    def test_lets_pass_what_is_above_it(self) -> None:
        assert kept(make_posts(3, 10)) == ([10, 11, 12], None)

    def test_ends_the_page_on_which_it_begins(self) -> None:
        assert kept([*make_posts(2, 48), *make_posts(5, 50)]) == ([48, 49], "known")

    def test_is_found_by_age_when_every_anchor_is_gone(self) -> None:
        assert kept([*make_posts(2, 48), *make_posts(5, 60)]) == ([48, 49], "known")

    def test_is_found_by_the_anchors_that_are_left(self) -> None:
        assert kept([make_post(49), make_post(53), make_post(58)]) == ([49], "known")

    def test_is_not_what_is_pinned_above_younger_posts(self) -> None:
        assert kept([pinned(500), pinned(55), *make_posts(2, 10)]) == ([10, 11], None)

    def test_is_not_what_a_source_without_pins_shows_above_younger_posts(self) -> None:
        assert kept([make_post(500), make_post(55), *make_posts(2, 10)]) == (
            [500, 55, 10, 11],
            None,
        )

    def test_is_not_what_is_pinned_at_a_page_s_end(self) -> None:
        assert kept([*make_posts(2, 10), pinned(55), pinned(500)]) == ([10, 11], None)

    def test_keeps_what_is_pinned_and_new(self) -> None:
        assert kept([pinned(10), *make_posts(2, 50)]) == ([10], "known")

    def test_is_not_one_old_post_at_a_page_s_end(self) -> None:
        assert kept([make_post(49), make_post(99)]) == ([49, 99], None)

    def test_may_be_one_post_where_the_listing_ends(self) -> None:
        assert kept([make_post(49), make_post(50)], None) == ([49], "known")

    def test_keeps_a_post_among_its_anchors_that_it_has_never_seen(self) -> None:
        late = make_post(999, created_at=EPOCH - timedelta(minutes=52, seconds=30))
        assert kept([make_post(50), make_post(52), late, *make_posts(3, 53)]) == (
            [50, 52, 999],
            "known",
        )


def start(script: list[Any], **fields: Any) -> tuple[ScrapingJob, ScriptedBackend]:
    """Return a job in a worker's hands, and its source."""
    config = {"only_new": True} | fields.pop("config", {})
    stopped_by = fields.pop("stopped_by", "exhausted")
    project = fields.pop("project", None) or Project.objects.first() or make_project()
    job = claim(make_job(project, fields.pop("subreddit", "python"), config=config, **fields))
    return job, ScriptedBackend(script, stopped_by=stopped_by)


async def drive(job: ScrapingJob, source: ScraperBackend, pages: int = 100) -> None:
    """Work on a job, for so many pages at most; then its worker dies."""
    found = run_job(job, lambda *_: source, Guard())
    async with asyncio.timeout(20), aclosing(found):
        for _ in range(pages):
            if await anext(found, None) is None:
                return
        await sync_to_async(let_lease_expire)(job)


async def scrape(script: list[Any], **fields: Any) -> ScrapingTarget:
    job, source = await sync_to_async(start)(script, **fields)
    await drive(job, source)
    return await sync_to_async(target_of)(job)


async def seen_by(target: ScrapingTarget) -> set[str]:
    return await sync_to_async(posts_of)(await ScrapingJob.objects.aget(pk=target.job_id))


@in_database
class TestOnlyNew:
    async def test_reads_all_the_first_time_and_then_what_is_new(self) -> None:
        first = await scrape([make_posts(20, 50), make_posts(20, 70)])
        assert (first.status, first.stopped_by, first.posts_scraped) == (
            "completed",
            "exhausted",
            40,
        )
        job, source = await sync_to_async(start)([make_posts(30, 40), HANG])
        await drive(job, source)
        now = await sync_to_async(now_of)(job)
        target = await sync_to_async(target_of)(job)
        assert (now.status, target.stopped_by, target.gap) == ("completed", "known", None)
        assert (now.posts_scraped, now.posts_new) == (10, 10)
        assert await seen_by(target) == names(*range(40, 50))
        assert source.is_closed

    async def test_finds_nothing_where_nothing_is_new(self) -> None:
        await scrape([make_posts(20, 50)])
        again = await scrape([make_posts(20, 50), HANG])
        assert (again.status, again.stopped_by, again.posts_scraped) == ("completed", "known", 0)

    async def test_waits_for_the_first_posts_of_a_source_that_works_on_an_order(self) -> None:
        await scrape([[], [], make_posts(20, 50)])
        again = await scrape([[], [], make_posts(20, 50)])
        assert (again.stopped_by, again.posts_scraped) == ("known", 0)

    async def test_what_is_pinned_without_saying_so_puts_no_floor_below_the_ground(self) -> None:
        await scrape([[make_post(5000), *make_posts(20, 50)]])
        # All the anchors are gone: their age has to tell.
        now = [make_post(5000), *make_posts(10, 30), *make_posts(20, 60)]
        target = await scrape([now, HANG])
        assert (target.stopped_by, target.gap) == ("known", None)
        assert await seen_by(target) == names(5000, *range(30, 40))

    async def test_counts_as_new_what_the_project_has_not(self) -> None:
        await scrape([make_posts(20, 50)])
        # A scrape by another order met some of them; for this listing they are unread.
        await scrape([make_posts(5, 40)], config={"only_new": False, "sort": "top"})
        target = await scrape([make_posts(20, 40)])
        assert (target.posts_scraped, target.posts_new) == (10, 5)

    async def test_stands_on_the_ground_of_its_own_project_and_subreddit(self) -> None:
        await scrape([make_posts(20, 50)])
        others = [
            await scrape([make_posts(20, 50)], subreddit="rust"),
            await scrape([make_posts(20, 50)], project=await sync_to_async(make_project)("bob")),
        ]
        assert [(one.stopped_by, one.posts_scraped) for one in others] == [("exhausted", 20)] * 2
        same = await scrape([make_posts(20, 50)], subreddit="PYTHON")
        assert same.stopped_by == "known"

    async def test_moves_on_from_run_to_run(self) -> None:
        for newest in (60, 40, 20):
            target = await scrape([make_posts(30, newest), make_posts(30, newest + 30)])
        assert (target.stopped_by, target.posts_scraped) == ("known", 20)
        assert await Watermark.objects.acount() == 1

    async def test_does_not_mind_what_the_job_leaves_out(self) -> None:
        await scrape([make_posts(20, 50)], config={"min_score": 1000})
        target = await scrape([make_posts(20, 40)], config={"min_score": 45})
        assert (target.stopped_by, await seen_by(target)) == ("known", names(*range(45, 50)))

    async def test_a_post_from_the_future_makes_no_ground(self) -> None:
        future = make_post(1, created_at=EPOCH + timedelta(days=900))
        await scrape([[future, *make_posts(20, 50)]])
        target = await scrape([[future, *make_posts(30, 40)]])
        assert (target.stopped_by, target.gap) == ("known", None)
        assert await seen_by(target) == names(1, *range(40, 50))

    async def test_an_empty_subreddit_leaves_no_ground(self) -> None:
        await scrape([])
        target = await scrape([make_posts(3, 50)])
        assert (target.stopped_by, target.posts_scraped) == ("exhausted", 3)

    async def test_a_scrape_of_all_makes_ground_too(self) -> None:
        await scrape([make_posts(20, 50)], config={"only_new": False})
        assert (await scrape([make_posts(20, 45)])).posts_scraped == 5

    async def test_a_short_scrape_of_all_leaves_the_ground_where_it_was(self) -> None:
        await scrape([make_posts(20, 50)])
        short = await scrape([make_posts(10, 10)], config={"only_new": False, "limit": 5})
        assert (short.stopped_by, short.gap) == ("limit", None)
        target = await scrape([make_posts(20, 10), make_posts(30, 30)])
        assert (target.stopped_by, await seen_by(target)) == ("known", names(*range(10, 50)))

    @pytest.mark.parametrize("select", [{"sort": "hot"}, {"since": "2020-01-01T00:00:00+00:00"}])
    async def test_another_listing_leaves_no_ground(self, select: dict[str, Any]) -> None:
        await scrape([make_posts(20, 50)], config={"only_new": False, **select})
        assert not await Watermark.objects.aexists()


@in_database
class TestGap:
    @pytest.mark.parametrize("end", ["listing_cap", "exhausted"])
    async def test_is_what_lies_between_the_end_of_the_listing_and_the_ground(
        self, end: str
    ) -> None:
        await scrape([make_posts(20, 50)])
        target = await scrape([make_posts(10, 10), make_posts(5, 20)], stopped_by=end)
        assert (target.status, target.stopped_by) == ("completed", end)
        assert target.gap == {"from": at(50), "to": at(24)}
        assert target.entry()["gap"] == target.gap

    async def test_is_what_the_limit_left_out(self) -> None:
        await scrape([make_posts(20, 50)])
        target = await scrape([make_posts(30, 10)], config={"limit": 7})
        assert (target.stopped_by, target.gap) == ("limit", {"from": at(50), "to": at(16)})

    async def test_is_told_once(self) -> None:
        await scrape([make_posts(20, 50)])
        await scrape([make_posts(10, 10)], stopped_by="listing_cap")
        target = await scrape([make_posts(20, 5)])
        assert (target.stopped_by, target.gap, target.posts_scraped) == ("known", None, 5)

    async def test_is_none_the_first_time(self) -> None:
        target = await scrape([make_posts(10, 10)], stopped_by="listing_cap")
        assert target.gap is None

    async def test_is_none_where_the_ground_is_reached_with_the_limit(self) -> None:
        await scrape([make_posts(20, 50)])
        target = await scrape([make_posts(30, 41)], config={"limit": 10})
        assert (target.stopped_by, target.gap) == ("known", None)

    async def test_is_not_told_of_what_an_error_cut(self) -> None:
        await scrape([make_posts(20, 50)])
        target = await scrape([make_posts(10, 10), Private("x")])
        assert (target.status, target.stopped_by, target.gap) == ("partial", "", None)


@in_database
class TestInterrupted:
    """Nothing moves before the way down is read, so the next one leaves no hole."""

    async def test_j25_a_run_that_dies_half_way_leaves_no_hole_for_the_next(self) -> None:
        await scrape([make_posts(20, 80)])
        job, source = await sync_to_async(start)([make_posts(20, 40), make_posts(20, 60)])
        await drive(job, source, pages=1)
        assert await sync_to_async(posts_of)(job) == names(*range(40, 60))
        listing = [make_posts(20, 30), make_posts(20, 50), make_posts(30, 70), HANG]
        target = await scrape(listing)
        assert (target.stopped_by, target.gap) == ("known", None)
        assert await seen_by(target) == names(*range(30, 80))

    async def test_j25_a_run_that_failed_half_way_leaves_no_hole(self) -> None:
        await scrape([make_posts(20, 80)])
        failed = await scrape([make_posts(20, 40), Private("x")])
        assert failed.status == "partial"
        target = await scrape([make_posts(30, 40), make_posts(30, 70)])
        assert await seen_by(target) == names(*range(40, 80))

    async def test_j25_taken_over_it_ends_at_the_same_ground_and_begins_the_next_at_its_head(
        self,
    ) -> None:
        await scrape([make_posts(20, 80)])
        script = [make_posts(20, 40), make_posts(20, 60), make_posts(20, 80), HANG]
        job, source = await sync_to_async(start)(script)
        await drive(job, source, pages=1)
        again = await sync_to_async(claim)(job)
        await drive(again, ScriptedBackend(script))
        target = await sync_to_async(target_of)(job)
        assert (target.status, target.stopped_by) == ("completed", "known")
        assert await sync_to_async(posts_of)(job) == names(*range(40, 80))
        assert (await scrape([make_posts(20, 35), HANG])).posts_scraped == 5

    async def test_j25_taken_over_while_its_order_is_worked_on_it_makes_ground(self) -> None:
        job, source = await sync_to_async(start)([[], make_posts(20, 50)])
        await drive(job, source, pages=1)
        assert (await sync_to_async(target_of)(job)).cursor
        again = await sync_to_async(claim)(job)
        await drive(again, ScriptedBackend([[], make_posts(20, 50)]))
        assert (await scrape([make_posts(20, 50)])).stopped_by == "known"

    async def test_j25_retried_it_moves_the_ground_to_the_head_of_the_first_try(self) -> None:
        await scrape([make_posts(20, 80)])
        failed = await scrape([make_posts(20, 40), Private("x")])
        job = await ScrapingJob.objects.aget(pk=failed.job_id)
        again = await sync_to_async(retry_job)(job, origin="api")
        taken = await sync_to_async(claim)(again)
        await drive(taken, ScriptedBackend([[], [], make_posts(20, 60), make_posts(9, 80)]))
        target = await sync_to_async(target_of)(again)
        assert (target.stopped_by, target.posts_scraped) == ("known", 20)
        assert (await scrape([make_posts(20, 35), HANG])).posts_scraped == 5

    async def test_an_older_run_that_ends_last_does_not_move_the_ground_back(self) -> None:
        slow, source = await sync_to_async(start)([make_posts(20, 60), make_posts(5, 80)])
        pages = run_job(slow, lambda *_: source, Guard())
        async with aclosing(pages):
            await anext(pages)
            await scrape([make_posts(40, 40)])
            assert len([page async for page in pages]) == 1
        assert (await scrape([make_posts(20, 35), HANG])).posts_scraped == 5
