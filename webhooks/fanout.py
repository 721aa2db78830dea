"""From facts to deliveries: the event log is the outbox.

Public facts wait in the log, committed with the rows they tell of. Each is taken once and becomes
one delivery per endpoint that hears it, all in one transaction: none is lost, none is made up.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from projects.activity import PublicFact, has_public_facts, take_public_facts
from projects.models import Project
from webhooks.catalogue import EVENT_TYPES, matches
from webhooks.claims import UNSENDABLE
from webhooks.models import Attempt, Endpoint, WebhookDelivery
from webhooks.payloads import event_id_of, payload_of

# Some tens of milliseconds of one transaction at ten endpoints per account.
FACTS_PER_TURN = 100

_SHAPELESS = "No request could be made of this event; nothing was sent. The log says why."

logger = logging.getLogger(__name__)

_ENDPOINTS = Endpoint._meta.db_table  # noqa: SLF001
_SAVE = (
    f"UPDATE {_ENDPOINTS} SET last_sequence = given.column2 FROM (VALUES {{}}) AS given"  # noqa: S608 -- a constant
    f" WHERE {_ENDPOINTS}.id = given.column1"
)
_DELIVERIES = WebhookDelivery._meta  # noqa: SLF001
_NAMES = [field.attname for field in _DELIVERIES.concrete_fields if not field.primary_key]
_values = attrgetter(*_NAMES)
_INSERT = (
    f"INSERT INTO {_DELIVERIES.db_table} ({', '.join(_NAMES)})"  # noqa: S608 -- constants
    f" VALUES ({', '.join(['%s'] * len(_NAMES))})"
)


def fan_out_next() -> int:
    """Make the deliveries of the next facts that wait; returns the number of facts, 0 for none.

    Any number of processes may do so at once.
    """
    if not has_public_facts():
        return 0
    with transaction.atomic():
        facts = take_public_facts(FACTS_PER_TURN)
        known = [fact for fact in facts if fact.type in EVENT_TYPES]
        _insert(_deliveries_of(known))
    return len(facts)


def make_delivery(endpoint: Endpoint, fact: PublicFact) -> WebhookDelivery:
    """Return an endpoint's delivery of a fact under its next number, not saved.

    The caller holds the endpoint's row lock, and saves its `last_sequence`.
    """
    payload, is_thin = payload_of(fact, endpoint.last_sequence + 1)
    is_held = endpoint.status == Endpoint.Status.DISABLED
    delivery = _numbered(endpoint, fact)
    delivery.payload, delivery.is_thin = payload, is_thin
    delivery.status = WebhookDelivery.Status.HELD if is_held else WebhookDelivery.Status.PENDING
    delivery.next_retry_at = None if is_held else delivery.created_at
    return delivery


def _numbered(endpoint: Endpoint, fact: PublicFact) -> WebhookDelivery:
    """Return an endpoint's delivery under its next number, without anything to send."""
    endpoint.last_sequence += 1
    return WebhookDelivery(
        endpoint=endpoint,
        owner_id=endpoint.owner_id,
        project_id=fact.audience.project_id,
        log_id=fact.log_id,
        event_id=event_id_of(fact),
        event_type=fact.type,
        sequence=endpoint.last_sequence,
    )


def _deliveries_of(facts: Sequence[PublicFact]) -> list[WebhookDelivery]:
    listeners = _listeners(facts)
    if not listeners:
        return []
    visible = _visible_projects(facts)
    deliveries = [
        _delivery_of(endpoint, fact)
        for fact in facts
        for endpoint in listeners[fact.audience.owner_id]
        if _hears(endpoint, fact, visible)
    ]
    _save_sequences({one.endpoint_id: one.endpoint.last_sequence for one in deliveries})
    return deliveries


def _delivery_of(endpoint: Endpoint, fact: PublicFact) -> WebhookDelivery:
    """Return a delivery: a dead one of a fact that has no body, or all others would wait for it."""
    try:
        return make_delivery(endpoint, fact)
    except Exception:
        logger.exception("Nothing can be sent of %s, number %s.", fact.stream, fact.seq)
        delivery = _numbered(endpoint, fact)
        delivery.status, delivery.attempt_count = WebhookDelivery.Status.DEAD, 1
        delivery.ended_at = delivery.created_at
        return delivery


def _insert(deliveries: Sequence[WebhookDelivery]) -> None:
    """Write new deliveries down; the ORM would take longer than sending them."""
    if not deliveries:
        return
    if dead := [one for one in deliveries if one.payload is None]:
        _insert_dead(dead)
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        [adapt(value) if isinstance(value, datetime) else value for value in _values(one)]
        for one in deliveries
        if one.payload is not None
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def _insert_dead(deliveries: Sequence[WebhookDelivery]) -> None:
    """Write down what nothing can be sent of, with a try that says so."""
    WebhookDelivery.objects.bulk_create(deliveries)
    answer: dict[str, Any] = {"number": 1, "error_code": UNSENDABLE, "error_detail": _SHAPELESS}
    Attempt.objects.bulk_create(
        Attempt(delivery=one, at=one.created_at, **answer) for one in deliveries
    )


def _save_sequences(last: Mapping[int, int]) -> None:
    """Save the last numbers given out, by endpoint; by hand, as every event passes here."""
    if not last:
        return
    rows = ", ".join(["(%s, %s)"] * len(last))
    with connection.cursor() as cursor:
        cursor.execute(_SAVE.format(rows), [number for row in last.items() for number in row])


def _listeners(facts: Iterable[PublicFact]) -> dict[int, list[Endpoint]]:
    """Return the endpoints of the accounts concerned, by account, and keep their rows locked."""
    owners = {fact.audience.owner_id for fact in facts}
    # In one order everywhere, or two transactions would wait for each other.
    rows = Endpoint.objects.filter(
        Q(project=None) | Q(project__deleted_at=None),
        owner__in=owners,
        owner__is_active=True,
        deleted_at=None,
    ).order_by("pk")
    listeners: defaultdict[int, list[Endpoint]] = defaultdict(list)
    for endpoint in rows.select_for_update(of=("self",), no_key=True):
        listeners[endpoint.owner_id].append(endpoint)
    return listeners


def _visible_projects(facts: Iterable[PublicFact]) -> set[int]:
    ids = [fact.audience.project_id for fact in facts if fact.audience.project_id is not None]
    rows = Project.objects.filter(pk__in=ids, deleted_at=None)
    return set(rows.values_list("pk", flat=True))


def _hears(endpoint: Endpoint, fact: PublicFact, visible: set[int]) -> bool:
    """Tell whether an endpoint of the account hears the fact; none hears of its own end."""
    if fact.stream == endpoint.stream:
        return False
    project_id = fact.audience.project_id
    is_elsewhere = endpoint.project_id not in (None, project_id)
    if project_id is not None and (is_elsewhere or project_id not in visible):
        return False
    return any(matches(pattern, fact.type) for pattern in endpoint.event_types)
