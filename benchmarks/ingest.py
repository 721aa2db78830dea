"""Ingest: posts per second through `scraper.store.commit_page`, in pages of 100.

    python -m benchmarks.ingest --engine sqlite|postgres

Each page goes in with its target's cursor, its job's counters and the event log. Compared, in one
run, with the row-by-row design (refresh the job, update_or_create the post) and with the raw
driver's upsert of ready-made rows into the same table, one transaction per page.
"""

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django
import psycopg
from django.core.management import call_command

from benchmarks.harness import chosen_engine, report
from data_provider import Page, Post
from data_provider.testing import make_post
from tests.plugin import blank_environment, environment_of
from tests.services import Services

POSTS = 2000
PAGE_SIZE = 100
# All are run in turn, the slow one two pages at a time, and the best of each is compared: other
# work on the machine only ever adds time.
ROUNDS = 10
PAGES_ROW_BY_ROW = POSTS // PAGE_SIZE // ROUNDS
# DESIGN, section 8.
TARGET_TIMES_ROW_BY_ROW = 35.0
TARGET_TIMES_RAW_DRIVER = 0.5

# Texts of recorded posts have a median of 0.9 kB and a mean of 1.5 kB.
TEXT_MEDIAN_LOG = 6.8
TEXT_SPREAD = 1.0
WORDS = ["the", "of", "and", "to", "in", "is", "that", "it", "was", "for", "with", "have", "not"]
WORDS += ["naïve", "café", "über", "東京", "🚀", "C++", "<tag>", "R&D", '"quoted"', "it's", "a\nb"]

COLUMNS = ["project_id", "fullname", "subreddit", "title", "author", "selftext", "url"]
COLUMNS += ["permalink", "domain", "score", "upvote_ratio", "num_comments", "flair", "over_18"]
COLUMNS += ["spoiler", "stickied", "locked", "is_self", "post_type", "thumbnail", "media"]
COLUMNS += ["crosspost_parent", "removed", "edited_at", "created_at", "fetched_at", "backend"]


def main() -> None:
    """Run on private services and report."""
    engine = chosen_engine(__doc__)
    services = Services(engine)
    services.start()
    try:
        os.environ.update(blank_environment())
        os.environ.update(environment_of(services), DJANGO_SETTINGS_MODULE="config.settings")
        django.setup()
        call_command("migrate", verbosity=0)
        figures = measure(Bench(services))
    finally:
        services.stop()
    is_met = (
        figures["times_row_by_row"] >= TARGET_TIMES_ROW_BY_ROW
        and figures["times_raw_driver"] >= TARGET_TIMES_RAW_DRIVER
    )
    target = {
        "times_row_by_row": TARGET_TIMES_ROW_BY_ROW,
        "times_raw_driver": TARGET_TIMES_RAW_DRIVER,
    }
    report("ingest", passed=is_met, engine=engine, posts=POSTS, **figures, target=target)


def measure(bench: "Bench") -> dict[str, float]:
    """Return posts per second of each design, and the ratios that were promised."""
    bench.through_store()
    ours, raw, slow = [], [], []
    for _ in range(ROUNDS):
        ours.append(bench.through_store())
        raw.append(bench.raw_driver())
        slow.append(bench.row_by_row())
    bench.close()
    insert, rescrape = (POSTS / min(times) for times in zip(*ours, strict=True))
    raw_insert, raw_rescrape = (POSTS / min(times) for times in zip(*raw, strict=True))
    row_by_row = 1 / min(slow)
    return {
        "insert_per_s": round(insert),
        "rescrape_per_s": round(rescrape),
        "row_by_row_per_s": round(row_by_row),
        "raw_insert_per_s": round(raw_insert),
        "raw_rescrape_per_s": round(raw_rescrape),
        "times_row_by_row": round(insert / row_by_row, 1),
        "times_raw_driver": round(insert / raw_insert, 2),
        "rescrape_times_raw_driver": round(rescrape / raw_rescrape, 2),
    }


class Bench:
    """An installation with one owner; every run gets a new job in a new project."""

    def __init__(self, services: Services) -> None:
        # Known only after Django's set-up.
        from django.db import connections

        from projects import models, runs
        from scraper import models as scraping
        from scraper.store import commit_page

        self._services = services
        self._projects, self._runs, self._scraping = models.Project, runs, scraping
        self._commit_page = commit_page
        self._owner = models.User.objects.create_user("bench")
        self._pages = make_pages()
        self.close = connections.close_all

    def through_store(self) -> tuple[float, float]:
        """Return the seconds of a first scrape, and of the same again by another job."""
        project = self._make_project()
        seconds = []
        for _ in range(2):
            job, target = self._make_job(project)
            started = time.perf_counter()
            for page in self._pages:
                self._commit_page(job, target, page, page.posts)
            seconds.append(time.perf_counter() - started)
        stored = self._scraping.ScrapingTarget.objects.get(pk=target.pk)
        assert (stored.posts_scraped, stored.posts_new) == (POSTS, 0)
        return seconds[0], seconds[1]

    def row_by_row(self) -> float:
        """Return the seconds per post of one refresh and one update_or_create each."""
        return asyncio.run(self._row_by_row(*self._make_job(self._make_project())))

    async def _row_by_row(self, job: Any, _: Any) -> float:
        posts = [(page, post) for page in self._pages[:PAGES_ROW_BY_ROW] for post in page.posts]
        started = time.perf_counter()
        for page, post in posts:
            await job.arefresh_from_db()
            values = post.model_dump(exclude={"id"})
            values |= {"fetched_at": page.fetched_at, "backend": page.backend}
            await self._scraping.ScrapedPost.objects.aupdate_or_create(
                project_id=job.project_id, fullname=post.id, defaults=values
            )
        return (time.perf_counter() - started) / len(posts)

    def raw_driver(self) -> tuple[float, float]:
        """Return the seconds of one executemany per page, first and again."""
        project = self._make_project()
        pages = [plain_rows(project.pk, page) for page in self._pages]
        connect, mark = raw_connection(self._services)
        updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])
        statement = (
            f"INSERT INTO scraper_scrapedpost ({', '.join(COLUMNS)})"
            f" VALUES ({', '.join([mark] * len(COLUMNS))})"
            f" ON CONFLICT (project_id, fullname) DO UPDATE SET {updates}"
        )
        connection = connect()
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            for rows in pages:
                connection.cursor().executemany(statement, rows)
                connection.commit()
            seconds.append(time.perf_counter() - started)
        connection.close()
        return seconds[0], seconds[1]

    def _make_project(self) -> Any:
        return self._projects.objects.create(owner=self._owner, name="bench")

    def _make_job(self, project: Any) -> tuple[Any, Any]:
        """Return a claimed job and its target."""
        jobs = self._scraping.ScrapingJob
        job = jobs.objects.create(
            owner=self._owner,
            project=project,
            mode="bulk",
            backend="native_json",
            config={"include_comments": False},
        )
        target = self._scraping.ScrapingTarget.objects.create(
            job=job, position=0, subreddit="python"
        )
        claimed = self._runs.take(jobs, job.pk, "bench", when=self._runs.NOT_CANCELLED)
        assert claimed is not None
        return claimed, target


def make_pages(seed: int = 20_261_122) -> list[Page]:
    """Return pages of posts of the size of Reddit's, the same in every run; a seed's own names."""
    dice = random.Random(seed)
    posts = [_make_post(dice, number) for number in range(POSTS)]
    return [
        Page(
            posts=tuple(posts[start : start + PAGE_SIZE]),
            cursor=f"after-{start}",
            backend="native_json",
            fetched_at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        for start in range(0, POSTS, PAGE_SIZE)
    ]


def _make_post(dice: random.Random, number: int) -> Post:
    size = int(dice.lognormvariate(TEXT_MEDIAN_LOG, TEXT_SPREAD))
    return make_post(
        number,
        id=f"t3_{dice.randrange(36**7):x}{number}",
        title=" ".join(dice.choices(WORDS, k=10)),
        selftext=" ".join(dice.choices(WORDS, k=size // 5 + 1)),
        domain="self.python",
        upvote_ratio=round(dice.random(), 2),
        num_comments=dice.randrange(500),
        flair=dice.choice([None, "Discussion", "Help"]),
    )


def plain_rows(project_id: int, page: Page) -> list[tuple[Any, ...]]:
    """Return a page as the driver takes it, in the order of COLUMNS."""
    own = {"project_id": project_id, "fetched_at": page.fetched_at, "backend": page.backend}
    rows = []
    for post in page.posts:
        values = {**post.model_dump(), **own, "fullname": post.id, "media": "[]"}
        rows.append(tuple(_plain(values[name]) for name in COLUMNS))
    return rows


def _plain(value: Any) -> Any:
    return value.isoformat(" ")[:19] if isinstance(value, datetime) else value


def raw_connection(services: Services) -> tuple[Callable[[], Any], str]:
    """Return how to connect with the driver alone, and its placeholder."""
    if services.postgres is not None:
        url = services.postgres.url().replace("postgres://", "postgresql://")
        return lambda: psycopg.connect(url), "%s"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(services.data_dir / "teppan.sqlite3")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    return connect, "?"


if __name__ == "__main__":
    main()
