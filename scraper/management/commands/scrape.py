"""`manage.py scrape r/NAME`: one job in the foreground, what it finds as JSON lines on stdout.

Exit codes: 0 completed, 3 partial, 4 failed, refused or no longer in the hands of this command, 130
interrupted, or nobody reads what it prints.
"""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import aclosing
from typing import Any, TextIO

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from common.errors import ApplicationError
from common.executors import run_in_database_thread
from common.frames import as_json
from data_provider import BACKENDS
from projects import runs
from projects.keeper import Guard, Keeper
from projects.services import command_line_project
from scraper import selectors, services
from scraper.listing import posts_of_events
from scraper.models import ScrapingJob
from scraper.runner import run_job
from scraper.serializers import SORTS, TIME_FILTERS
from scraper.sources import open_source
from scraper.store import Committed

EXIT_CODES = {"completed": 0, "partial": 3, "failed": 4, "cancelled": 130}
_FAILED, _INTERRUPTED = EXIT_CODES["failed"], EXIT_CODES["cancelled"]


class Command(BaseCommand):
    help = "Scrape one subreddit in the foreground; what it finds goes to stdout as JSON lines."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("subreddit", help="python, r/python or an address")
        parser.add_argument("--backend", choices=("auto", *BACKENDS), default="auto")
        parser.add_argument("--sort", choices=SORTS, default="new")
        parser.add_argument("--time", choices=TIME_FILTERS, default="all", dest="time_filter")
        parser.add_argument("--limit", type=int, default=100)
        parser.add_argument("--comments", action="store_true", dest="include_comments")
        parser.add_argument("--comment-depth", type=int, help="levels to read, 1 = top level only")
        parser.add_argument("--format", choices=("jsonl",), default="jsonl")
        parser.add_argument("--project", type=int, help="id of the project that keeps the posts")

    def handle(self, *_: Any, **options: Any) -> None:
        names = ("backend", "sort", "time_filter", "limit", "include_comments", "comment_depth")
        wish = services.StartJob(
            subreddits=[options["subreddit"]],
            **{name: options[name] for name in names},
        )
        try:
            _require_tables()
            project = command_line_project(options["project"])
            job = services.start_job(project.owner, project, wish, origin="cli", announce=False)
            code = asyncio.run(_scrape(job))
        except ApplicationError as error:
            raise CommandError(error.detail, returncode=_FAILED) from error
        except DatabaseError as error:
            raise CommandError(f"The database fails: {error}", returncode=_FAILED) from error
        except KeyboardInterrupt:
            code = _INTERRUPTED
        sys.exit(code)


async def _scrape(job: ScrapingJob) -> int:
    taken = await run_in_database_thread(_take, job.pk)
    if taken is None:
        raise CommandError("A worker took this job; watch it in the dashboard.", returncode=_FAILED)
    guard = Guard()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(
            number, lambda: loop.create_task(run_in_database_thread(services.cancel_job, taken))
        )
    has_reader = True
    with Keeper(ScrapingJob).keeping(taken, guard):
        async with aclosing(run_job(taken, open_source, guard)) as pages:
            async for page in pages:
                if has_reader and not _print(await run_in_database_thread(_items_of, taken, page)):
                    has_reader = False
                    await run_in_database_thread(services.cancel_job, taken)
                if page.thread is None:
                    _tell(f"{page.posts_scraped} posts, {page.posts_new} new")
    ended = await run_in_database_thread(selectors.job_detail, taken.pk)
    for error in ended["errors"]:
        _tell(f"r/{error['subreddit']}: {error['code']}: {error['detail']}")
    comments = f", {ended['comments_scraped']} comments" if ended["comments_scraped"] else ""
    _tell(f"{ended['status']}: {ended['posts_scraped']} posts{comments}")
    # What another went on with may even be complete by now, but not all of it came out here.
    if ended["status"] not in EXIT_CODES or ended["attempt"] != taken.attempt:
        raise CommandError(
            "Another process has this job; watch it in the dashboard.", returncode=_FAILED
        )
    return EXIT_CODES[ended["status"]] if has_reader else _INTERRUPTED


def _require_tables() -> None:
    """Make the tables of an installation that was never started, as `manage.py up` would."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if executor.loader.applied_migrations or connection.vendor != "sqlite":
        raise CommandError(
            "The database is older than this program: run manage.py migrate.", returncode=_FAILED
        )
    call_command("migrate", interactive=False, verbosity=0)


def _print(items: list[dict[str, Any]]) -> bool:
    """Write items to stdout; False when nobody reads it any more."""
    try:
        for item in items:
            sys.stdout.buffer.write(as_json(item) + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout)
        return False
    return True


def _items_of(job: ScrapingJob, page: Committed) -> list[dict[str, Any]]:
    """Return what a step stored: a page's posts, or the comments of one post."""
    if page.thread is not None:
        rows = selectors.comments_of_post(job.project_id, page.thread)
        return [selectors.comment_as_json(row) for row in rows.order_by("position", "id")]
    found = posts_of_events(job.pk, [page.seq])
    return [post for _, post in found[page.seq]]


def _take(job_id: int) -> ScrapingJob | None:
    name = runs.worker_name("command")
    when = runs.unattended(timezone.now()) & runs.NOT_CANCELLED
    return runs.take(ScrapingJob, job_id, name, when=when)


def _tell(text: str) -> None:
    # Where both go into one pipe, its end is heard of by `_print`.
    try:
        sys.stderr.write(f"{text}\n")
    except BrokenPipeError:
        _forget(sys.stderr)


def _forget(stream: TextIO) -> None:
    """Let what is left in the buffer go nowhere: Python would end with a code of its own for it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
