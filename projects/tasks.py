"""What happens behind the answer: deleted projects lose their rows."""

import logging

import kombu.exceptions
from celery import shared_task

from projects.deletion import remove_project

logger = logging.getLogger(__name__)


def hint_removal(project_id: int) -> None:
    """Ask a worker to remove a deleted project; if the broker is gone, the schedule finds it."""
    try:
        remove_project_task.delay(project_id)
    except (kombu.exceptions.OperationalError, OSError) as error:
        logger.warning("The broker did not take project %s (%s).", project_id, error)


@shared_task(name="projects.remove_project")
def remove_project_task(project_id: int) -> None:
    """Remove a deleted project and all its rows; safe to run twice, or side by side."""
    remove_project(project_id)
