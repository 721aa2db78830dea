"""How long deliveries are kept: first the payload goes, then the row with its tries."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from webhooks import deletion
from webhooks.models import TERMINAL, WebhookDelivery

# A month in which anything can be sent again; another two in which it can be looked up.
PAYLOAD_KEPT_FOR = timedelta(days=30)
DELIVERY_KEPT_FOR = timedelta(days=90)
# What was held for so long is dead: it can still be recovered while its payload is kept.
HELD_FOR = timedelta(days=90)

# A chunk this size holds SQLite's write lock for some tens of milliseconds.
CHUNK_ROWS = 1000


def forget_old_deliveries(now: datetime | None = None) -> int:
    """Forget deliveries that ended long ago, never one that still waits; returns the rows changed.

    In chunks, so that other writers get in between.
    """
    now = now or timezone.now()
    ended = WebhookDelivery.objects.filter(status__in=TERMINAL, lease_until=None)
    changed = _give_up_held(now)
    while ids := _some(ended.filter(ended_at__lt=now - DELIVERY_KEPT_FOR)):
        changed += WebhookDelivery.objects.filter(pk__in=ids, status__in=TERMINAL).delete()[0]
    expired = ended.filter(ended_at__lt=now - PAYLOAD_KEPT_FOR, payload__isnull=False)
    while ids := _some(expired):
        changed += WebhookDelivery.objects.filter(pk__in=ids, status__in=TERMINAL).update(
            payload=None
        )
    return changed


def _give_up_held(now: datetime) -> int:
    """Let those be dead that were held for too long."""
    held = WebhookDelivery.objects.filter(status=WebhookDelivery.Status.HELD)
    # What the index is of, said in its words.
    idle = held.filter(next_retry_at=None, ended_at=None)
    changed = 0
    while ids := _some(idle.filter(created_at__lt=now - HELD_FOR), "created_at"):
        changed += held.filter(pk__in=ids).update(status=WebhookDelivery.Status.DEAD, ended_at=now)
    return changed


def remove_deleted_endpoints() -> None:
    """Remove endpoints that were deleted, with their deliveries."""
    for endpoint in deletion.deleted_endpoints():
        while deletion.remove_endpoint(endpoint, CHUNK_ROWS):
            pass


def _some(rows: QuerySet[WebhookDelivery], age: str = "ended_at") -> list[int]:
    """Return the next oldest."""
    return list(rows.order_by(age).values_list("pk", flat=True)[:CHUNK_ROWS])
