"""Taking deliveries to send: what is due, as much as each endpoint may be sent now.

Everything that several couriers have to agree on (how many requests are under way at an endpoint,
its rate, its order, whether it answers) is looked at under the lock of the endpoint's row.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webhooks import plan
from webhooks.models import OPEN, Attempt, Endpoint, WebhookDelivery
from webhooks.picks import (
    MOST_PER_ENDPOINT,
    Pick,
    Taken,
    count_under_way,
    lock_with_work,
    pick_due,
    take,
)

INTERRUPTED = "interrupted"
# A try that failed on our side, before anything was sent.
UNSENDABLE = "unsendable"

_OF_LOST = ("attempt_count", "tier", "status", "ended_at", "lease_until", "next_retry_at")


@dataclass(frozen=True)
class Parcel:
    """A claimed delivery, ready to be sent by whoever holds its fence."""

    id: int
    fence: int
    endpoint: Endpoint = field(repr=False)
    event_id: str
    payload: bytes = field(repr=False)
    number: int
    tier: int
    is_manual: bool
    is_test: bool
    former_status: str


@dataclass(frozen=True)
class Claimed:
    """What was taken; `again` says when endpoints held back by their rate may be asked next."""

    parcels: list[Parcel]
    again: dict[int, datetime]


def lease_length() -> timedelta:
    """How long a courier that is not heard of keeps what it took."""
    return timedelta(seconds=settings.TEPPAN["LEASE_SECONDS"])


def take_due(
    room: int, endpoint_ids: Collection[int] | None = None, under_way: Iterable[Parcel] = ()
) -> Claimed:
    """Claim up to `room` due deliveries, of these endpoints or of all.

    No endpoint gets more than it may be sent at once, and no account more than its share of the
    room, so none takes the room of the others. `under_way` is what the caller sends already.
    """
    now = timezone.now()
    by_owner = Counter(parcel.endpoint.owner_id for parcel in under_way)
    with transaction.atomic():
        endpoints = lock_with_work(now, endpoint_ids, by_owner, room)
        by_endpoint = count_under_way(endpoints.values(), now)
        allowed = ((one, _allowed(one, by_endpoint[pk], now)) for pk, one in endpoints.items())
        wanted = [(one, number) for one, number in allowed if number > 0]
        picks = pick_due(wanted, by_owner, room, now)
        if not picks:
            return Claimed([], _again(endpoints.values(), now))
        taken = take(picks, now, now + lease_length())
        if len(taken) < len(picks):
            # Somebody changed one in between: all are looked at again at the next turn.
            transaction.set_rollback(True)
            return Claimed([], {})
        lost = note_interrupted([pick.id for pick in picks if pick.was_lost], endpoints, now)
        taken = [one._replace(**lost.get(one.id, {})) for one in taken]
        _pace(endpoints, picks, now)
        parcels = [_parcel(one, endpoints) for one in taken if one.status in OPEN]
        return Claimed(parcels, _again(endpoints.values(), now))


def renew(parcels: Iterable[Parcel]) -> None:
    """Keep hold of what is still being sent."""
    held = Q(pk__in=[])
    for parcel in parcels:
        held |= Q(pk=parcel.id, fence=parcel.fence)
    WebhookDelivery.objects.filter(held, lease_until__isnull=False).update(
        lease_until=timezone.now() + lease_length()
    )


def _allowed(endpoint: Endpoint, under_way: int, now: datetime) -> int:
    is_probing = endpoint.unanswered >= plan.BREAKER_MINIMUM
    most = 1 if endpoint.ordered or is_probing else MOST_PER_ENDPOINT
    paced = plan.allowance(endpoint.rate_per_second, endpoint.paced_until, now)
    return most - under_way if paced is None else min(most - under_way, paced)


def _pace(endpoints: dict[int, Endpoint], picks: Sequence[Pick], now: datetime) -> None:
    for endpoint in endpoints.values():
        rate = endpoint.rate_per_second
        count = sum(pick.endpoint_id == endpoint.pk for pick in picks)
        if rate is not None and count:
            endpoint.paced_until = plan.paced_after(count, rate, endpoint.paced_until, now)
            Endpoint.objects.filter(pk=endpoint.pk).update(paced_until=endpoint.paced_until)


def _again(endpoints: Iterable[Endpoint], now: datetime) -> dict[int, datetime]:
    return {
        endpoint.pk: endpoint.paced_until
        for endpoint in endpoints
        if endpoint.paced_until is not None and endpoint.paced_until > now
    }


def note_interrupted(
    ids: Sequence[int], endpoints: dict[int, Endpoint], now: datetime
) -> dict[int, dict[str, Any]]:
    """Write down the tries whose courier died: they may have arrived.

    The first few cost nothing; those that killed many couriers are dead, and so is what a recovery
    sent that was cancelled since. Returns what has changed.
    """
    if not ids:
        return {}
    lost = list(WebhookDelivery.objects.select_related("recovery").filter(pk__in=ids))
    for one in lost:
        one.attempt_count += 1
        one.tier += one.attempt_count - one.tier > plan.FREE_INTERRUPTIONS
        schedule = plan.schedule_of(endpoints[one.endpoint_id].schedule_seconds)
        is_cancelled = one.recovery is not None and one.recovery.cancelled_at is not None
        if (one.tier > len(schedule) or is_cancelled) and not one.is_manual:
            one.status, one.ended_at = WebhookDelivery.Status.DEAD, now
            one.lease_until = one.next_retry_at = None
    WebhookDelivery.objects.bulk_update(lost, _OF_LOST)
    Attempt.objects.bulk_create(
        Attempt(
            delivery=one,
            number=one.attempt_count,
            at=now,
            error_code=INTERRUPTED,
            error_detail="The process that sent it ended first; it may have arrived.",
            is_manual=one.is_manual,
        )
        for one in lost
    )
    return {
        one.pk: {"attempt_count": one.attempt_count, "tier": one.tier, "status": one.status}
        for one in lost
    }


def _parcel(taken: Taken, endpoints: dict[int, Endpoint]) -> Parcel:
    return Parcel(
        id=taken.id,
        fence=taken.fence,
        endpoint=endpoints[taken.endpoint_id],
        event_id=taken.event_id,
        payload=taken.payload,
        number=taken.attempt_count + 1,
        tier=taken.tier,
        is_manual=bool(taken.is_manual),
        is_test=bool(taken.is_test),
        former_status=taken.former_status,
    )
