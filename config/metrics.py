"""What `/metrics` tells of all runs, read from the database when somebody asks."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from projects.runs import Run

logger = logging.getLogger(__name__)


class Runs(Collector):
    """For each kind of run: how many wait, how long the oldest has waited, how many are silent."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name nothing before it is asked for: the database may not be there yet."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the figures; none while the database does not answer."""
        families = [
            GaugeMetricFamily(f"teppan_{name}", text, labels=["kind"]) for name, text in _NAMES
        ]
        try:
            for table in Run.__subclasses__():
                figures = _figures_of(table)  # type: ignore[type-abstract]
                for family, figure in zip(families, figures, strict=True):
                    family.add_metric([table.stream_kind], figure)
        except DatabaseError:
            logger.warning("No figures of runs: the database does not answer.", exc_info=True)
            return
        yield from families


_NAMES = (
    ("queued_runs", "Runs that are due and wait for a worker."),
    ("oldest_queued_seconds", "For how long the oldest of them has been due."),
    ("running_runs", "Runs that a worker has taken."),
    ("running_without_heartbeat", "Of these, the ones whose worker has been silent for a lease."),
)


def _figures_of(table: type[Run]) -> tuple[float, float, float, float]:
    now = timezone.now()
    is_queued = Q(status=Run.Status.PENDING, available_at__lte=now, cancel_requested=False)
    queued = table._default_manager.filter(is_queued)  # noqa: SLF001
    waiting = queued.aggregate(number=Count("pk"), since=Min("available_at"))
    running = table._default_manager.filter(status=Run.Status.RUNNING)  # noqa: SLF001
    taken = running.aggregate(
        number=Count("pk"), silent=Count("pk", filter=Q(lease_until__lte=now) & ~Q(worker=""))
    )
    return waiting["number"], _seconds(waiting["since"], now), taken["number"], taken["silent"]


def _seconds(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0.0


REGISTRY.register(Runs())
