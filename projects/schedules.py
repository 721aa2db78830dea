"""What the clock asks for: deletions that nobody finished, and records that have had their time."""

from celery import shared_task

from projects.deletion import remove_emptied_accounts
from projects.selectors import deleted_project_ids
from projects.services.records import forget_expired_records
from projects.tasks import hint_removal


@shared_task(name="projects.resume_removals")
def resume_removals() -> None:
    """Hint again at every deleted project whose rows are still there."""
    remove_emptied_accounts()
    for project_id in deleted_project_ids():
        hint_removal(project_id)


@shared_task(name="projects.forget_expired_records")
def forget_expired() -> None:
    """Delete sessions, idempotency keys and failed sign-ins that no longer mean anything."""
    forget_expired_records()
