"""Starts and cancels exports, estimates them, and clears away what they leave."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from exports import events, files, store
from exports.models import Export
from exports.reading import Page, Selection, count_comments, matching_posts
from exports.tasks import hint_workers
from exports.wishes import Wish
from projects.activity import Fact, change_and_fire
from projects.models import Project, User

# Enough to know the mean length of a row within some percent, read in milliseconds.
_SAMPLE = 200

logger = logging.getLogger(__name__)


def start_export(
    owner: User, project: Project, wish: Wish, *, origin: str, announce: bool = True
) -> Export:
    """Create an export and tell the workers. Raises InvalidInput, naming the field.

    Without `announce` the caller makes it itself: workers leave it alone for a while.
    """
    wish.check()
    export = Export(
        owner=owner, project=project, format=wish.format, config=wish.as_config(), origin=origin
    )
    if not announce:
        grace = timedelta(seconds=settings.TEPPAN["VIEWER_GRACE_SECONDS"])
        export.available_at = timezone.now() + grace
    with transaction.atomic():
        export.save()
        export.event_seq = change_and_fire(export, [Fact(events.QUEUED, {})]) or 0
        if announce:
            transaction.on_commit(lambda: hint_workers(export.pk))
    return export


def cancel_export(export: Export) -> Export:
    """Ask for the export's end; at once when nobody works on it. Idempotent."""
    export.cancel()
    return export


def estimate_export(project: Project, wish: Wish) -> dict[str, int]:
    """Return how many posts and comments an export would hold now, and about how many bytes.

    Raises InvalidInput as `start_export` does.
    """
    wish.check()
    wish = Wish.read(wish.format, wish.as_config())
    found = matching_posts(project.pk, wish.filters, with_removed=wish.include_removed)
    posts = found.count() if "posts" in wish.sheets else 0
    comments = count_comments(found) if "comments" in wish.sheets else 0
    sample = Selection(sorted(found.order_by("-pk").values_list("pk", flat=True)[:_SAMPLE]), "iso")
    size = posts * _mean_length(sample.posts(wish.post_columns))
    size += comments * _mean_length(sample.comments(wish.chosen_comment_columns))
    return {"posts": posts, "comments": comments, "size_bytes": round(size * wish.form.share)}


def remove_expired_files() -> int:
    """Delete the files of exports whose time is over; returns how many."""
    removed = 0
    for export in store.expired_exports(timezone.now()):
        with _left_for_later():
            files.forget_file(export.file_key)
            store.forget_key(export)
            removed += 1
    return removed


def remove_strays() -> None:
    """Delete what belongs to no export: left by workers that were lost for good."""
    # Folders first: one that is made after this look is not asked about.
    folders = files.work_folders()
    running = store.running_exports()
    files.forget_work_of_others(folders, running)
    kept = {number for number, _ in running} | store.exports_with_files()
    for number in files.published_exports():
        # Looked at again: it may have begun after the first look.
        if number not in kept and not store.is_alive(number):
            with _left_for_later():
                files.forget_published(number)


@contextmanager
def _left_for_later() -> Iterator[None]:
    """Leave what the storage does not delete to the next look, and go on with the others."""
    try:
        yield
    except (files.StorageError, OSError):
        logger.warning("A file of an export cannot be deleted now.", exc_info=True)


def _mean_length(pages: Iterator[Page]) -> float:
    """Return the mean length of a row as text, its separators included."""
    rows = size = 0
    for page in pages:
        rows += len(page[0])
        size += sum(len(str(value)) + 1 for values in page for value in values if value is not None)
    return size / rows if rows else 0.0
