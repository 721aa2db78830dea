"""Endpoints, events and couriers for the tests of deliveries."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.utils import timezone

from projects.activity import Audience, Fact, change_and_fire
from projects.models import Project, User
from tests.scraper.building import make_job, make_project
from webhooks import signing
from webhooks.courier import Courier
from webhooks.fanout import fan_out_next
from webhooks.models import Attempt, Endpoint, WebhookDelivery
from webhooks.network import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from scraper.models import ScrapingJob
    from tests.callers import Caller

DELIVERIES = "/api/webhooks/deliveries/"

OK = Answer(200, None, "", 5, {}, b"ok")
REFUSED = Answer(None, "connect", "Connection refused.", 1)
HUNG = Answer(None, "timeout", "No answer within 15 s.", 15_000)


def answered(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    """Return an answer that is no success."""
    return Answer(status, "http_status", f"Answered {status}.", 5, headers or {}, body)


def make_endpoint(
    owner: User | None = None, url: str = "https://receiver.example/hook", **fields: Any
) -> Endpoint:
    """Return a new endpoint that hears everything unless told otherwise."""
    if owner is None:
        owner, _ = User.objects.get_or_create(username="ada")
    headers = fields.pop("headers", "")
    endpoint = Endpoint(owner=owner, **{"event_types": ["*"], "url": url, **fields})
    endpoint.sealed_url = signing.seal(url, endpoint.context("url"))
    endpoint.sealed_secret = signing.seal(signing.new_secret(), endpoint.context("secret"))
    if headers:
        endpoint.sealed_headers = signing.seal(headers, endpoint.context("headers"))
    endpoint.save()
    return endpoint


def make_event(
    project: Project | None = None, event_type: str = "scraping.completed", **data: Any
) -> ScrapingJob:
    """Fire one public event of a new job of the project."""
    project = project or Project.objects.first() or make_project()
    job = make_job(project)
    fact = Fact(event_type, data or DATA, Audience(project.owner_id, project.pk))
    change_and_fire(job, [fact])
    return job


DATA = {"status": "completed", "posts_scraped": 3, "posts_new": 2, "errors": []}


def fan_out_all() -> list[int]:
    """Fan out until no fact waits; returns the deliveries made that can be sent."""
    before = set(WebhookDelivery.objects.values_list("pk", flat=True))
    while fan_out_next():
        pass
    made = WebhookDelivery.objects.filter(status="pending").exclude(pk__in=before)
    return list(made.values_list("pk", flat=True))


def make_deliveries(endpoint: Endpoint, number: int = 1) -> list[WebhookDelivery]:
    """Fire so many events and return the endpoint's deliveries of them, in order."""
    before = set(WebhookDelivery.objects.filter(endpoint=endpoint).values_list("pk", flat=True))
    project = Project.objects.filter(owner=endpoint.owner).first() or Project.objects.create(
        owner=endpoint.owner, name="p"
    )
    for _ in range(number):
        make_event(project)
    fan_out_all()
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).exclude(pk__in=before)
    return list(rows.order_by("sequence"))


def now_of(delivery: WebhookDelivery) -> WebhookDelivery:
    """Return the delivery as it is now."""
    return WebhookDelivery.objects.get(pk=delivery.pk)


def endpoint_now(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint as it is now."""
    return Endpoint.objects.get(pk=endpoint.pk)


def attempts_of(delivery: WebhookDelivery) -> list[Attempt]:
    """Return the tries of a delivery in order."""
    return list(Attempt.objects.filter(delivery=delivery).order_by("number"))


def make_due(*deliveries: WebhookDelivery) -> None:
    """Let the time of the next try come."""
    rows = WebhookDelivery.objects.filter(pk__in=[one.pk for one in deliveries])
    rows.update(next_retry_at=timezone.now() - timedelta(seconds=1))


def let_leases_expire() -> None:
    """Let the couriers that hold something be given up for dead."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookDelivery.objects.filter(lease_until__isnull=False).update(lease_until=past)


@dataclass
class Sent:
    """One request that a scripted sender got."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    at: float


@dataclass
class ScriptedSender:
    """Answers as told: by URL a list of answers, of which the last repeats; else 200.

    `seconds` is how long a request takes; `gates` hold a URL's requests back until they are set.
    """

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    seconds: float = 0.0
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_under_way: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    is_closed: bool = False

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.sent.append(Sent(url, body, headers, asyncio.get_running_loop().time()))
        self.under_way[url] += 1
        self.most_under_way[url] = max(self.most_under_way[url], self.under_way[url])
        try:
            if gate := self.gates.get(url):
                await gate.wait()
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way[url] -= 1
        script = self.answers.get(url, [OK])
        return script.pop(0) if len(script) > 1 else script[0]

    async def aclose(self) -> None:
        self.is_closed = True

    def to(self, url: str) -> list[Sent]:
        """Return the requests to one address."""
        return [one for one in self.sent if one.url == url]


@contextlib.asynccontextmanager
async def courier_of(sender: Any, grace_seconds: float = 1.0) -> AsyncIterator[Courier]:
    """Run a courier that sends through `sender`."""
    courier = Courier(sender)
    running = asyncio.create_task(courier.run())
    try:
        yield courier
    finally:
        await courier.stop(grace_seconds)
        await running


async def until(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    """Return once the condition, asked in a thread, holds; fails with `what`."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not await asyncio.to_thread(_closing, condition):
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(0.01)


def _closing(condition: Callable[[], object]) -> object:
    try:
        return condition()
    finally:
        connections.close_all()


def deliver(sender: Any, *, done: Callable[[], object] | None = None) -> None:
    """Run a courier until nothing is due or under way, or `done` says so."""

    async def run() -> None:
        async with courier_of(sender):
            await until(done or _is_idle, "Deliveries are left")

    asyncio.run(run())


def _is_idle() -> bool:
    now = timezone.now()
    open_ones = WebhookDelivery.objects.filter(status__in=("pending", "failed"))
    return not open_ones.filter(next_retry_at__lte=now).exists() and not (
        WebhookDelivery.objects.filter(lease_until__isnull=False).exists()
    )


def shown(caller: Caller, delivery: WebhookDelivery) -> dict[str, Any]:
    """Return a delivery as REST shows it."""
    body: dict[str, Any] = caller.get(f"{DELIVERIES}{delivery.pk}/").json()
    return body


def retry(caller: Caller, delivery: WebhookDelivery, **options: Any) -> Any:
    """Ask for one more try."""
    return caller.post(f"{DELIVERIES}{delivery.pk}/retry/", **options)
