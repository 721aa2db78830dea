"""Runs one claimed job: the only scraping loop, whichever door drives it.

An async generator that yields what it committed, page by page. The web process drives it for a
live job, a worker for a bulk one; neither knows more about scraping than this module's interface.
The targets come in order, or several at once where the job asks for it.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from common.executors import run_in_database_thread
from common.merging import merged
from data_provider import Notice, Page, Query, ScraperBackend, SourceError
from projects.keeper import Guard, Stopped, StopReason
from scraper import known_ground, store
from scraper.comments import read_due_comments
from scraper.known_ground import Reading
from scraper.models import ScrapingJob, ScrapingTarget
from scraper.sources import source_for_cursor
from scraper.store import Committed

logger = logging.getLogger(__name__)

OpenSource = Callable[[str, Query], ScraperBackend]


async def run_job(
    job: ScrapingJob, open_source: OpenSource, guard: Guard
) -> AsyncGenerator[Committed, None]:
    """Work through the job's unfinished targets, then end it; yield each committed page.

    Stopping is settled here: whatever the guard says, or if the generator is closed half-way, the
    row is left in the state that belongs to the reason, and the source is closed. Any other fault,
    such as a lost database, is for whoever drives it: the row stays as it is.
    """
    try:
        targets = await run_in_database_thread(store.open_targets, job)
        streams = (scrape_subreddit_posts_task(job, one, open_source, guard) for one in targets)
        async with aclosing(merged(streams, job.config["parallelism"])) as pages:
            async for committed in pages:
                yield committed
        guard.check()
        await run_in_database_thread(store.finish, job)
    except Stopped as stop:
        await run_in_database_thread(_settle, job, stop.reason)
    except (GeneratorExit, asyncio.CancelledError):
        await run_in_database_thread(job.release, job.lease)
        raise


def is_unwatched(viewed_at: datetime | None) -> bool:
    """Tell whether the viewers of a live job have been gone for longer than they may."""
    grace = timedelta(seconds=settings.TEPPAN["VIEWER_GRACE_SECONDS"])
    return viewed_at is None or timezone.now() - viewed_at > grace


async def scrape_subreddit_posts_task(
    job: ScrapingJob, target: ScrapingTarget, open_source: OpenSource, guard: Guard
) -> AsyncGenerator[Committed, None]:
    """Work through one subreddit of a job, inside its run; yield each committed page.

    Whatever goes wrong with the subreddit ends its target, with the reason, and nothing else.
    Raises Stopped, and what says that the database is gone.
    """
    guard.check()
    try:
        query = _query_of(job, target)
        backend = source_for_cursor(job.backend, target.cursor, target.backend_used)
        async with open_source(backend, query) as source:
            await run_in_database_thread(store.start_target, job, target, source.serving)
            async with aclosing(_read_target(job, target, source, guard)) as pages:
                async for committed in pages:
                    yield committed
            await run_in_database_thread(store.finish_target, job, target)
    except SourceError as error:
        await run_in_database_thread(store.fail_target, job, target, error)
    except (Stopped, OperationalError, InterfaceError):  # a lost database is not the target's fault
        raise
    except Exception as error:
        await _end_as_internal(job, target, error)


async def _read_target(
    job: ScrapingJob, target: ScrapingTarget, source: ScraperBackend, guard: Guard
) -> AsyncGenerator[Committed, None]:
    """Read what an earlier holder left due, then the rest of the listing, page by page."""
    async with aclosing(read_due_comments(job, target, source, guard)) as left:
        async for committed in left:
            yield committed
    if target.stopped_by:
        return
    reading = await run_in_database_thread(known_ground.open_reading, job, target)
    stream = source.scrape_subreddit_posts_stream(_query_of(job, target), target.cursor or None)
    async with aclosing(stream) as items:
        while (item := await guard.race(anext(items, None))) is not None:
            if isinstance(item, Notice):
                await run_in_database_thread(store.record_notice, job, item)
                continue
            reading = reading and reading.after(item)
            page = _what_is_new(item, reading) if job.config["only_new"] else item
            posts = [post for post in page.posts if _is_wanted(post.score, job)]
            yield await run_in_database_thread(store.commit_page, job, target, page, posts, reading)
            async with aclosing(read_due_comments(job, target, source, guard)) as threads:
                async for committed in threads:
                    yield committed
            if page.cursor is None:
                return


def _query_of(job: ScrapingJob, target: ScrapingTarget) -> Query:
    config = job.config
    return Query(
        subreddit=target.subreddit,
        sort=config["sort"],
        time_filter=config["time_filter"],
        limit=config["limit"],
        since=_instant(config["since"]),
        until=_instant(config["until"]),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _what_is_new(page: Page, reading: Reading | None) -> Page:
    return reading.known.cut(page) if reading and reading.known else page


def _is_wanted(score: int | None, job: ScrapingJob) -> bool:
    least = job.config.get("min_score")
    return least is None or (score is not None and score >= least)


async def _end_as_internal(job: ScrapingJob, target: ScrapingTarget, error: Exception) -> None:
    """End a target by a fault of ours, traceable by the id that the log and the user see."""
    fault = uuid.uuid4().hex[:12]
    logger.error("Fault %s in %s, r/%s", fault, job, target.subreddit, exc_info=error)
    detail = f"Teppan made a mistake here; its log has it under {fault}."
    await run_in_database_thread(store.end_target, job, target, "internal", detail)


def _settle(job: ScrapingJob, reason: StopReason) -> None:
    """Leave the row as the reason demands; what somebody else took over is left alone."""
    try:
        if reason is StopReason.CANCELLED:
            job.mark_cancelled(job.lease)
        elif reason is StopReason.TIME_LIMIT:
            store.cut_short(job, "time_limit", "The job ran longer than it may.")
        elif reason is StopReason.UNWATCHED and job.config["on_disconnect"] == "stop":
            store.cut_short(job, "cancelled", "Nobody was watching any more.")
        elif reason in (StopReason.SHUTDOWN, StopReason.UNWATCHED):
            job.release(job.lease)
    except Stopped as overtaken:  # a cancel came first: it never raises itself
        _settle(job, overtaken.reason)
