"""Webhooks: how many one courier process delivers, how soon, and beside a receiver that hangs.

    python -m benchmarks.webhooks --engine sqlite|postgres

A real worker process sends to a receiver in this one, which answers after 5 ms; events are fired
here, each in a transaction of its own. Every delivery passes the ledger: claimed, sent, its attempt
recorded. Compared with the usual design: one task per delivery, a new client each time, its row
saved on its own.
"""

import asyncio
import json
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, Self

import django
import psutil

from benchmarks.harness import chosen_engine, print_line, running_servers, summary
from tests.services import wait_until

# DESIGN, section 8.
TARGET_PER_SECOND = 1_000
TARGET_P99_MS = 1_000.0
TARGET_DIFFERENCE_MS = 10.0

# As measured before there was a courier: 2 kB bodies, a receiver that takes 5 ms.
PADDING = "x" * 1_800
ANSWER_SECONDS = 0.005

# Several accounts: one alone gets no more than its share of a courier.
ACCOUNTS = 5
ENDPOINTS_OF_EACH = 10
EVENTS_TO_ALL = 100
DELIVERIES = ACCOUNTS * ENDPOINTS_OF_EACH * EVENTS_TO_ALL
ONE_BY_ONE = 100
EVENTS_PER_SECOND = 100
EVENTS = 1_000
HEALTHY_PER_SECOND = 20
HEALTHY_EVENTS = 200
QUEUED_FOR_HANGING = 500
# Runs with and without, in turn: other work on the machine falls on both.
ROUNDS = 3
PATIENCE_SECONDS = 120

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_names = count(1)


def main() -> None:
    """Run all three and report each in a line."""
    engine = chosen_engine(__doc__)
    environment = {
        "TEPPAN_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
        "TEPPAN_WEBHOOK_HTTPS_ONLY": "off",
    }
    with running_servers(engine, workers=1, **environment) as stack, Receiver() as receiver:
        django.setup()
        stack.wait_for_worker()
        bench = Bench(receiver, psutil.Process(stack.pid("worker-1")))
        passed = [
            _report_throughput(engine, bench),
            _report_latency(engine, bench),
            _report_fairness(engine, bench),
        ]
        bench.close()
    sys.exit(0 if all(passed) else 1)


def _report_throughput(engine: str, bench: "Bench") -> bool:
    # Starts the connections and everything that is loaded once.
    bench.deliver_to_all(events=4)
    spent = bench.cpu_seconds()
    ours = max(bench.deliver_to_all(events=EVENTS_TO_ALL) for _ in range(ROUNDS))
    spent = (bench.cpu_seconds() - spent) / (ROUNDS * DELIVERIES)
    naive = bench.deliver_one_by_one()
    passed = ours >= TARGET_PER_SECOND
    print_line(
        "webhooks.throughput",
        passed=passed,
        engine=engine,
        deliveries=DELIVERIES,
        accounts=ACCOUNTS,
        per_second=round(ours),
        worker_cpu_ms_each=round(1000 * spent, 3),
        one_task_per_delivery_per_second=round(naive),
        times=round(ours / naive, 1),
        target={"per_second": TARGET_PER_SECOND},
    )
    return passed


def _report_latency(engine: str, bench: "Bench") -> bool:
    spent = bench.cpu_seconds()
    figures = summary(bench.latencies(events=EVENTS, per_second=EVENTS_PER_SECOND))
    spent = (bench.cpu_seconds() - spent) / EVENTS
    passed = figures["p99"] < TARGET_P99_MS
    print_line(
        "webhooks.fire_to_receipt",
        passed=passed,
        engine=engine,
        events=EVENTS,
        per_second=EVENTS_PER_SECOND,
        milliseconds=figures,
        worker_cpu_ms_each=round(1000 * spent, 3),
        target={"p99": TARGET_P99_MS},
    )
    return passed


def _report_fairness(engine: str, bench: "Bench") -> bool:
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUNDS):
        alone += bench.latencies(events=HEALTHY_EVENTS, per_second=HEALTHY_PER_SECOND)
        with bench.hanging():
            beside += bench.latencies(events=HEALTHY_EVENTS, per_second=HEALTHY_PER_SECOND)
    difference = round(summary(beside)["p99"] - summary(alone)["p99"], 2)
    passed = difference < TARGET_DIFFERENCE_MS
    print_line(
        "webhooks.beside_a_hanging_endpoint",
        passed=passed,
        engine=engine,
        queued_for_hanging=QUEUED_FOR_HANGING,
        alone_milliseconds=summary(alone),
        beside_milliseconds=summary(beside),
        p99_difference_ms=difference,
        target={"p99_difference_ms": TARGET_DIFFERENCE_MS},
    )
    return passed


class Receiver:
    """Answers every POST after ANSWER_SECONDS, those to /hangs never; keeps when each came."""

    def __init__(self) -> None:
        self.arrivals: dict[str, float] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def _listen(self) -> None:
        server = await self._loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, backlog=1024
        )
        self.port = server.sockets[0].getsockname()[1]


class _Connection(asyncio.Protocol):
    """As little of HTTP as a client of ours needs."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not found or len(rest) < size:
            return
        now = time.time()
        self._buffer = rest[size:]
        path = head.split(b" ", 2)[1].decode()
        key = f"{path}#{json.loads(rest[:size])['data']['n']}"
        self._receiver.arrivals.setdefault(key, now)
        if path != "/hangs":
            loop = asyncio.get_running_loop()
            loop.call_later(ANSWER_SECONDS, self._transport.write, _ANSWER)


class Bench:
    """Fires events and reads the ledger of the stack's database."""

    def __init__(self, receiver: Receiver, worker: psutil.Process) -> None:
        # Known only after Django's set-up.
        from django.db import connections, transaction
        from django.utils import timezone

        from projects import activity
        from projects.models import Project, User
        from scraper.models import ScrapingJob
        from tests.webhooks.building import make_endpoint
        from webhooks import models

        self._receiver, self._worker = receiver, worker
        self._activity, self._models = activity, models
        self._users, self._projects, self._jobs = User, Project, ScrapingJob
        self._make_endpoint = make_endpoint
        self._now, self._atomic = timezone.now, transaction.atomic
        self._connections = connections
        self.close = connections.close_all

    def cpu_seconds(self) -> float:
        """Return what the worker has used so far: unlike the clock, other work leaves it alone."""
        times = self._worker.cpu_times()
        return float(times.user + times.system)

    def deliver_to_all(self, *, events: int) -> float:
        """Fire so many events per account; deliveries per second until the last is recorded."""
        accounts = [self._account(ENDPOINTS_OF_EACH) for _ in range(ACCOUNTS)]
        paths = [path for _, some in accounts for path in some]
        owners = [job.owner_id for job, _ in accounts]
        rows = self._models.WebhookDelivery.objects.filter(owner_id__in=owners, status="delivered")
        started = time.perf_counter()
        with self._atomic():
            for job, _ in accounts:
                self._activity.change_and_fire(job, [self._fact(job, n) for n in range(events)])
        total = events * len(paths)
        _wait(lambda: len(self._receiver.arrivals) and rows.count() == total)
        seconds = time.perf_counter() - started
        assert all(
            f"{path}#{n}" in self._receiver.arrivals for path in paths for n in range(events)
        )
        return total / seconds

    def latencies(self, *, events: int, per_second: float) -> list[float]:
        """Fire at an even pace; milliseconds from each commit to its receipt."""
        job, (path,) = self._account(1)
        fired = []
        started = time.monotonic()
        for n in range(events):
            time.sleep(max(0.0, started + n / per_second - time.monotonic()))
            self._activity.change_and_fire(job, [self._fact(job, n)])
            fired.append(time.time())
        keys = [f"{path}#{n}" for n in range(events)]
        _wait(lambda: all(key in self._receiver.arrivals for key in keys))
        arrivals = [self._receiver.arrivals[key] for key in keys]
        # A receipt may overtake the return from the commit.
        return [1000 * max(0.0, at - since) for at, since in zip(arrivals, fired, strict=True)]

    def hanging(self) -> "Hanging":
        """Return a context in which an endpoint hangs that 500 deliveries wait for."""
        job, _ = self._account(1, path="/hangs")
        endpoint = self._models.Endpoint.objects.get(owner=job.owner)
        with self._atomic():
            facts = [self._fact(job, n) for n in range(QUEUED_FOR_HANGING)]
            self._activity.change_and_fire(job, facts)
        queued = self._models.WebhookDelivery.objects.filter(endpoint=endpoint)
        leased = queued.filter(lease_until__isnull=False)
        _wait(lambda: leased.exists() and queued.count() == QUEUED_FOR_HANGING)
        return Hanging(endpoint)

    def deliver_one_by_one(self) -> float:
        """Return deliveries per second of eight threads that do one thing after the other."""
        job, (path,) = self._account(1, status="disabled")
        with self._atomic():
            facts = [self._fact(job, n) for n in range(ONE_BY_ONE)]
            self._activity.change_and_fire(job, facts)
        endpoint = self._models.Endpoint.objects.get(owner=job.owner)
        rows = self._models.WebhookDelivery.objects.filter(endpoint=endpoint)
        _wait(lambda: rows.count() == ONE_BY_ONE)
        url, ids = self._receiver.url(path), list(rows.values_list("pk", flat=True))
        started = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda pk: self._deliver_one(url, pk), ids))
        return len(ids) / (time.perf_counter() - started)

    def _deliver_one(self, url: str, pk: int) -> None:
        import httpx

        delivery = self._models.WebhookDelivery.objects.select_related("endpoint").get(pk=pk)
        with httpx.Client() as client:
            answer = client.post(url, content=bytes(delivery.payload))
        self._models.Attempt.objects.create(
            delivery=delivery, number=1, at=self._now(), status_code=answer.status_code
        )
        delivery.attempt_count += 1
        delivery.status, delivery.delivered_at = "delivered", self._now()
        delivery.save()
        self._connections.close_all()

    def _account(self, endpoints: int, path: str = "", **fields: Any) -> tuple[Any, list[str]]:
        """Return a job of a new account, and the paths of its new endpoints."""
        number = next(_names)
        user = self._users.objects.create_user(f"webhooks-{number}")
        project = self._projects.objects.create(owner=user, name="p")
        job = self._jobs.objects.create(
            owner=user, project=project, mode="bulk", backend="sandbox", status="completed"
        )
        paths = [path or f"/{number}/{one}" for one in range(endpoints)]
        for one in paths:
            self._make_endpoint(user, self._receiver.url(one), **fields)
        return job, paths

    def _fact(self, job: Any, number: int) -> Any:
        audience = self._activity.Audience(job.owner_id, job.project_id)
        data = {"n": number, "status": "completed", "padding": PADDING}
        return self._activity.Fact("scraping.completed", data, audience)


class Hanging:
    """Something hangs inside of the `with`; afterwards nobody waits for it any more."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None:
        """Nothing more to do: it hangs already."""

    def __exit__(self, *_: object) -> None:
        self._endpoint.delete()


def _wait(condition: Any) -> None:
    wait_until(condition, "Deliveries are missing", PATIENCE_SECONDS)


if __name__ == "__main__":
    main()
