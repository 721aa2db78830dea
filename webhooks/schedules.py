"""What the clock asks for: what nobody needs is forgotten, what an old key sealed sealed anew."""

from celery import shared_task

from webhooks.services.retention import forget_old_deliveries, remove_deleted_endpoints
from webhooks.services.sealing import reseal_endpoints


@shared_task(name="webhooks.forget_old")
def forget_old() -> None:
    """Forget deleted endpoints, and payloads and deliveries that have had their time."""
    remove_deleted_endpoints()
    forget_old_deliveries()


@shared_task(name="webhooks.reseal")
def reseal() -> None:
    """Seal with the installation's present key what an earlier one sealed."""
    reseal_endpoints()
