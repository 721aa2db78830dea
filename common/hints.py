"""Messages that tell a worker to look: sent by name, since who listens lies above who tells.

The rows hold the work: what the broker does not take, or loses, is found there by a sweep.
"""

import logging
import time
from typing import Any

import kombu.exceptions
from celery import current_app

# "Look" says the same each time: said again so soon, it would cost a worker more than the work.
_PAUSE_SECONDS = 0.25

logger = logging.getLogger(__name__)

_told_at: dict[str, float] = {}


def send_hint(task: str, *arguments: Any) -> None:
    """Send a task by name. A broker that is gone is no error."""
    try:
        current_app.send_task(task, args=arguments)
    except (kombu.exceptions.OperationalError, OSError) as error:
        logger.warning("The broker did not take %s (%s); a sweep will.", task, error)


def hint_to_look(task: str) -> None:
    """Send a task by name, unless this process has sent it just now.

    For tasks that look for all there is, where a poke tells of each single thing as well.
    """
    now = time.monotonic()
    if now - _told_at.get(task, float("-inf")) >= _PAUSE_SECONDS:
        _told_at[task] = now
        send_hint(task)
