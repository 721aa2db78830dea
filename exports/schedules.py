"""What the clock asks for: files that have had their time go, and what lost workers left."""

from celery import shared_task

from exports.services import remove_expired_files, remove_strays


@shared_task(name="exports.remove_expired_files")
def remove_expired() -> None:
    """Delete the files of expired exports, and files that belong to none."""
    remove_expired_files()
    remove_strays()
