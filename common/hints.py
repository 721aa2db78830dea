"""Messages that tell a worker to look: sent by name, since who listens lies above who tells.

The rows hold the work: what the broker does not take, or loses, is found there by a sweep.
"""

import logging
from typing import Any

import kombu.exceptions
from celery import current_app

logger = logging.getLogger(__name__)


def send_hint(task: str, *arguments: Any) -> None:
    """Send a task by name. A broker that is gone is no error."""
    try:
        current_app.send_task(task, args=arguments)
    except (kombu.exceptions.OperationalError, OSError) as error:
        logger.warning("The broker did not take %s (%s); a sweep will.", task, error)
