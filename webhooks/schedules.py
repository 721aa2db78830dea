"""What the clock asks for: what nobody needs any more is forgotten."""

from celery import shared_task

from webhooks.services.retention import forget_old_deliveries, remove_deleted_endpoints


@shared_task(name="webhooks.forget_old")
def forget_old() -> None:
    """Forget deleted endpoints, and payloads and deliveries that have had their time."""
    remove_deleted_endpoints()
    forget_old_deliveries()
