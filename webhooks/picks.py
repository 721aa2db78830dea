"""The statements that pick due deliveries: endpoints with work, some of each, and taking them.

By hand, because every delivery passes here: the ORM takes longer to write them than to run them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from webhooks import plan
from webhooks.models import Endpoint, WebhookDelivery

# ruff: noqa: S608 -- what is put together here are constants

# Requests under way at one endpoint, however many couriers there are.
MOST_PER_ENDPOINT = 4

# An account may have as much under way in a courier as one part in so many of the room left there:
# each whose endpoints hang leaves most of it to others, so it takes dozens of them to fill one.
ROOM_PARTS = 4

# Endpoints served in one turn: bounds the statement that picks their deliveries.
MOST_ENDPOINTS = 64

_TABLE = WebhookDelivery._meta.db_table  # noqa: SLF001 -- its public way is longer and says the same
_ENDPOINTS = Endpoint._meta.db_table  # noqa: SLF001

# Enabled endpoints that something is due for: not those that are waited for, unless a person wants
# something sent, and not those without room, their own or their account's. That is a first guess,
# made sure of under the lock: they would crowd out the others. By chance: where more wait than can
# be served, each has its turn.
_FREE = "endpoint_id = endpoint.id AND (lease_until IS NULL OR lease_until <= %(now)s)"
_WITH_WORK = f"""
SELECT endpoint.* FROM {_ENDPOINTS} AS endpoint
WHERE status = 'enabled' AND (paced_until IS NULL OR paced_until <= %(now)s) {{among}}
AND EXISTS (SELECT 1 FROM {_TABLE} WHERE {_FREE} AND next_retry_at <= %(now)s)
AND ((slow_until IS NULL OR slow_until <= %(now)s)
  AND (breaker_until IS NULL OR breaker_until <= %(now)s)
  OR EXISTS (SELECT 1 FROM {_TABLE} WHERE {_FREE} AND is_manual))
AND (SELECT COUNT(*) FROM {_TABLE}
  WHERE owner_id = endpoint.owner_id AND endpoint_id = endpoint.id AND lease_until > %(now)s)
  < CASE WHEN ordered OR unanswered >= {plan.BREAKER_MINIMUM} THEN 1 ELSE {MOST_PER_ENDPOINT} END
ORDER BY RANDOM() LIMIT {MOST_ENDPOINTS}
"""
_LOCK = {"postgresql": "FOR NO KEY UPDATE OF endpoint SKIP LOCKED", "sqlite": ""}

_UNDER_WAY = f"""
SELECT endpoint_id, COUNT(*) FROM {_TABLE}
WHERE owner_id IN ({{}}) AND lease_until > %s GROUP BY endpoint_id
"""
_WISHES = f"SELECT DISTINCT endpoint_id FROM {_TABLE} WHERE endpoint_id IN ({{}}) AND is_manual"

_TAKEN = "id, fence, endpoint_id, event_id, payload, status, attempt_count, tier"
# A new fence: earlier holders can write no more.
_TAKE = f"""
UPDATE {_TABLE} SET fence = fence + 1, lease_until = %s
WHERE id IN ({{}}) AND status IN ('pending', 'failed')
AND (lease_until IS NULL OR lease_until <= %s)
RETURNING {_TAKEN}, is_manual, is_test, former_status
"""

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


class Taken(NamedTuple):
    """A delivery as it is in the hands of whoever took it."""

    id: int
    fence: int
    endpoint_id: int
    event_id: str
    payload: bytes
    status: str
    attempt_count: int
    tier: int
    is_manual: bool
    is_test: bool
    former_status: str


def lock_with_work(
    now: datetime, among: Collection[int] | None, by_owner: Counter[int], room: int
) -> dict[int, Endpoint]:
    """Lock enabled endpoints that something is due for; what others are serving is left to them.

    `by_owner` is what accounts have under way here; those that have their share are left out.
    """
    if among is not None and not among:
        return {}
    ids = "" if among is None else f"AND endpoint.id IN ({as_list(among)})"
    if full := [owner for owner, number in by_owner.items() if number >= _share_of(room)]:
        ids += f" AND owner_id NOT IN ({as_list(full)})"
    statement = _WITH_WORK.format(among=ids) + _LOCK[connection.vendor]
    rows = Endpoint.objects.raw(statement, {"now": _instant(now)})
    return {endpoint.pk: endpoint for endpoint in rows}


def count_under_way(endpoints: Iterable[Endpoint], now: datetime) -> Counter[int]:
    """Return how many requests are under way by endpoint, whoever sends them."""
    # By account because their index begins with it.
    owners = {endpoint.owner_id for endpoint in endpoints}
    return Counter(dict(_rows(_UNDER_WAY, owners, [_instant(now)])))


def take(picks: Sequence["Pick"], now: datetime, until: datetime) -> list[Taken]:
    """Take deliveries that nobody sends until an instant; returns those that were still free."""
    ids = [pick.id for pick in picks]
    rows = _rows(_TAKE, ids, [_instant(until), _instant(now)])
    taken = {row[0]: Taken(*row)._replace(payload=bytes(row[4])) for row in rows}
    return [taken[pk] for pk in ids if pk in taken]


def pick_due(
    wanted: Sequence[tuple[Endpoint, int]], by_owner: Counter[int], room: int, now: datetime
) -> list[Pick]:
    """Return up to so many due deliveries of each endpoint, oldest first, in one query.

    `by_owner` is what accounts have under way here; none gets more than its share of the room.

    Of an ordered endpoint only the first that is not over; of one that is parked, only what a
    person asked for.
    """
    if not wanted:
        return []
    instant = _instant(now)
    parts: list[str] = []
    params: list[Any] = []
    ids = [endpoint.pk for endpoint, _ in wanted]
    # Hardly ever one.
    wishes = {row[0] for row in _rows(_WISHES, ids, [])}
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
    return _within(wanted, by_owner, room, rows)


def is_parked(endpoint: Endpoint, now: datetime) -> bool:
    """Tell whether the endpoint is left alone for now."""
    return any(until and until > now for until in (endpoint.slow_until, endpoint.breaker_until))


def as_list(ids: Iterable[int]) -> str:
    """Return ids as SQL: the driver takes longer over a parameter for each than the database."""
    return ", ".join(str(int(one)) for one in ids)


def _instant(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _rows(statement: str, listed: Collection[int], parameters: Sequence[Any]) -> list[Any]:
    """Return the rows of a statement with a list of ids in it; none for an empty list."""
    if not listed:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(as_list(listed)), parameters)
        rows: list[Any] = cursor.fetchall()
    return rows


def _within(
    wanted: Sequence[tuple[Endpoint, int]],
    by_owner: Counter[int],
    room: int,
    rows: Sequence[tuple[int, int, Any]],
) -> list[Pick]:
    left = {endpoint.pk: number for endpoint, number in wanted}
    owners = {endpoint.pk: endpoint.owner_id for endpoint, _ in wanted}
    taken_by = by_owner.copy()
    picks: dict[int, Pick] = {}
    for pk, endpoint_id, was_lost in rows:
        owner = owners[endpoint_id]
        share = _share_of(room - len(picks))
        if pk not in picks and left[endpoint_id] > 0 and taken_by[owner] < share:
            left[endpoint_id] -= 1
            taken_by[owner] += 1
            picks[pk] = Pick(pk, endpoint_id, bool(was_lost))
    return list(picks.values())[:room]


def _share_of(room: int) -> int:
    return max(1, room // ROOM_PARTS)
