"""Reads exports as the outside sees them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from common.errors import Conflict, Gone, NotFound
from exports.columns import COMMENT_COLUMNS, POST_COLUMNS
from exports.models import Export
from exports.writers import FORMATS, Format
from projects.models import User
from projects.runs import TERMINAL

# What no file system, shell or dialog takes as part of a name, and what turns text around.
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]')
_LONGEST_TITLE = 80


def exports_visible_to(user: User) -> QuerySet[Export]:
    """Return the exports a user may see."""
    visible = Export.objects.filter(owner=user, project__deleted_at__isnull=True)
    return visible.select_related("project")


def export_of(user: User, export_id: int) -> Export:
    """Return one export. Raises NotFound, the same whether it is foreign or missing."""
    try:
        return exports_visible_to(user).get(pk=export_id)
    except Export.DoesNotExist:
        raise NotFound from None


def exports_matching(user: User, wish: Mapping[str, Any]) -> QuerySet[Export]:
    """Return the user's exports that match `project`, `status` and `format`."""
    return exports_visible_to(user).filter(**wish)


def exports_still_visible(export_ids: Iterable[int]) -> set[int]:
    """Return those of the exports whose project was not deleted."""
    visible = Export.objects.filter(pk__in=export_ids, project__deleted_at__isnull=True)
    return set(visible.values_list("pk", flat=True))


def export_detail(export_id: int) -> dict[str, Any]:
    """Return an export, read afresh. Raises NotFound once it is gone."""
    export = Export.objects.select_related("project").filter(pk=export_id).first()
    if export is None:
        raise NotFound
    return export_as_json(export)


def export_as_json(export: Export) -> dict[str, Any]:
    """Return an export as REST and the stream's snapshot show it."""
    progress = progress_of(export)
    error = {"code": export.error_code, "detail": export.error_detail}
    return {
        "id": export.pk,
        "project": export.project_id,
        "format": export.format,
        "status": export.status,
        "cancel_requested": export.cancel_requested,
        "config": export.config,
        "progress": progress,
        "eta_seconds": eta_seconds(export, progress),
        "rows": export.rows,
        "rows_expected": export.rows_expected,
        "note": export.note or None,
        "error": error if export.error_code else None,
        "file_name": file_name_of(export) if export.sha256 else None,
        "size_bytes": export.size_bytes,
        "sha256": export.sha256 or None,
        "expires_at": export.expires_at,
        "is_expired": is_expired(export),
        "event_seq": export.event_seq,
        "attempt": export.attempt,
        "origin": export.origin,
        "created_at": export.created_at,
        "started_at": export.started_at,
        "finished_at": export.finished_at,
    }


def progress_of(export: Export) -> float:
    """Return the share of the rows that are written, 0 to 1; it never decreases."""
    if export.status == Export.Status.COMPLETED:
        return 1.0
    if not export.rows_expected:
        return 0.0
    return round(min(export.rows / export.rows_expected, 1.0), 4)


def eta_seconds(export: Export, progress: float) -> float | None:
    """Return the expected seconds to the end at the pace so far; null when there is none yet."""
    if export.status in TERMINAL or not progress or export.started_at is None:
        return None
    elapsed = (timezone.now() - export.started_at).total_seconds()
    return round(elapsed * (1 - progress) / progress, 1)


def is_expired(export: Export) -> bool:
    """Tell whether the export had a file whose time is over."""
    return export.expires_at is not None and export.expires_at <= timezone.now()


def file_name_of(export: Export) -> str:
    """Return a name for the file that is safe everywhere, made from the project's."""
    title = unicodedata.normalize("NFC", export.project.name)
    title = " ".join(_UNSAFE.sub(" ", title).split()).strip(". ")[:_LONGEST_TITLE].strip(". ")
    return f"{title or 'Teppan'} - export {export.pk}.{export.suffix}"


def rows_of(export_id: int) -> int:
    """Return how many rows an export has written; 0 once it is gone."""
    return Export.objects.filter(pk=export_id).values_list("rows", flat=True).first() or 0


def require_file(export: Export) -> None:
    """Raise Conflict when the export has no file, Gone when it had one."""
    if is_expired(export) or (export.sha256 and not export.file_key):
        raise Gone("expired", "This file has had its time; run the export again.")
    if not export.file_key:
        word = "was not completed" if export.is_terminal else "is not completed yet"
        raise Conflict("no_file", f"This export {word}: there is no file.")


def file_lost() -> Gone:
    """Return what to raise when the storage has a completed export's file no more."""
    return Gone("lost", "This file is not there any more; run the export again.")


def formats_as_json() -> list[dict[str, Any]]:
    """Return the formats with what can be chosen, and what those need that cannot be used."""
    return [
        {
            "name": form.name,
            "is_available": not missing_packages(form),
            "needs": missing_packages(form),
            "sheets": form.sheets,
            "default_sheets": form.default_sheets,
            "columns": [column.name for column in POST_COLUMNS],
            "comment_columns": [column.name for column in COMMENT_COLUMNS],
        }
        for form in FORMATS.values()
    ]


def missing_packages(form: Format) -> list[str]:
    """Return the packages that a format needs and that are not installed."""
    return [name for name in form.needs if find_spec(name) is None]
