"""Reads the comments of a target's posts: one thread after the other, each stored when it is whole.

Targets that are read at once read their threads at once too; that Reddit is asked for more comments
one request at a time is the sources' to see to (`data_provider/pacing.py: Pacer.alone`).
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from common.executors import run_in_database_thread
from data_provider import (
    CommentThread,
    Exhausted,
    InvalidResponse,
    LayoutChanged,
    Notice,
    ScraperBackend,
    SourceError,
    TargetUnavailable,
)
from projects.keeper import Guard
from scraper import store, threads
from scraper.models import ScrapingJob, ScrapingTarget
from scraper.store import Committed
from scraper.threads import DuePost

# One thread that nobody understands is skipped; so many in a row are the site's new layout.
_MOST_UNREADABLE_IN_A_ROW = 3


async def read_due_comments(
    job: ScrapingJob, target: ScrapingTarget, source: ScraperBackend, guard: Guard
) -> AsyncGenerator[Committed, None]:
    """Read the comments of every post marked for the target; yield each stored thread.

    A post that is gone meanwhile has none left. Raises SourceError when the source fails, and
    Stopped; what is still due then stays marked.
    """
    unreadable = 0
    for due in await run_in_database_thread(threads.due_posts, target):
        try:
            thread = await _read(job, due, source, guard)
        except TargetUnavailable as error:
            await run_in_database_thread(store.record_notice, job, _gone(due, source, error))
            thread = _nothing(source)
        except SourceError as error:
            unreadable += 1
            if not _is_of_this_thread(error) or unreadable >= _MOST_UNREADABLE_IN_A_ROW:
                raise
            await run_in_database_thread(store.skip_thread, job, target, due, error)
            continue
        unreadable = 0
        yield await run_in_database_thread(store.commit_thread, job, target, due, thread)


async def _read(
    job: ScrapingJob, due: DuePost, source: ScraperBackend, guard: Guard
) -> CommentThread:
    limit, depth = job.config["comment_limit"], job.config.get("comment_depth")
    stream = source.scrape_comments_stream(due.fullname, limit=limit, depth=depth)
    async with aclosing(stream) as items:
        while (item := await guard.race(anext(items, None))) is not None:
            if not isinstance(item, Notice):
                return item
            await run_in_database_thread(store.record_notice, job, item)
    raise RuntimeError(f"{source.name} ended without a thread")


def _is_of_this_thread(error: SourceError) -> bool:
    """Say whether it is the thread that cannot be read, by any source, and not the source."""
    if isinstance(error, Exhausted):
        return all(_is_of_this_thread(last) for last in error.last_words)
    return isinstance(error, InvalidResponse | LayoutChanged | TargetUnavailable)


def _gone(due: DuePost, source: ScraperBackend, error: TargetUnavailable) -> Notice:
    detail = f"The comments of {due.fullname} are not there: {error.message}"
    return Notice(code=error.code, detail=detail, backend_from=source.name)


def _nothing(source: ScraperBackend) -> CommentThread:
    return CommentThread(comments=(), backend=source.name, fetched_at=source.clock.now())
