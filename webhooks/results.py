"""Writing down what came of a try: the attempt, where the delivery stands, how the endpoint does.

Many results go into one transaction. Only the holder of a delivery's fence changes it; a try that
somebody else has given up for lost was written down by him.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from webhooks import plan
from webhooks.claims import INTERRUPTED, Parcel
from webhooks.disabling import BY_RECEIVER, FAILING, GONE, disable_endpoint
from webhooks.models import TERMINAL, Attempt, Endpoint, WebhookDelivery
from webhooks.network import Answer
from webhooks.picks import as_list

_GONE = 410
_TOO_MANY = 429
_UNAVAILABLE = 503

# What went wrong is said in a sentence; anything longer is the other side's.
_LONGEST_DETAIL = 500

# How a receiver stops us (its answer's header): this delivery, or all of them.
_CONTROL = "webhook-delivery"
_ABORT, _DISABLE = "abort-message", "disable"

# What an endpoint that does well has; others need a look at their row.
_WELL = {"failing_since": None, "unanswered": 0, "breaker_openings": 0, "slowdowns": 0}


_UNWELL = f"SELECT id FROM {Endpoint._meta.db_table} WHERE id IN ({{}}) AND NOT (" + (  # noqa: S608, SLF001 -- constants
    " AND ".join(f"{k} IS NULL" if v is None else f"{k} = {v}" for k, v in _WELL.items()) + ")"
)
_HEALTH = [*_WELL, "breaker_until", "slow_until"]

_ARRIVED = (
    f"UPDATE {WebhookDelivery._meta.db_table} SET"  # noqa: S608, SLF001 -- constants
    " attempt_count = attempt_count + 1, tier = tier + 1,"
    " lease_until = NULL, is_manual = FALSE, former_status = '', status = 'delivered',"
    " next_retry_at = NULL, delivered_at = %s, ended_at = %s"
    " WHERE lease_until IS NOT NULL AND (id, fence) IN (VALUES {}) RETURNING id"
)

_ATTEMPT = (
    f"INSERT INTO {Attempt._meta.db_table} (delivery_id, number, at, status_code, error_code,"  # noqa: S608, SLF001 -- constants
    " error_detail, latency_ms, response_body, is_manual)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)

# What every try that counts uses up, and a delivery that nobody is sending.
_COUNTED: dict[str, Any] = {"attempt_count": F("attempt_count") + 1, "tier": F("tier") + 1}
_IDLE: dict[str, Any] = {"lease_until": None, "is_manual": False, "former_status": ""}


@dataclass(frozen=True)
class Result:
    """One try: when it began and ended, and the answer."""

    parcel: Parcel
    answer: Answer
    began_at: datetime
    ended_at: datetime

    @property
    def has_arrived(self) -> bool:
        """Whether the receiver said so."""
        return self.answer.error_code is None

    @property
    def control(self) -> str:
        """What the receiver asks of us in its header."""
        headers = self.answer.headers.items()
        return next((v.strip().lower() for k, v in headers if k.lower() == _CONTROL), "")

    @property
    def asked_for(self) -> Any:
        """How long the receiver asks us to wait, if it does."""
        if self.answer.status_code not in (_TOO_MANY, _UNAVAILABLE):
            return None
        return plan.retry_after(self.answer.headers, self.ended_at)


def record(results: Sequence[Result]) -> dict[int, datetime]:
    """Write down results, all or none; returns when the endpoints' next tries are due."""
    next_tries: dict[int, datetime] = {}
    with transaction.atomic():
        endpoints = _lock_concerned(results)
        ours = _record_arrived([result for result in results if result.has_arrived])
        missed = [result for result in results if not result.has_arrived]
        cancelled = _cancelled(missed)
        for result in missed:
            is_cancelled = result.parcel.id in cancelled
            changes = _record_missed(result, endpoints, is_cancelled=is_cancelled)
            if changes is None:
                continue
            ours.append(result)
            if at := changes.get("next_retry_at"):
                pk = result.parcel.endpoint.pk
                next_tries[pk] = min(at, next_tries.get(pk, at))
        _append_attempts(ours)
        _record_health(sorted(ours, key=lambda result: result.ended_at), endpoints)
    return next_tries


def _lock_concerned(results: Iterable[Result]) -> dict[int, Endpoint]:
    """Lock the endpoints whose record changes: before any delivery, and in one order."""
    failing = {r.parcel.endpoint.pk for r in results if not r.has_arrived or r.control == _DISABLE}
    concerned = failing | _unwell({r.parcel.endpoint.pk for r in results} - failing)
    if not concerned:
        return {}
    rows = Endpoint.objects.filter(pk__in=concerned).order_by("pk")
    return {endpoint.pk: endpoint for endpoint in rows.select_for_update(no_key=True)}


def _unwell(endpoints: Collection[int]) -> set[int]:
    """Return those that have failed lately: what arrives now is news of them. Hardly ever one."""
    if not endpoints:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_UNWELL.format(as_list(endpoints)))
        return {row[0] for row in cursor.fetchall()}


def _record_arrived(results: Sequence[Result]) -> list[Result]:
    """Mark what arrived as delivered; returns the results of those that were still ours."""
    if not results:
        return []
    # By hand, because every delivery passes here: a condition of the ORM's for each of them took as
    # long as sending it.
    ended_at = connection.ops.adapt_datetimefield_value(results[-1].ended_at)
    held = ", ".join(f"({as_list((one.parcel.id, one.parcel.fence))})" for one in results)
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVED.format(held), [ended_at, ended_at])
        ours = {row[0] for row in cursor.fetchall()}
    return [result for result in results if result.parcel.id in ours]


def _cancelled(results: Sequence[Result]) -> set[int]:
    """Return the deliveries that a recovery sent which was cancelled meanwhile."""
    if not results:
        return set()
    ids = [result.parcel.id for result in results if not result.parcel.is_manual]
    rows = WebhookDelivery.objects.filter(pk__in=ids, recovery__cancelled_at__isnull=False)
    return set(rows.values_list("pk", flat=True))


def _record_missed(
    result: Result, endpoints: dict[int, Endpoint], *, is_cancelled: bool
) -> dict[str, Any] | None:
    """Mark one failed try and return the changes; None when the delivery was no longer ours."""
    endpoint = endpoints.get(result.parcel.endpoint.pk)
    if endpoint is None:
        return None
    if result.answer.error_code == INTERRUPTED and not is_cancelled:
        # It costs nothing, and whoever comes next tries again at once.
        changes = {"lease_until": None, "attempt_count": _COUNTED["attempt_count"]}
        changes["next_retry_at"] = result.ended_at
    else:
        changes = {**_COUNTED, **_IDLE, **_after_miss(result, endpoint, is_cancelled=is_cancelled)}
    return changes if WebhookDelivery.objects.filter(_held(result)).update(**changes) else None


def _after_miss(result: Result, endpoint: Endpoint, *, is_cancelled: bool) -> dict[str, Any]:
    parcel = result.parcel
    if parcel.is_manual and parcel.former_status in TERMINAL:
        return {"status": parcel.former_status, "next_retry_at": None}
    is_last = is_cancelled or parcel.is_test or result.control == _ABORT
    if not is_last and (endpoint.status == Endpoint.Status.DISABLED or _reason_to_stop(result)):
        return {"status": WebhookDelivery.Status.HELD, "next_retry_at": None}
    schedule = plan.schedule_of(endpoint.schedule_seconds)
    at = plan.next_try_at(result.ended_at, parcel.tier + 1, schedule, result.asked_for)
    if is_last or at is None:
        return {
            "status": WebhookDelivery.Status.DEAD,
            "next_retry_at": None,
            "ended_at": result.ended_at,
        }
    return {"status": WebhookDelivery.Status.FAILED, "next_retry_at": at}


def _reason_to_stop(result: Result) -> str:
    """Return why the endpoint wants no more, if the answer says so."""
    if result.control == _DISABLE:
        return BY_RECEIVER
    return GONE if result.answer.status_code == _GONE else ""


def _record_health(results: Sequence[Result], endpoints: dict[int, Endpoint]) -> None:
    """Carry over to the endpoints what the tries say about them."""
    reasons: dict[int, str] = {}
    for result in results:
        endpoint = endpoints.get(result.parcel.endpoint.pk)
        if endpoint is None or result.answer.error_code == INTERRUPTED:
            continue
        if result.has_arrived:
            _note_success(endpoint)
        else:
            _note_failure(endpoint, result)
        if reason := _reason_to_stop(result) or _has_failed_for_days(endpoint, result):
            reasons.setdefault(endpoint.pk, reason)
    Endpoint.objects.bulk_update(list(endpoints.values()), _HEALTH)
    for pk, reason in reasons.items():
        disable_endpoint(endpoints[pk], reason)


def _note_success(endpoint: Endpoint) -> None:
    for name, value in _WELL.items():
        setattr(endpoint, name, value)
    endpoint.breaker_until = None


def _note_failure(endpoint: Endpoint, result: Result) -> None:
    endpoint.failing_since = endpoint.failing_since or result.ended_at
    if result.answer.error_code in plan.NO_ANSWER:
        endpoint.unanswered += 1
    else:
        endpoint.unanswered, endpoint.breaker_openings, endpoint.breaker_until = 0, 0, None
    is_open = _is_later(endpoint.breaker_until, result.ended_at)
    if endpoint.unanswered >= plan.BREAKER_MINIMUM and not is_open:
        endpoint.breaker_openings += 1
        window = plan.breaker_window(endpoint.breaker_openings)
        endpoint.breaker_until = result.ended_at + window
    if result.answer.status_code == _TOO_MANY:
        _slow_down(endpoint, result)


def _slow_down(endpoint: Endpoint, result: Result) -> None:
    if result.asked_for is not None:
        wished = result.ended_at + result.asked_for
        if not _is_later(endpoint.slow_until, wished):
            endpoint.slow_until = wished
    elif not _is_later(endpoint.slow_until, result.ended_at):
        # Of several that were under way together, the first says it all.
        endpoint.slowdowns += 1
        endpoint.slow_until = result.ended_at + plan.slowdown(endpoint.slowdowns)


def _has_failed_for_days(endpoint: Endpoint, result: Result) -> str:
    """Return the reason to disable after days of failure: another delivery ran out of tries.

    Or nothing was answered at all: then hardly anything is tried, and nothing runs out.
    """
    since = endpoint.failing_since
    if since is None or since > result.ended_at - plan.scaled(plan.FAILING_SECONDS):
        return ""
    if result.parcel.is_test:
        return ""
    is_over = endpoint.unanswered >= plan.BREAKER_MINIMUM or _is_dead(result.parcel)
    return FAILING if is_over else ""


def _is_dead(parcel: Parcel) -> bool:
    dead = WebhookDelivery.objects.filter(pk=parcel.id, status=WebhookDelivery.Status.DEAD)
    return dead.exists()


def _is_later(until: datetime | None, than: datetime) -> bool:
    return until is not None and until > than


def _held(result: Result) -> Q:
    return Q(pk=result.parcel.id, fence=result.parcel.fence, lease_until__isnull=False)


def _append_attempts(results: Sequence[Result]) -> None:
    """Write the tries down; by hand like the arrivals: a quarter of what the ORM takes."""
    if not results:
        return
    with connection.cursor() as cursor:
        cursor.executemany(_ATTEMPT, [_attempt(result) for result in results])


def _attempt(result: Result) -> tuple[Any, ...]:
    parcel, answer = result.parcel, result.answer
    return (
        parcel.id,
        parcel.number,
        connection.ops.adapt_datetimefield_value(result.began_at),
        answer.status_code,
        answer.error_code or "",
        answer.error_detail.replace("\x00", "")[:_LONGEST_DETAIL],
        answer.latency_ms,
        answer.body,
        parcel.is_manual,
    )
