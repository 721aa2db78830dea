"""Writes how far an export is and what came of it, each only while the run is still ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from common import wakeup
from exports.models import Export
from projects.keeper import Stopped, StopReason

_EMPTY = "Nothing matches this selection: the file is valid and has no rows."


@dataclass(frozen=True)
class Built:
    """A published file."""

    key: str
    suffix: str
    size_bytes: int
    sha256: str
    rows: int
    is_empty: bool


def expect_rows(export: Export, rows: int) -> None:
    """Note how many rows there will be. Raises Stopped."""
    _change(export, rows_expected=rows)


def report_rows(export: Export, rows: int) -> None:
    """Note how many rows are written, and tell those who watch. Raises Stopped.

    After a clean restart the figure waits until the work has caught up with it.
    """
    _change(export, rows=Greatest(F("rows"), rows))
    wakeup.poke(export.stream)


def finish(export: Export, built: Built) -> None:
    """End the export with its file, which counts from now on. Raises Stopped."""
    kept = timedelta(seconds=settings.TEPPAN["EXPORT_KEPT_SECONDS"])
    with transaction.atomic():
        _change(
            export,
            file_key=built.key,
            suffix=built.suffix,
            size_bytes=built.size_bytes,
            sha256=built.sha256,
            rows=built.rows,
            rows_expected=built.rows,
            note=_EMPTY if built.is_empty else "",
            expires_at=timezone.now() + kept,
        )
        if not export.mark_completed(export.lease):
            raise Stopped(StopReason.LEASE_LOST)


def expired_exports(now: datetime) -> list[Export]:
    """Return exports whose file has had its time and is still there."""
    return list(Export.objects.filter(expires_at__lte=now).exclude(file_key=""))


def running_exports() -> list[tuple[int, int]]:
    """Return id and fencing number of every export that somebody works on."""
    running = Export.objects.filter(status=Export.Status.RUNNING)
    return list(running.values_list("pk", "fence"))


def exports_with_files() -> set[int]:
    """Return the ids of exports whose file counts."""
    return set(Export.objects.exclude(file_key="").values_list("pk", flat=True))


def is_alive(export_id: int) -> bool:
    """Tell whether an export is running or has a file."""
    alive = Q(status=Export.Status.RUNNING) | ~Q(file_key="")
    return Export.objects.filter(alive, pk=export_id).exists()


def forget_key(export: Export) -> None:
    """Note that an expired export's file is gone."""
    Export.objects.filter(pk=export.pk, file_key=export.file_key).update(file_key="")


def _change(export: Export, **changes: Any) -> None:
    ours = Export.objects.filter(export.lease.held & Q(cancel_requested=False))
    if not ours.update(**changes):
        is_ours = Export.objects.filter(export.lease.held).exists()
        raise Stopped(StopReason.CANCELLED if is_ours else StopReason.LEASE_LOST)
