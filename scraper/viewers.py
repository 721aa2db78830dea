"""The open streams of this process: who watches which job, and whether they still may.

One task looks after all of them every two seconds, in a few queries whatever their number: it ends
streams whose account, session or project is gone, notes that live jobs are being watched, and
drives live jobs that lost their driver.
"""

import asyncio
import contextvars
import logging
import random
from collections import Counter
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from common import draining, frames, sse
from common.errors import TooMany
from common.executors import run_in_database_thread
from projects.selectors import Principal, principals_still_valid
from scraper import drives, selectors
from scraper.models import ScrapingJob

# A stream must end within five seconds of the loss of its right.
ROUND_SECONDS = 2.0
# A restart spreads its viewers' return over this long.
RETURN_SPREAD_MILLISECONDS = (500, 5000)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Open:
    principal: Principal
    job_id: int
    viewer: sse.Viewer


_open: dict[int, _Open] = {}
_of_user: Counter[int] = Counter()
_tasks: list[asyncio.Task[None]] = []


def count_open() -> int:
    """Return how many streams this process has open."""
    return len(_open)


def admit(principal: Principal, job_id: int) -> sse.Viewer:
    """Return a viewer that is looked after until it leaves.

    Raises TooMany beyond the user's number of streams.
    """
    if _of_user[principal.user_id] >= settings.TEPPAN["MAX_STREAMS_PER_USER"]:
        raise TooMany("You have too many streams open; close one.", retry_after=5)
    viewer = sse.Viewer()
    viewer.on_leave = partial(_leave, id(viewer), principal.user_id)
    _open[id(viewer)] = _Open(principal, job_id, viewer)
    _of_user[principal.user_id] += 1
    _ensure_rounds()
    return viewer


def _leave(number: int, user_id: int) -> None:
    del _open[number]
    _of_user[user_id] -= 1
    if not _of_user[user_id]:
        del _of_user[user_id]


def _ensure_rounds() -> None:
    if not _tasks or any(task.done() for task in _tasks):
        loop = asyncio.get_running_loop()
        _tasks[:] = [
            loop.create_task(work, context=contextvars.Context())
            for work in (_go_round(), _dismiss_all_when_draining())
        ]


async def _dismiss_all_when_draining() -> None:
    """End every stream, each with its own advice when to come back: the process is leaving."""
    await draining.wait()
    while _open:
        for one in list(_open.values()):
            one.viewer.dismiss(frames.retry_frame(random.randint(*RETURN_SPREAD_MILLISECONDS)))  # noqa: S311
        await asyncio.sleep(0.05)


async def _go_round() -> None:
    while True:
        await asyncio.sleep(ROUND_SECONDS * min(settings.TEPPAN["TIME_SCALE"], 1.0))
        if not _open:
            continue
        try:
            await _look_after(list(_open.values()))
        except DatabaseError:
            logger.warning("Open streams could not be checked; trying again.", exc_info=True)


async def _look_after(present: list[_Open]) -> None:
    jobs = {one.job_id for one in present}
    principals = {one.principal for one in present}
    valid = await run_in_database_thread(principals_still_valid, principals)
    visible = await run_in_database_thread(selectors.jobs_still_visible, jobs)
    now = timezone.now()
    for one in present:
        if one.principal.expires_at is not None and one.principal.expires_at <= now:
            one.viewer.dismiss(frames.frame("auth", {"detail": "The access token expired."}))
        elif one.principal not in valid or one.job_id not in visible:
            one.viewer.dismiss(b"")
    watched = Counter(one.job_id for one in present if one.viewer.farewell is None)
    await run_in_database_thread(_note_viewed, list(watched))
    for job_id in await run_in_database_thread(selectors.unattended_streams, list(watched)):
        await drives.open_drive(job_id)


def _note_viewed(job_ids: list[int]) -> None:
    watched = ScrapingJob.objects.filter(pk__in=job_ids, mode="stream", status="running")
    watched.update(viewed_at=timezone.now())
