"""What `inside` can do: make endpoints, fire events, and read what became of the deliveries."""

from __future__ import annotations

import time
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from projects.activity import Audience, Fact, change_and_fire
from projects.models import Project, User
from scraper.models import ScrapingJob
from tests.webhooks.building import make_endpoint
from webhooks.models import Attempt, WebhookDelivery


def account(name: str) -> None:
    """Create an account with a project and a job that is over."""
    user = User.objects.create_user(name)
    project = Project.objects.create(owner=user, name="p")
    ScrapingJob.objects.create(
        owner=user, project=project, mode="bulk", backend="sandbox", status="completed"
    )


def endpoint(owner: str, url: str, **fields: Any) -> int:
    """Create an endpoint of the account; its id."""
    return int(make_endpoint(User.objects.get(username=owner), url, **fields).pk)


def fire(owner: str, numbers: list[int], pause_seconds: float = 0) -> None:
    """Fire one public event each, in transactions of their own; `data.n` is its number."""
    job = ScrapingJob.objects.filter(owner__username=owner).latest("pk")
    audience = Audience(job.owner_id, job.project_id)
    for number in numbers:
        data = {"n": number, "fired_at": time.time(), "status": "completed"}
        change_and_fire(job, [Fact("scraping.completed", data, audience)])
        time.sleep(pause_seconds)


def queue(endpoint: int, count: int) -> None:
    """Have so many deliveries wait for an endpoint, all due."""
    user = User.objects.get(endpoint=endpoint)
    now = timezone.now()
    WebhookDelivery.objects.bulk_create(
        (
            WebhookDelivery(
                endpoint_id=endpoint,
                owner_id=user.pk,
                log_id=-number,
                event_id=f"evt_queued_{endpoint}_{number}",
                event_type="scraping.completed",
                sequence=-number,
                payload=b"{}",
                next_retry_at=now,
            )
            for number in range(1, count + 1)
        ),
        batch_size=500,
    )


def ledger(endpoint: int | None) -> list[dict[str, Any]]:
    """Return every delivery with its attempts."""
    deliveries = WebhookDelivery.objects.filter(**_of(endpoint)).order_by("pk")
    attempts: dict[int, list[str]] = {}
    rows = Attempt.objects.filter(delivery__in=deliveries).order_by("delivery", "number")
    for delivery, code in rows.values_list("delivery", "error_code"):
        attempts.setdefault(delivery, []).append(code)
    fields = ("pk", "event_id", "endpoint", "status", "attempt_count")
    return [{**row, "attempts": attempts.get(row["pk"], [])} for row in deliveries.values(*fields)]


def statuses(endpoint: int | None) -> dict[str, int]:
    """Count deliveries by status, and those that somebody holds."""
    rows = WebhookDelivery.objects.filter(**_of(endpoint))
    counted = dict(rows.values_list("status").annotate(number=Count("pk")))
    leased = rows.aggregate(number=Count("pk", filter=Q(lease_until__isnull=False)))
    return {**counted, "leased": leased["number"]}


def flush() -> None:
    """Empty the broker."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()


def _of(endpoint: int | None) -> dict[str, Any]:
    return {} if endpoint is None else {"endpoint": endpoint}
