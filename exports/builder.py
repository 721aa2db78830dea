"""Makes one claimed export: chooses, writes, publishes, and settles how it ended.

The work is done in a thread of its own that looks at the run's guard after every page. Nothing is
resumed half-way: who takes over a lost export begins again, and removes what was left behind.
"""

import asyncio
import errno
import logging
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone
from django.utils.crypto import salted_hmac

from common.errors import ApplicationError
from common.executors import run_in_database_thread
from exports import files, store
from exports.contents import COUNTED_SHEETS, Contents, describe
from exports.masking import Mask
from exports.models import Export
from exports.reading import Selection, ids_of, matching_posts
from exports.wishes import Wish
from exports.writers.base import Summary, TooLargeError
from projects.keeper import Guard, Stopped, StopReason
from scraper.selectors import latest_jobs

# Exports of one process at a time: each keeps a core busy, a second one lets a small export pass.
SLOTS = 2
# Watchers are shown progress at most twice a second.
_REPORT_SECONDS = 0.5
# Ids read between two looks at the guard: some ten milliseconds.
_IDS_PER_CHECK = 10_000
# Runs whose configuration a package tells.
_MOST_RUNS = 1000
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="export")

logger = logging.getLogger(__name__)


async def run_export(export: Export, guard: Guard) -> None:
    """Make the export's file and end its run, or leave the row as the guard's reason demands.

    A lost database is a loss: the run waits for its lease to end.
    """
    loop = asyncio.get_running_loop()
    try:
        await loop.run_in_executor(_threads, _make, export, guard.check)
    except Stopped as stop:
        await run_in_database_thread(_settle, export, stop.reason)


def _make(export: Export, check: Callable[[], None]) -> None:
    close_old_connections()
    try:
        _build(export, check)
    except (Stopped, OperationalError, InterfaceError):
        raise
    except OSError as error:
        _fail(export, *_reason_of(error))
    except files.StorageError as error:
        _fail(export, "storage", str(error))
    except TooLargeError as error:
        _fail(export, "too_large", str(error))
    except ApplicationError as error:
        _fail(export, error.code, error.detail)
    except Exception:
        fault = uuid.uuid4().hex[:12]
        logger.exception("Fault %s in %s", fault, export)
        _fail(export, "internal", f"Teppan made a mistake here; its log has it under {fault}.")
    finally:
        connections.close_all()


def _build(export: Export, check: Callable[[], None]) -> None:
    files.forget_earlier_attempts(export.pk, export.fence)
    wish = Wish.read(export.format, export.config)
    posts = matching_posts(export.project_id, wish.filters, with_removed=wish.include_removed)
    ids = _stoppable(ids_of(posts), check)
    selection = Selection(ids, wish.form.writer.instants, check)
    mask = Mask(_secret_of(export)) if wish.mask_authors else None
    contents = Contents(wish, selection, mask, _Progress(export, check))
    store.expect_rows(export, contents.count())
    with files.work_folder(export.pk, export.fence) as folder:
        about = describe(export.project.name, timezone.now(), wish, mask)
        if wish.form.is_always_zipped:
            about = _with_runs(about, export.project_id, mask)
        made = contents.write(folder, about)
        built = _publish(export, contents, folder, made, check)
    try:
        store.finish(export, built)
    except BaseException:
        # Why it does not count is what matters; what stays behind is cleared away later.
        with suppress(files.StorageError, OSError):
            files.forget_file(built.key)
        raise


def _with_runs(about: Summary, project_id: int, mask: Mask | None) -> Summary:
    found = latest_jobs(project_id, _MOST_RUNS + 1)
    runs = found[:_MOST_RUNS]
    return replace(
        about,
        runs=mask.hide_mentions(runs) if mask else runs,
        has_older_runs=len(found) > _MOST_RUNS,
    )


def _stoppable(ids: Generator[int, None, None], check: Callable[[], None]) -> Iterator[int]:
    """Pass ids on, and look from time to time whether it must stop."""
    with closing(ids):
        check()
        while some := list(islice(ids, _IDS_PER_CHECK)):
            yield from some
            check()


def _publish(
    export: Export, contents: Contents, folder: Path, made: list[Path], check: Callable[[], None]
) -> store.Built:
    form = contents.wish.form
    is_bundle = form.is_always_zipped or len(made) > 1
    path = files.bundle(folder, made, check) if is_bundle else made[0]
    suffix = "zip" if is_bundle else form.suffix
    digest = contents.digests.get(path) or files.digest_of(path, check)
    size = path.stat().st_size
    check()
    key = files.publish(path, f"{export.pk}/{export.fence}.{suffix}", check)
    rows = sum(contents.rows.get(name, 0) for name in COUNTED_SHEETS)
    return store.Built(key, suffix, size, digest, rows, is_empty=not len(contents.selection))


def _secret_of(export: Export) -> bytes:
    """Return what connects names to pseudonyms: another in every export, the same in a retry."""
    return salted_hmac("exports.masking", str(export.pk), algorithm="sha256").digest()


class _Progress:
    """Counts rows; stops the work when it must stop, and reports from time to time."""

    def __init__(self, export: Export, check: Callable[[], None]) -> None:
        self._export = export
        self._check = check
        self._rows = 0
        self._report_at = 0.0

    def __call__(self, rows: int) -> None:
        self._check()
        self._rows += rows
        now = time.monotonic()
        if now >= self._report_at:
            self._report_at = now + _REPORT_SECONDS
            try:
                store.report_rows(self._export, self._rows)
            except OperationalError:
                # A figure for those who watch: the file does not depend on it.
                logger.info("The progress of %s could not be noted.", self._export, exc_info=True)


def _reason_of(error: OSError) -> tuple[str, str]:
    if error.errno in _FULL:
        return "disk_full", f"There is no room for the file: {error.strerror}."
    return "storage", f"The file could not be written: {error.strerror or error}."


def _fail(export: Export, code: str, detail: str) -> None:
    if not export.mark_failed(export.lease, code, detail):
        export.mark_cancelled(export.lease)


def _settle(export: Export, reason: StopReason) -> None:
    """Leave the row as the reason demands; what somebody else took over is left alone."""
    if reason is StopReason.CANCELLED:
        export.mark_cancelled(export.lease)
    elif reason is StopReason.TIME_LIMIT:
        limit = settings.TEPPAN["JOB_TIME_LIMIT_SECONDS"]
        _fail(export, "time_limit", f"The export took longer than the {limit:g} s that it may.")
    elif reason is StopReason.SHUTDOWN:
        export.release(export.lease)
