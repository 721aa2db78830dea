"""The open streams of this process: who watches which run, and whether they still may.

One task looks after all of them every two seconds, in a few queries whatever their number: it ends
streams whose account, session or project is gone. What else a kind of run needs while it is being
watched is its own business (`Kind.attend`).
"""

import asyncio
import contextvars
import logging
import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from common import draining, frames, sse
from common.errors import TooMany
from common.executors import run_in_reading_thread
from projects.places import shared_places
from projects.selectors import Principal, principals_still_valid

# A stream must end within five seconds of the loss of its right.
ROUND_SECONDS = 2.0
# Well within the life of a place.
RENEW_SECONDS = 4.0
# A restart spreads its viewers' return over this long.
RETURN_SPREAD_MILLISECONDS = (500, 5000)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """One kind of run that can be watched.

    `still_visible(ids)` returns those that still may be seen, in a database thread; `attend(ids)`
    is called every round with those that are being watched.
    """

    still_visible: Callable[[Iterable[int]], set[int]]
    attend: Callable[[list[int]], Awaitable[None]] | None = None


@dataclass(frozen=True)
class _Open:
    principal: Principal
    kind: Kind
    run_id: int
    viewer: sse.Viewer
    place: str


_open: dict[int, _Open] = {}
_of_user: Counter[int] = Counter()
_tasks: list[asyncio.Task[None]] = []


def count_open() -> int:
    """Return how many streams this process has open."""
    return len(_open)


async def admit(principal: Principal, kind: Kind, run_id: int) -> sse.Viewer:
    """Return a viewer that is looked after until it leaves.

    Raises TooMany beyond the user's number of streams, whatever processes they are open in.
    """
    user_id, most = principal.user_id, settings.TEPPAN["MAX_STREAMS_PER_USER"]
    if _of_user[user_id] >= most:
        _refuse()
    viewer = sse.Viewer()
    leave = partial(_leave, id(viewer))
    one = _Open(principal, kind, run_id, viewer, uuid.uuid4().hex)
    _open[id(viewer)] = one
    _of_user[user_id] += 1
    _ensure_rounds()
    try:
        # Cancelled meanwhile, the place is given back after it was taken: both are done in order.
        if not await shared_places().take(user_id, one.place, most):
            _refuse()
    except BaseException:
        leave()
        raise
    viewer.on_leave = leave
    return viewer


def _refuse() -> NoReturn:
    raise TooMany("You have too many streams open; close one.", retry_after=5)


def _leave(number: int) -> None:
    one = _open.pop(number)
    user_id = one.principal.user_id
    shared_places().give_back(user_id, one.place)
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
    renewed_at = time.monotonic()
    while True:
        await asyncio.sleep(ROUND_SECONDS * min(settings.TEPPAN["TIME_SCALE"], 1.0))
        if not _open:
            continue
        if time.monotonic() - renewed_at > RENEW_SECONDS:
            renewed_at = time.monotonic()
            _renew_places()
        try:
            await _look_after(list(_open.values()))
        except DatabaseError:
            logger.warning("Open streams could not be checked; trying again.", exc_info=True)


def _renew_places() -> None:
    held: defaultdict[int, list[str]] = defaultdict(list)
    for one in _open.values():
        held[one.principal.user_id].append(one.place)
    shared_places().renew(held)


async def _look_after(present: list[_Open]) -> None:
    valid = await run_in_reading_thread(principals_still_valid, {one.principal for one in present})
    by_kind: defaultdict[Kind, list[_Open]] = defaultdict(list)
    for one in present:
        by_kind[one.kind].append(one)
    for kind, watching in by_kind.items():
        await _look_after_kind(kind, watching, valid)


async def _look_after_kind(kind: Kind, present: list[_Open], valid: set[Principal]) -> None:
    visible = await run_in_reading_thread(kind.still_visible, {one.run_id for one in present})
    now = timezone.now()
    # Who has left while we looked was watching when we began.
    watched: set[int] = set()
    for one in present:
        if one.principal.expires_at is not None and one.principal.expires_at <= now:
            one.viewer.dismiss(frames.frame("auth", {"detail": "The access token expired."}))
        elif one.principal not in valid or one.run_id not in visible:
            one.viewer.dismiss(b"")
        else:
            watched.add(one.run_id)
    if kind.attend is not None:
        await kind.attend(list(watched))
