"""The life of every long-running run: claimed, kept alive, released, finished, cancelled, swept.

The row owns the state. Whoever works on a run holds a Lease: the fencing number it claimed with,
demanded by every later write, so that a worker that was declared dead can no longer change it.
A status moves forward only: pending, running, then one of the four terminal ones.
"""

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, F, Min, Q
from django.utils import timezone

from common import wakeup
from projects.activity import Audience, Fact, change_and_fire

R = TypeVar("R", bound="Run")

# A run whose worker died this often in a row without committing anything kills its workers.
POISON_LOSSES = 3


@dataclass(frozen=True)
class Lease:
    """The right to write a run: valid while the row still carries this fencing number."""

    run_id: int
    fence: int

    @property
    def held(self) -> Q:
        """Condition under which this lease may write."""
        return Q(pk=self.run_id, fence=self.fence, status="running")


class Run(models.Model):
    """A long-running piece of work that any process may take, lose and take over."""

    stream_kind: ClassVar[str]

    class Status(models.TextChoices):
        """The last four are terminal."""

        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        PARTIAL = "partial"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Origin(models.TextChoices):
        """What asked for the run."""

        WEB = "web"
        API = "api"
        CLI = "cli"
        SCHEDULE = "schedule"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    cancel_requested = models.BooleanField(default=False)
    fence = models.BigIntegerField(default=0)
    worker = models.CharField(max_length=128, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    available_at = models.DateTimeField(default=timezone.now)
    attempt = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    event_seq = models.BigIntegerField(default=0)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.API)
    retry_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    metadata = models.JSONField(default=dict)
    error_code = models.CharField(max_length=32, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.stream

    @property
    def stream(self) -> str:
        """Name of the run's stream in the event log."""
        return f"{self.stream_kind}:{self.pk}"

    @property
    def control(self) -> str:
        """Name under which the run's worker is poked when it has to look at its row."""
        return f"{self.stream}/control"

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended; it is never reopened."""
        return self.status in TERMINAL

    @property
    def lease(self) -> Lease:
        """The lease this instance was claimed with."""
        return Lease(self.pk, self.fence)

    def mark_running(self, *, worker: str, seen: Mapping[str, Any], when: Q) -> Self | None:
        """Take the run if it is still as `seen` and `when`; None when somebody was faster.

        A run found with an expired lease of a named worker was lost by that worker.
        """
        now = timezone.now()
        lost = seen["status"] == self.Status.RUNNING and bool(seen["worker"])
        changes: dict[str, Any] = {
            "status": self.Status.RUNNING,
            "fence": F("fence") + 1,
            "worker": worker,
            "lease_until": now + lease_length(),
            "attempt": F("attempt") + 1,
            "losses": F("losses") + int(lost),
            "started_at": seen["started_at"] or now,
        }
        started = Fact("job.started", {"attempt": seen["attempt"] + 1})
        taken_over = Fact(
            "job.noticed", {"code": "taken_over", "detail": "Another worker carries on."}
        )
        facts = [taken_over] if seen["status"] == self.Status.RUNNING else [started]
        unchanged = when & Q(fence=seen["fence"])
        if change_and_fire(self, facts, when=unchanged, changes=changes) is None:
            return None
        self.refresh_from_db()
        return self

    def mark_completed(self, lease: Lease) -> bool:
        """End the run as wholly done; False when the lease was lost or a cancel came first."""
        return self.end(self.Status.COMPLETED, lease.held & Q(cancel_requested=False))

    def mark_partial(self, lease: Lease) -> bool:
        """End the run with something stored and something missing; False as above."""
        return self.end(self.Status.PARTIAL, lease.held & Q(cancel_requested=False))

    def mark_failed(self, lease: Lease, code: str, detail: str) -> bool:
        """End the run with its reason; False when the lease was lost or a cancel came first."""
        return self.end(
            self.Status.FAILED, lease.held & Q(cancel_requested=False), code=code, detail=detail
        )

    def mark_cancelled(self, lease: Lease) -> bool:
        """End a run whose cancel was requested; False when the lease was lost."""
        return self.end(self.Status.CANCELLED, lease.held & Q(cancel_requested=True))

    def cancel(self) -> None:
        """Ask for the end: at once when nobody works on the run, else by its worker. Idempotent."""
        now = timezone.now()
        if self.end(self.Status.CANCELLED, unheld(now)):
            return
        active = Q(status=self.Status.RUNNING, cancel_requested=False)
        if change_and_fire(self, [], when=active, changes={"cancel_requested": True}) is not None:
            transaction.on_commit(lambda: wakeup.poke(self.control))
        self.refresh_from_db()

    def release(self, lease: Lease, pause: timedelta = timedelta()) -> bool:
        """Give the run back unfinished, for anyone to take after a pause; not counted as a loss."""
        # A new fence ends the lease here: a heartbeat on its way must not renew it.
        changes = {"worker": "", "lease_until": timezone.now() + pause, "fence": F("fence") + 1}
        return change_and_fire(self, [], when=lease.held, changes=changes) is not None

    def end_parts(self, status: str, *, code: str, detail: str) -> Sequence[Fact]:
        """End what the run consists of, in its terminal transaction; its facts precede the end."""
        return ()

    def terminal_data(self) -> dict[str, Any]:
        """Data of the terminal event, read after the row and its parts have ended."""
        return {}

    def status_if_cut(self) -> str:
        """What the run ends as when it can go no further: failed, or partial if it has results."""
        return self.Status.FAILED

    def end(self, status: str, when: Q, *, code: str = "", detail: str = "") -> bool:
        """Make the one terminal transition, with its parts' ends and its event; False: refused."""
        changes = {
            "status": status,
            "finished_at": timezone.now(),
            "lease_until": None,
            "worker": "",
            "error_code": code,
            "error_detail": detail,
            **({"cancel_requested": True} if status == self.Status.CANCELLED else {}),
        }
        with transaction.atomic():
            if change_and_fire(self, [], when=when, changes=changes) is None:
                return False
            self.refresh_from_db()
            parts = self.end_parts(status, code=code, detail=detail)
            audience = Audience(self.owner_id, self.project_id)
            terminal = Fact(f"{self.stream_kind}.{status}", self.terminal_data(), audience)
            change_and_fire(self, [*parts, terminal])
        self.refresh_from_db()
        return True


TERMINAL = frozenset(
    (Run.Status.COMPLETED, Run.Status.PARTIAL, Run.Status.FAILED, Run.Status.CANCELLED)
)

NOT_CANCELLED = Q(cancel_requested=False)

# Once abandoned, the run has lost as many workers as it may: nobody takes it, the sweep ends it.
POISONOUS = Q(status=Run.Status.RUNNING, losses__gte=POISON_LOSSES - 1) & ~Q(worker="")

# Taken now, it begins its last chance: it has to do so alone, so that nobody dies with it again.
SUSPECT = Q(losses__gte=POISON_LOSSES - 1) | (
    Q(status=Run.Status.RUNNING, losses__gte=POISON_LOSSES - 2) & ~Q(worker="")
)

_SEEN = ("pk", "status", "fence", "worker", "attempt", "losses", "started_at")


# Distinguishes this process from an earlier one with the same number.
_BOOT = uuid.uuid4().hex[:8]


def worker_name(kind: str) -> str:
    """Return a name that no other process, past or present, has."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}:{_BOOT}"


def lease_length() -> timedelta:
    """How long a silent worker keeps its runs."""
    return timedelta(seconds=settings.TEPPAN["LEASE_SECONDS"])


def unattended(now: datetime) -> Q:
    """Condition: not ended, and nobody holds it."""
    return Q(status=Run.Status.PENDING) | Q(status=Run.Status.RUNNING, lease_until__lte=now)


def unheld(now: datetime) -> Q:
    """Condition: the same, or released by who lost its database, though nobody's turn yet."""
    return unattended(now) | Q(status=Run.Status.RUNNING, worker="")


def claimable(now: datetime) -> Q:
    """Condition: waiting and due, or given up by a worker that released it or died."""
    waiting = Q(status=Run.Status.PENDING, available_at__lte=now)
    given_up = Q(status=Run.Status.RUNNING, lease_until__lte=now)
    return (waiting | given_up & ~POISONOUS) & NOT_CANCELLED


def take(table: type[R], run_id: int, worker: str, *, when: Q) -> R | None:
    """Claim one run for `worker` under a condition; None when it does not hold (any more)."""
    seen = table._default_manager.filter(when, pk=run_id).values(*_SEEN).first()  # noqa: SLF001
    if seen is None:
        return None
    return table(pk=run_id).mark_running(worker=worker, seen=seen, when=when)


def take_next(table: type[R], worker: str, *, eligible: Q | None = None) -> R | None:
    """Claim the run whose turn it is: users with the fewest running first, then the oldest.

    One grouped query over the waiting runs and one over the running ones, whatever their number.
    What others are just taking is passed over; None only when nothing waits.
    """
    when = claimable(timezone.now()) & (eligible or Q())
    rows = table._default_manager  # noqa: SLF001
    while oldest := dict(rows.filter(when).values_list("owner").annotate(oldest=Min("pk"))):
        running = dict(
            rows.filter(status=Run.Status.RUNNING).values_list("owner").annotate(number=Count("pk"))
        )
        for owner in sorted(oldest, key=lambda owner: (running.get(owner, 0), oldest[owner])):
            if run := _take_oldest(table, worker, when & Q(owner=owner)):
                return run
    return None


def _take_oldest(table: type[R], worker: str, when: Q) -> R | None:
    with transaction.atomic():
        # SQLite knows no row locks: there the transaction itself keeps the others out.
        rows = table._default_manager.filter(when).select_for_update(skip_locked=True)  # noqa: SLF001
        seen = rows.order_by("pk").values(*_SEEN).first()
        if seen is None:
            return None
        return table(pk=seen["pk"]).mark_running(worker=worker, seen=seen, when=when)


def is_suspect(run: Run) -> bool:
    """Tell of a claimed run whether one more loss would condemn it."""
    return run.losses >= POISON_LOSSES - 1


def has_losses(run: Run) -> bool:
    """Tell whether a run being worked on has not got on yet since its last worker died."""
    rows = type(run)._default_manager  # noqa: SLF001
    return rows.filter(pk=run.pk, status=Run.Status.RUNNING, losses__gt=0).exists()


def count_claimable(table: type[Run], *, eligible: Q | None = None) -> int:
    """Count the runs that a free slot could take now."""
    when = claimable(timezone.now()) & (eligible or Q())
    return table._default_manager.filter(when).count()  # noqa: SLF001


def heartbeat(table: type[Run], leases: Sequence[Lease]) -> None:
    """Renew leases, each only while it is still held."""
    until = timezone.now() + lease_length()
    for lease in leases:
        table._default_manager.filter(lease.held).update(lease_until=until)  # noqa: SLF001


def settle_stuck(table: type[Run], lease: Lease, *, code: str | None, is_cancelled: bool) -> None:
    """Do with a row what its worker does not do any more: end it, or give it back.

    `code` is what ends it; it may have been cancelled instead, or be somebody else's by now.
    """
    run = table._default_manager.filter(lease.held).first()  # noqa: SLF001
    if run is None:
        return
    if is_cancelled or run.cancel_requested:
        run.mark_cancelled(lease)
    elif code:
        detail = "It ran longer than it may, and did not stop when it was told to."
        run.end(run.status_if_cut(), lease.held & NOT_CANCELLED, code=code, detail=detail)
    else:
        run.release(lease)


def sweep(table: type[Run]) -> int:
    """End what nobody will end: cancelled runs and poison whose worker died. Returns how many."""
    now = timezone.now()
    abandoned = Q(status=Run.Status.RUNNING, lease_until__lte=now)
    cancelled = Q(status=Run.Status.RUNNING, cancel_requested=True) & unheld(now)
    poison = abandoned & POISONOUS & NOT_CANCELLED
    ended = 0
    for run in table._default_manager.filter(cancelled):  # noqa: SLF001
        ended += run.end(Run.Status.CANCELLED, cancelled)
    for run in table._default_manager.filter(poison):  # noqa: SLF001
        ended += run.end(
            run.status_if_cut(),
            poison,
            code="worker_lost",
            detail=f"Its worker died {POISON_LOSSES} times in a row without progress.",
        )
    return ended
