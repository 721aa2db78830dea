"""Taking deliveries to send: what is due, as much as each endpoint may be sent now.

Everything that several couriers have to agree on (how many requests are under way at an endpoint,
its rate, its order, whether it answers) is looked at under the lock of the endpoint's row.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from webhooks import plan
from webhooks.models import NEXT_FENCE, OPEN, Attempt, Endpoint, WebhookDelivery, unclaimed
from webhooks.picks import Pick, pick_due

# Requests under way at one endpoint, however many couriers there are.
MOST_PER_ENDPOINT = 4

# Endpoints served in one turn: bounds the statement that picks their deliveries.
MOST_ENDPOINTS = 64

INTERRUPTED = "interrupted"

# A first guess, made sure of under the lock: those who have no room would crowd out the others.
_HAS_ROOM = Q(under_way=0) | Q(
    under_way__lt=MOST_PER_ENDPOINT, ordered=False, unanswered__lt=plan.BREAKER_MINIMUM
)

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


def take_due(room: int, endpoint_ids: Collection[int] | None = None) -> Claimed:
    """Claim up to `room` due deliveries, of these endpoints or of all.

    No endpoint gets more than it may be sent at once, so none takes the room of the others.
    """
    now = timezone.now()
    with transaction.atomic():
        endpoints = _lock_with_work(now, endpoint_ids)
        wanted = _allowances(endpoints, now)
        picks = pick_due([(endpoints[pk], number) for pk, number in wanted.items()], now)[:room]
        ids = [pick.id for pick in picks]
        if not ids:
            return Claimed([], _again(endpoints.values(), now))
        free = WebhookDelivery.objects.filter(unclaimed(now), pk__in=ids, status__in=OPEN)
        until = now + lease_length()
        if free.update(fence=NEXT_FENCE, lease_until=until) < len(ids):
            # Somebody changed one in between: all are looked at again at the next turn.
            transaction.set_rollback(True)
            return Claimed([], {})
        spent = _note_interrupted([pick.id for pick in picks if pick.was_lost], endpoints, now)
        _pace(endpoints, picks, now)
        parcels = _parcels([pk for pk in ids if pk not in spent], endpoints)
        return Claimed(parcels, _again(endpoints.values(), now))


def renew(parcels: Iterable[Parcel]) -> None:
    """Keep hold of what is still being sent."""
    held = Q(pk__in=[])
    for parcel in parcels:
        held |= Q(pk=parcel.id, fence=parcel.fence)
    WebhookDelivery.objects.filter(held, lease_until__isnull=False).update(
        lease_until=timezone.now() + lease_length()
    )


def _lock_with_work(now: datetime, endpoint_ids: Collection[int] | None) -> dict[int, Endpoint]:
    """Lock enabled endpoints that something is due for; what others are serving is left to them."""
    due = WebhookDelivery.objects.filter(
        unclaimed(now), endpoint=OuterRef("pk"), next_retry_at__lte=now
    )
    wish = WebhookDelivery.objects.filter(unclaimed(now), endpoint=OuterRef("pk"), is_manual=True)
    waiting = Q(slow_until__gt=now) | Q(breaker_until__gt=now)
    rows = Endpoint.objects.alias(under_way=_under_way(now)).filter(
        Exists(due), Exists(wish) | ~waiting, _HAS_ROOM, status=Endpoint.Status.ENABLED
    )
    rows = rows.exclude(paced_until__gt=now)
    if endpoint_ids is not None:
        rows = rows.filter(pk__in=endpoint_ids)
    locked = rows.select_for_update(skip_locked=True, no_key=True)
    # By chance: where more endpoints wait than can be served, each gets its turn.
    return {endpoint.pk: endpoint for endpoint in locked.order_by("?")[:MOST_ENDPOINTS]}


def _under_way(now: datetime) -> Coalesce:
    """Return the expression that counts requests under way at an endpoint."""
    leased = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), lease_until__gt=now)
    count = leased.order_by().values("endpoint").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(count), 0)


def _allowances(endpoints: dict[int, Endpoint], now: datetime) -> dict[int, int]:
    """Return how many deliveries each endpoint may be sent now, those with none left out."""
    under_way = dict(
        WebhookDelivery.objects.filter(endpoint__in=endpoints, lease_until__gt=now)
        .order_by()
        .values_list("endpoint")
        .annotate(number=Count("pk"))
    )
    allowed = {pk: _allowed(one, under_way.get(pk, 0), now) for pk, one in endpoints.items()}
    return {pk: number for pk, number in allowed.items() if number > 0}


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


def _note_interrupted(
    ids: Sequence[int], endpoints: dict[int, Endpoint], now: datetime
) -> set[int]:
    """Write down the tries whose courier died: they may have arrived.

    The first few cost nothing. Returns those that killed so many couriers that they are dead.
    """
    if not ids:
        return set()
    lost = list(WebhookDelivery.objects.filter(pk__in=ids))
    spent = set()
    for one in lost:
        one.attempt_count += 1
        one.tier += one.attempt_count - one.tier > plan.FREE_INTERRUPTIONS
        schedule = plan.schedule_of(endpoints[one.endpoint_id].schedule_seconds)
        if one.tier > len(schedule) and not one.is_manual:
            spent.add(one.pk)
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
    return spent


def _parcels(ids: Sequence[int], endpoints: dict[int, Endpoint]) -> list[Parcel]:
    fields: tuple[Any, ...] = (
        *("pk", "fence", "endpoint_id", "event_id", "payload"),
        *("attempt_count", "tier", "is_manual", "is_test", "former_status"),
    )
    place = {pk: index for index, pk in enumerate(ids)}
    rows = sorted(
        WebhookDelivery.objects.filter(pk__in=ids).values_list(*fields),
        key=lambda row: place[row[0]],
    )
    return [
        Parcel(pk, fence, endpoints[endpoint_id], event_id, bytes(payload), count + 1, *rest)
        for pk, fence, endpoint_id, event_id, payload, count, *rest in rows
    ]
