"""Bulk jobs: posts per second of one and of two workers, and how ingest grows with what is stored.

    python -m benchmarks.bulk --engine sqlite|postgres [--most-stored N]

Upstream answers after 200 ms, as from across an ocean, without other limits. A worker has room for
all of the jobs at once, each reads one subreddit page by page: whatever the number of workers, the
bound is a page of 100 per job and 200 ms. Then the same pages go into a project that holds 10^4,
10^5 and 10^6 posts already.
"""

import contextlib
import os
import time
from argparse import ArgumentParser
from typing import Any

import httpx

from benchmarks import million
from benchmarks.harness import report, running_servers, sign_in
from data_provider.sandbox.testing import running_sandbox
from tests.services import wait_until

JOBS = 16
POSTS_PER_JOB = 1000
LATENCY_MS = 200
STORED = (10_000, 100_000, 1_000_000)
GROWTH_ROUNDS = 3
# DESIGN, section 8: linear or better in all that is stored is constant per page.
TARGET_GROWTH = 2.0
# What a second worker adds where two cores serve everything, upstream included.
TARGET_SECOND_WORKER = 1.2


def main() -> None:
    """Run and report."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--most-stored", type=int, default=STORED[-1])
    options = parser.parse_args()
    rates = {workers: _posts_per_second(options.engine, workers) for workers in (1, 2)}
    sizes = [size for size in STORED if size <= options.most_stored]
    growth = _growth(options.engine, sizes)
    slowdown = max(growth.values()) / min(growth.values())
    second = rates[2] / rates[1]
    report(
        "bulk",
        passed=slowdown < TARGET_GROWTH and second >= TARGET_SECOND_WORKER,
        engine=options.engine,
        posts_per_s={str(workers): round(rate) for workers, rate in rates.items()},
        bound_per_s=JOBS * 100_000 // LATENCY_MS,
        second_worker=round(second, 2),
        ms_per_page_at={str(size): round(ms, 2) for size, ms in growth.items()},
        growth=round(slowdown, 2),
        target={"growth": TARGET_GROWTH, "second_worker": TARGET_SECOND_WORKER},
    )


def _posts_per_second(engine: str, workers: int) -> float:
    with running_sandbox() as reddit:
        reddit.add_faults({"latency_ms": LATENCY_MS})
        with running_servers(engine, workers=workers, TEPPAN_SANDBOX_URL=reddit.url) as stack:
            stack.wait_for_worker()
            client, project = sign_in(stack)
            begun = time.monotonic()
            jobs = [_start(client, project) for _ in range(JOBS)]
            wait_until(lambda: _all_over(client, jobs), "The jobs do not end", 300)
            return JOBS * POSTS_PER_JOB / (time.monotonic() - begun)


def _start(client: httpx.Client, project: int) -> int:
    wish = {"project": project, "mode": "bulk", "backend": "sandbox", "subreddits": ["huge"]}
    body = {**wish, "limit": POSTS_PER_JOB}
    job: int = client.post("/api/scraper/jobs/", json=body).raise_for_status().json()["id"]
    return job


def _all_over(client: httpx.Client, jobs: list[int]) -> bool:
    path = "/api/scraper/jobs/?status=completed&page_size=200"
    done = {job["id"] for job in client.get(path).json()["results"]}
    return done >= set(jobs)


def _growth(engine: str, sizes: list[int]) -> dict[int, float]:
    """Return the milliseconds that a page of 100 new posts takes, by the posts stored before."""
    with running_servers(engine, workers=0) as stack:
        _, project = sign_in(stack)
        os.environ["TEPPAN_SECRET_KEY"] = stack.environment["TEPPAN_SECRET_KEY"]
        import django

        with contextlib.suppress(RuntimeError):
            django.setup()
        taken, stored = {}, 0
        for size in sizes:
            million.fill(project, size, after=stored, with_words=False)
            stored = size
            taken[size] = min(_ms_per_page(project) for _ in range(GROWTH_ROUNDS))
        return taken


def _ms_per_page(project: int) -> float:
    from benchmarks.ingest import make_pages
    from projects import models, runs
    from scraper.models import ScrapingJob, ScrapingTarget
    from scraper.store import commit_page
    from tests.scraper.building import CONFIG

    fields: dict[str, Any] = {"mode": "bulk", "backend": "native_json", "project_id": project}
    fields["config"] = CONFIG
    job = ScrapingJob.objects.create(owner=models.User.objects.get(), **fields)
    target = ScrapingTarget.objects.create(job=job, position=0, subreddit="python")
    claimed = runs.take(ScrapingJob, job.pk, "bench", when=runs.NOT_CANCELLED)
    assert claimed is not None
    pages = make_pages(seed=job.pk)
    begun = time.perf_counter()
    for page in pages:
        commit_page(claimed, target, page, page.posts)
    return 1000 * (time.perf_counter() - begun) / len(pages)


if __name__ == "__main__":
    main()
