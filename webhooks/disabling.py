"""Endpoints that hear nothing more for now: what they miss is held."""

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from projects.activity import Audience, Fact, change_and_fire
from webhooks.claims import note_interrupted
from webhooks.models import OPEN, TERMINAL, Endpoint, WebhookDelivery, unclaimed

DISABLED = "endpoint.disabled"
ENABLED = "endpoint.enabled"

# Why: the owner said so, the receiver did (410, or in a header), or nothing arrived for days.
BY_OWNER = "by_owner"
GONE = "gone"
BY_RECEIVER = "by_receiver"
FAILING = "failing"


def disable_endpoint(endpoint: Endpoint, reason: str) -> bool:
    """Disable an endpoint and hold what waits for it; False when it was disabled already.

    The log of the endpoint says why. Unless its owner did it, the owner's other endpoints hear.
    """
    audience = None if reason == BY_OWNER else Audience(endpoint.owner_id, None)
    fact = Fact(DISABLED, {"reason": reason}, audience)
    changes = {"status": Endpoint.Status.DISABLED, "disabled_reason": reason}
    with transaction.atomic():
        enabled = Q(status=Endpoint.Status.ENABLED)
        if change_and_fire(endpoint, [fact], when=enabled, changes=changes) is None:
            return False
        hold_waiting(endpoint)
    endpoint.status, endpoint.disabled_reason = Endpoint.Status.DISABLED, reason
    return True


def enable_endpoint(endpoint: Endpoint) -> None:
    """Let an endpoint hear again, with a clean record; what was held stays so until recovered."""
    clean = {
        "status": Endpoint.Status.ENABLED,
        "disabled_reason": "",
        "failing_since": None,
        "unanswered": 0,
        "breaker_openings": 0,
        "breaker_until": None,
        "slowdowns": 0,
        "slow_until": None,
    }
    disabled = Q(status=Endpoint.Status.DISABLED)
    with transaction.atomic():
        if change_and_fire(endpoint, [Fact(ENABLED, {})], when=disabled, changes=clean) is not None:
            hold_waiting(endpoint)
    endpoint.refresh_from_db()


def hold_stranded() -> None:
    """Hold what still waits for disabled endpoints: its courier died while it was being sent."""
    waiting = WebhookDelivery.objects.filter(
        unclaimed(timezone.now()),
        endpoint=OuterRef("pk"),
        status__in=OPEN,
        next_retry_at__isnull=False,
    )
    disabled = Endpoint.objects.filter(status=Endpoint.Status.DISABLED)
    for endpoint in disabled.filter(Exists(waiting)).order_by("pk"):
        with transaction.atomic():
            for locked in disabled.filter(pk=endpoint.pk).select_for_update(no_key=True):
                hold_waiting(locked)


def hold_waiting(endpoint: Endpoint) -> None:
    """Hold what waits for the endpoint; what is being sent is held if it fails.

    The caller holds the endpoint's row lock.
    """
    now = timezone.now()
    waiting = WebhookDelivery.objects.filter(unclaimed(now), endpoint=endpoint, status__in=OPEN)
    lost = waiting.filter(lease_until__isnull=False).values_list("pk", flat=True)
    note_interrupted(list(lost), {endpoint.pk: endpoint}, now)
    idle = {"next_retry_at": None, "lease_until": None, "is_manual": False}
    # What was over before somebody asked for one more try is over again.
    waiting.filter(is_manual=True, former_status__in=TERMINAL).update(
        status=F("former_status"), **idle
    )
    waiting.update(status=WebhookDelivery.Status.HELD, **idle)
