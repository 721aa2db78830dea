"""The one statement that picks due deliveries of many endpoints, some of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from webhooks.models import Endpoint, WebhookDelivery

# ruff: noqa: S608 -- what is put together here are constants

_TABLE = WebhookDelivery._meta.db_table  # noqa: SLF001 -- its public way is longer and says the same

_OPEN = "endpoint_id = %s AND status IN ('pending', 'failed')"
_DUE = f"{_OPEN} AND next_retry_at <= %s AND (lease_until IS NULL OR lease_until <= %s)"
_FIELDS = f"SELECT id, endpoint_id, lease_until IS NOT NULL AS was_lost FROM {_TABLE} WHERE {_DUE}"

# A person's wish comes first, whatever else the endpoint waits for.
_MANUAL = f"SELECT * FROM ({_FIELDS} AND is_manual ORDER BY id LIMIT %s) AS manual"
_OLDEST = f"SELECT * FROM ({_FIELDS} ORDER BY next_retry_at, id LIMIT %s) AS oldest"
_FIRST = (
    f"SELECT * FROM ({_FIELDS} AND id = (SELECT id FROM {_TABLE} WHERE {_OPEN}"
    " ORDER BY sequence LIMIT 1) LIMIT %s) AS head"
)


class Pick(NamedTuple):
    """A due delivery; `was_lost` when somebody had taken it and was not heard of again."""

    id: int
    endpoint_id: int
    was_lost: bool


def pick_due(wanted: Sequence[tuple[Endpoint, int]], now: datetime) -> list[Pick]:
    """Return up to so many due deliveries of each endpoint, oldest first, in one query.

    Of an ordered endpoint only the first that is not over; of one that is parked, only what a
    person asked for.
    """
    if not wanted:
        return []
    instant = connection.ops.adapt_datetimefield_value(now)
    parts: list[str] = []
    params: list[Any] = []
    wishes = _with_wishes([endpoint for endpoint, _ in wanted])
    for endpoint, number in wanted:
        due = [endpoint.pk, instant, instant]
        if endpoint.pk in wishes:
            parts.append(_MANUAL)
            params += [*due, number]
        if is_parked(endpoint, now):
            continue
        parts.append(_FIRST if endpoint.ordered else _OLDEST)
        params += [*due, endpoint.pk, number] if endpoint.ordered else [*due, number]
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        rows = cursor.fetchall()
    return _within({endpoint.pk: number for endpoint, number in wanted}, rows)


def is_parked(endpoint: Endpoint, now: datetime) -> bool:
    """Tell whether the endpoint is left alone for now."""
    return any(until and until > now for until in (endpoint.slow_until, endpoint.breaker_until))


def _with_wishes(endpoints: Sequence[Endpoint]) -> set[int]:
    """Return the endpoints that a person wants something sent to: hardly ever one."""
    rows = WebhookDelivery.objects.filter(endpoint__in=endpoints, is_manual=True)
    return set(rows.values_list("endpoint", flat=True))


def _within(left: dict[int, int], rows: Sequence[tuple[int, int, Any]]) -> list[Pick]:
    picks: dict[int, Pick] = {}
    for pk, endpoint_id, was_lost in rows:
        if pk not in picks and left[endpoint_id] > 0:
            left[endpoint_id] -= 1
            picks[pk] = Pick(pk, endpoint_id, bool(was_lost))
    return list(picks.values())
