"""Reads endpoints, deliveries and recoveries as the outside sees them."""

import base64
import codecs
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from common.errors import NotFound
from projects.models import User
from webhooks.masking import MASK
from webhooks.models import OPEN, Attempt, Endpoint, Recovery, WebhookDelivery
from webhooks.plan import BREAKER_MINIMUM
from webhooks.sealed import custom_headers, is_live

_DAY = timedelta(hours=24)

# Everything of a delivery but its payload, which is read one at a time.
_LIST_FIELDS = (
    *("pk", "endpoint_id", "owner_id", "event_id", "event_type", "sequence", "status"),
    *("attempt_count", "next_retry_at", "lease_until", "created_at", "delivered_at"),
    *("is_test", "is_thin", "is_manual", "recovery_id"),
)


def endpoints_of(user: User) -> QuerySet[Endpoint]:
    """Return the user's endpoints, without deleted ones and those of deleted projects."""
    visible = Q(project=None) | Q(project__deleted_at=None)
    return Endpoint.objects.filter(visible, owner=user, deleted_at=None)


def endpoint_of(user: User, endpoint_id: int) -> Endpoint:
    """Return one endpoint. Raises NotFound, the same whether it is foreign or missing."""
    endpoint = endpoints_of(user).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    return endpoint


def endpoints_as_json(endpoints: Sequence[Endpoint]) -> list[dict[str, Any]]:
    """Return endpoints with what became of their deliveries in the last 24 hours."""
    lately = _lately(endpoints)
    now = timezone.now()
    return [_endpoint_as_json(one, lately.get(one.pk, {}), now) for one in endpoints]


def activity_of(endpoint: Endpoint) -> list[dict[str, Any]]:
    """Return tries by hour of the last 24, oldest first: arrived and failed; empty hours too."""
    now = timezone.now()
    tries = Attempt.objects.filter(delivery__endpoint=endpoint, at__gt=now - _DAY)
    counted = {
        row["hour"]: row
        for row in tries.annotate(hour=TruncHour("at"))
        .values("hour")
        .annotate(succeeded=Count("pk", filter=Q(error_code="")), failed=Count("pk", filter=_MISS))
    }
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    hours = [first + timedelta(hours=number) for number in range(24)]
    none = {"succeeded": 0, "failed": 0}
    return [{**none, **counted.get(hour, {}), "hour": hour} for hour in hours]


def deliveries_matching(user: User, query: Mapping[str, Any]) -> QuerySet[WebhookDelivery]:
    """Return the user's deliveries that the query's filters let through, without payloads."""
    filters = {
        column: query[name]
        for name, column in (
            ("endpoint", "endpoint_id"),
            ("status", "status"),
            ("event_type", "event_type"),
            ("recovery", "recovery_id"),
            ("since", "created_at__gte"),
            ("until", "created_at__lt"),
        )
        if query.get(name) is not None
    }
    rows = WebhookDelivery.objects.filter(owner_id=user.pk, endpoint__deleted_at=None, **filters)
    if (code := query.get("code")) is not None:
        tries = Attempt.objects.filter(delivery=OuterRef("pk"), status_code=code)
        rows = rows.filter(Exists(tries))
    return rows.only(*_LIST_FIELDS)


def delivery_of(user: User, delivery_id: int) -> WebhookDelivery:
    """Return one delivery with its endpoint. Raises NotFound as above."""
    rows = WebhookDelivery.objects.filter(owner_id=user.pk, endpoint__deleted_at=None)
    delivery = rows.select_related("endpoint").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound
    return delivery


def deliveries_as_json(deliveries: Sequence[WebhookDelivery]) -> list[dict[str, Any]]:
    """Return deliveries as a list shows them; three queries whatever their number."""
    ids = {one.endpoint_id for one in deliveries}
    endpoints = Endpoint.objects.in_bulk(ids)
    heads = _heads(endpoint for endpoint in endpoints.values() if endpoint.ordered)
    now = timezone.now()
    return [
        _delivery_as_json(one, endpoints[one.endpoint_id], heads.get(one.endpoint_id), now)
        for one in deliveries
        if one.endpoint_id in endpoints
    ]


def delivery_detail(delivery: WebhookDelivery) -> dict[str, Any]:
    """Return a delivery with its payload and every try."""
    payload = delivery.payload
    tries = delivery.attempts.order_by("number")
    return {
        **deliveries_as_json([delivery])[0],
        "payload": None if payload is None else bytes(payload).decode(),
        "attempts": [_attempt_as_json(attempt) for attempt in tries],
    }


def recovery_of(user: User, recovery_id: int) -> Recovery:
    """Return one recovery. Raises NotFound as above."""
    rows = Recovery.objects.filter(endpoint__owner=user, endpoint__deleted_at=None)
    recovery = rows.select_related("endpoint").filter(pk=recovery_id).first()
    if recovery is None:
        raise NotFound
    return recovery


def recoveries_matching(user: User, query: Mapping[str, Any]) -> QuerySet[Recovery]:
    """Return the user's recoveries, of one endpoint if the query names it."""
    rows = Recovery.objects.filter(endpoint__owner=user, endpoint__deleted_at=None)
    endpoint_id = query.get("endpoint")
    return rows if endpoint_id is None else rows.filter(endpoint_id=endpoint_id)


def recoveries_as_json(recoveries: Sequence[Recovery]) -> list[dict[str, Any]]:
    """Return recoveries and how far they are; one query whatever their number."""
    counts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = WebhookDelivery.objects.filter(recovery__in=recoveries).order_by()
    for pk, status, number in rows.values_list("recovery_id", "status").annotate(n=Count("pk")):
        counts[pk or 0][status] = number
    return [_recovery_as_json(one, counts[one.pk]) for one in recoveries]


def _recovery_as_json(recovery: Recovery, counts: Mapping[str, int]) -> dict[str, Any]:
    waiting = sum(counts.get(status, 0) for status in OPEN)
    status = "cancelled" if recovery.cancelled_at else "running" if waiting else "completed"
    return {
        "id": recovery.pk,
        "endpoint": recovery.endpoint_id,
        "since": recovery.since,
        "until": recovery.until,
        "status": status,
        "total": recovery.total,
        "waiting": waiting,
        "delivered": counts.get(WebhookDelivery.Status.DELIVERED, 0),
        "dead": counts.get(WebhookDelivery.Status.DEAD, 0),
        "created_at": recovery.created_at,
        "cancelled_at": recovery.cancelled_at,
    }


_MISS = ~Q(error_code="")


def _lately(endpoints: Sequence[Endpoint]) -> dict[int, dict[str, Any]]:
    rows = WebhookDelivery.objects.filter(
        endpoint__in=endpoints, created_at__gt=timezone.now() - _DAY
    )
    counted = (
        rows.order_by()
        .values("endpoint_id")
        .annotate(
            delivered=Count("pk", filter=Q(status=WebhookDelivery.Status.DELIVERED)),
            failed=Count(
                "pk",
                filter=Q(status__in=(WebhookDelivery.Status.FAILED, WebhookDelivery.Status.DEAD)),
            ),
            held=Count("pk", filter=Q(status=WebhookDelivery.Status.HELD)),
            last_delivered_at=Max("delivered_at"),
        )
    )
    names = ("delivered", "failed", "held", "last_delivered_at")
    return {row["endpoint_id"]: {name: dict(row)[name] for name in names} for row in counted}


def _endpoint_as_json(one: Endpoint, lately: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    none = {"delivered": 0, "failed": 0, "held": 0, "last_delivered_at": None}
    return {
        "id": one.pk,
        "url": one.url,
        "event_types": one.event_types,
        "project": one.project_id,
        "description": one.description,
        "headers": dict.fromkeys(custom_headers(one), MASK),
        "ordered": one.ordered,
        "rate_per_second": one.rate_per_second,
        "schedule_seconds": one.schedule_seconds,
        "status": one.status,
        "disabled_reason": one.disabled_reason or None,
        "failing_since": one.failing_since,
        "former_secrets_until": [
            former["until"] for former in one.former_secrets if is_live(former, now)
        ],
        "last_24_hours": {**none, **lately},
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def _heads(endpoints: Iterable[Endpoint]) -> dict[int, int]:
    """Return the first number that is not over, of ordered endpoints."""
    rows = WebhookDelivery.objects.filter(endpoint__in=list(endpoints), status__in=OPEN)
    return dict(rows.order_by().values_list("endpoint_id").annotate(first=Min("sequence")))


def _delivery_as_json(
    one: WebhookDelivery, endpoint: Endpoint, head: int | None, now: datetime
) -> dict[str, Any]:
    has_failed = one.status == WebhookDelivery.Status.FAILED
    return {
        "id": one.pk,
        "endpoint": one.endpoint_id,
        "event_id": one.event_id,
        "event_type": one.event_type,
        "sequence": one.sequence,
        "previous_sequence": one.sequence - 1 or None,
        "status": one.status,
        "attempt_count": one.attempt_count,
        "next_retry_at": one.next_retry_at if has_failed else None,
        "waiting_for": _waiting_for(one, endpoint, head, now),
        "is_test": one.is_test,
        "reduced": "too_large" if one.is_thin else None,
        "recovery": one.recovery_id,
        "created_at": one.created_at,
        "delivered_at": one.delivered_at,
    }


def _waiting_for(
    one: WebhookDelivery, endpoint: Endpoint, head: int | None, now: datetime
) -> dict[str, Any] | None:
    """Return what a delivery that is not over waits for: a code, a sentence, and until when."""
    if one.status == WebhookDelivery.Status.HELD:
        return _wait("endpoint", "The endpoint was disabled; recover it once it is enabled.")
    if one.is_terminal:
        return None
    if one.lease_until is not None and one.lease_until > now:
        return _wait("answer", "A request is under way.")
    if endpoint.status == Endpoint.Status.DISABLED:
        return _wait("endpoint", "The endpoint is disabled; this is about to be held.")
    return _wait_of_endpoint(one, endpoint, head, now)


def _wait_of_endpoint(
    one: WebhookDelivery, endpoint: Endpoint, head: int | None, now: datetime
) -> dict[str, Any]:
    if one.next_retry_at is not None and one.next_retry_at > now:
        return _wait("schedule", "The next try is not due yet.", one.next_retry_at)
    if head is not None and one.sequence > head and not one.is_manual:
        return _wait("order", f"Number {head} of this ordered endpoint comes first.")
    for code, sentence, until in (
        ("slowdown", "The endpoint asked for fewer requests.", endpoint.slow_until),
        ("breaker", "The endpoint does not answer; it is tried from time to time.",
         endpoint.breaker_until),
        ("rate", "The endpoint's rate is used up.", endpoint.paced_until),
    ):  # fmt: skip
        if until is not None and until > now and not one.is_manual:
            return _wait(code, sentence, until)
    if endpoint.unanswered >= BREAKER_MINIMUM:
        return _wait("breaker", "One request finds out whether the endpoint is back.")
    return _wait("courier", "It is sent as soon as a courier and the endpoint are free.")


def _wait(code: str, detail: str, until: datetime | None = None) -> dict[str, Any]:
    return {"code": code, "detail": detail, "until": until}


def _attempt_as_json(attempt: Attempt) -> dict[str, Any]:
    body, encoding = _shown(bytes(attempt.response_body))
    return {
        "number": attempt.number,
        "at": attempt.at,
        "status_code": attempt.status_code,
        "error_code": attempt.error_code or None,
        "error_detail": attempt.error_detail,
        "latency_ms": attempt.latency_ms,
        "response_body": body,
        "response_encoding": encoding,
        "manual": attempt.is_manual,
    }


def _shown(body: bytes) -> tuple[str, str]:
    """Return a body as text, or as base64 where it is none; a character cut off at the end goes."""
    try:
        # Not final: what was captured may end in the middle of a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(body, final=False)
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        return base64.b64encode(body).decode(), "base64"
    return text, "utf-8"
