"""What runs inside a process beside a stack that claims jobs as its workers do."""

from __future__ import annotations

import os

from django.db import transaction
from django.utils import timezone

from projects import runs
from projects.models import Project, User
from scraper.models import ScrapingJob
from scraper.services import StartJob, start_job
from tests.threads import at_once


def queue_jobs(number: int, owners: int) -> list[int]:
    """Leave so many jobs waiting, the owners' in turn; their ids."""
    users = [User.objects.create(username=f"owner-{index}") for index in range(owners)]
    projects = [Project.objects.create(owner=user, name="p") for user in users]
    now = timezone.now()
    jobs = ScrapingJob.objects.bulk_create(
        ScrapingJob(
            owner_id=project.owner_id,
            project=project,
            mode="bulk",
            backend="sandbox",
            available_at=now,
        )
        for _, project in zip(range(number), projects * (number // owners), strict=True)
    )
    return [job.pk for job in jobs]


def start_and_die(owner: str) -> None:
    """Commit a job as the API does, and be gone before anybody is told of it."""
    project = Project.objects.filter(owner__username=owner).earliest("pk")
    with transaction.atomic():
        transaction.on_commit(lambda: os._exit(1))
        start_job(project.owner, project, StartJob(["tiny"], backend="sandbox"), origin="cli")


def claim_jobs(claimers: int, each: int) -> list[tuple[int, int]]:
    """Let so many threads claim `each` jobs; the job and the fence of every claim."""

    def claim(index: int) -> list[tuple[int, int]]:
        name = f"{runs.worker_name('claimer')}-{index}"
        taken = [runs.take_next(ScrapingJob, name) for _ in range(each)]
        return [(job.pk, job.fence) for job in taken if job]

    claims = []
    for result in at_once(claimers, claim):
        if isinstance(result, Exception):
            raise result
        claims += result
    return claims


def untouched() -> int:
    """Count the jobs that wait as they were queued."""
    return ScrapingJob.objects.filter(status="pending", fence=0, event_seq=0).count()
