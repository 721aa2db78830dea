"""What a person asks to be sent: a test, one delivery again, or all that was missed in a time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Exists, F, QuerySet, When
from django.utils import timezone

from common.errors import Conflict, InvalidInput, TooMany
from projects.activity import Audience, Fact, PublicFact, change_and_fire
from webhooks.catalogue import EVENT_TYPES
from webhooks.fanout import make_delivery
from webhooks.models import MISSED, OPEN, TERMINAL, Endpoint, Recovery, WebhookDelivery, unclaimed
from webhooks.tasks import hint_courier

TEST = "webhook.test"

# Enough to try things out, too few to bother somebody else's server with.
TESTS_PER_MINUTE = 10

_DISABLED = "This endpoint is disabled; enable it first."


def send_test(
    endpoint: Endpoint, event_type: str = TEST, data: Mapping[str, Any] | None = None
) -> WebhookDelivery:
    """Send an event to the endpoint, once, whatever comes of it: the type's example, or this data.

    Raises Conflict for a disabled endpoint, InvalidInput for an unknown type, TooMany.
    """
    if event_type not in EVENT_TYPES:
        raise InvalidInput("unknown_event_type", "There is no such type.", attr="event_type")
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        _refuse_disabled(locked)
        _refuse_too_many_tests(locked)
        seq = change_and_fire(locked, [Fact(TEST, {"event_type": event_type})])
        fact = PublicFact(
            log_id=None,
            stream=locked.stream,
            seq=seq or 0,
            type=event_type,
            data={**_example_of(event_type, data), "test": True},
            created_at=timezone.now(),
            audience=Audience(locked.owner_id, None),
        )
        delivery = make_delivery(locked, fact)
        delivery.is_test = delivery.is_manual = True
        delivery.save()
        Endpoint.objects.filter(pk=locked.pk).update(last_sequence=locked.last_sequence)
        transaction.on_commit(lambda: hint_courier([delivery.pk]))
    return delivery


def retry_delivery(delivery: WebhookDelivery) -> WebhookDelivery:
    """Have a delivery tried now; a try that is being made, or was asked for, is that try.

    What still had tries left goes on with its schedule if this one fails, one tier further; what
    was over is as before. Raises Conflict for a disabled endpoint and a payload that is gone.
    """
    _refuse_disabled(delivery.endpoint)
    if delivery.payload is None:
        raise Conflict("payload_expired", "No payload of this delivery is kept.")
    now = timezone.now()
    rows = WebhookDelivery.objects.filter(
        unclaimed(now),
        pk=delivery.pk,
        is_manual=False,
        payload__isnull=False,
        endpoint__status=Endpoint.Status.ENABLED,
    )
    # What a recovery took from the held ones and nobody tried is still known as held.
    untried = When(status__in=OPEN, former_status=WebhookDelivery.Status.HELD, then="former_status")
    changed = rows.update(
        former_status=Case(untried, default="status"),
        status=WebhookDelivery.Status.PENDING,
        is_manual=True,
        next_retry_at=now,
    )
    if changed:
        transaction.on_commit(lambda: hint_courier([delivery.pk]))
    delivery.refresh_from_db()
    return delivery


def missed_deliveries(
    endpoint: Endpoint, since: datetime, until: datetime, status: str | None = None
) -> QuerySet[WebhookDelivery]:
    """Return what was held or ran out of tries in a time range and can still be sent.

    With a status, only what was held, or only what ran out.
    """
    return WebhookDelivery.objects.filter(
        endpoint=endpoint,
        status__in=MISSED if status is None else (status,),
        created_at__gte=since,
        created_at__lte=until,
        is_test=False,
        payload__isnull=False,
    )


def start_recovery(
    endpoint: Endpoint, since: datetime, until: datetime, status: str | None = None
) -> Recovery:
    """Send again what was missed in a time range, each with the whole schedule before it.

    Raises InvalidInput for a range that ends before it begins, Conflict for a disabled endpoint.
    """
    if since >= until:
        raise InvalidInput("invalid", "Should be after since.", attr="until")
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        _refuse_disabled(locked)
        recovery = Recovery.objects.create(endpoint=locked, since=since, until=until)
        recovery.total = missed_deliveries(locked, since, until, status).update(
            recovery=recovery,
            former_status=F("status"),
            status=WebhookDelivery.Status.PENDING,
            tier=0,
            next_retry_at=timezone.now(),
            ended_at=None,
        )
        recovery.save(update_fields=["total"])
        transaction.on_commit(lambda: hint_courier([]))
    return recovery


def cancel_recovery(recovery: Recovery) -> None:
    """Send no more of it: what was held and not tried is held again, the rest ends. Idempotent.

    What is being sent ends with this try. One that is complete stays so.
    """
    now = timezone.now()
    open_ones = WebhookDelivery.objects.filter(recovery=recovery.pk, status__in=OPEN)
    with transaction.atomic():
        # In turn with the couriers: what fails just now is written down before, or known as over.
        Endpoint.objects.select_for_update(no_key=True).get(pk=recovery.endpoint_id)
        running = Recovery.objects.filter(Exists(open_ones), pk=recovery.pk, cancelled_at=None)
        if running.update(cancelled_at=now):
            left = open_ones.filter(lease_until=None)
            idle = {"former_status": "", "next_retry_at": None, "is_manual": False}
            # What was over before somebody asked for one more try is over as it was.
            over = left.filter(is_manual=True, former_status__in=TERMINAL)
            over.update(status=F("former_status"), **idle)
            # They are nobody's again, and whatever sends them later has nothing to do with it.
            held = left.filter(former_status=WebhookDelivery.Status.HELD)
            held.update(status=WebhookDelivery.Status.HELD, recovery=None, **idle)
            left.update(status=WebhookDelivery.Status.DEAD, ended_at=now, **idle)
    recovery.refresh_from_db()


def _refuse_disabled(endpoint: Endpoint) -> None:
    if endpoint.status == Endpoint.Status.DISABLED:
        raise Conflict("endpoint_disabled", _DISABLED)


def _refuse_too_many_tests(endpoint: Endpoint) -> None:
    minute = timezone.now() - timedelta(minutes=1)
    lately = WebhookDelivery.objects.filter(endpoint=endpoint, is_test=True, created_at__gt=minute)
    if lately.count() >= TESTS_PER_MINUTE:
        raise TooMany(f"At most {TESTS_PER_MINUTE} tests per minute.", retry_after=60)


def _example_of(event_type: str, data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    example: Mapping[str, Any] = EVENT_TYPES[event_type].example["data"]
    return example if data is None else data
