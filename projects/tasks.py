"""What happens behind the answer: deleted projects lose their rows."""

from celery import shared_task

from common.hints import send_hint
from projects.deletion import remove_project

_TASK = "projects.remove_project"


def hint_removal(project_id: int) -> None:
    """Ask a worker to remove a deleted project; if the broker is gone, the schedule finds it."""
    send_hint(_TASK, project_id)


@shared_task(name=_TASK)
def remove_project_task(project_id: int) -> None:
    """Remove a deleted project and all its rows; safe to run twice, or side by side."""
    remove_project(project_id)
