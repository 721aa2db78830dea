"""The event log: each fact once, in the transaction that writes its rows, numbered per stream.

The number is taken from the subject's own row by the same conditional UPDATE that changes it, so a
refused change leaves no fact, and no reader can see a later number before an earlier one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from common import wakeup
from common.hints import hint_to_look
from projects.models import Event

# Poked when a public fact was committed.
PUBLIC = "public"

# By hand, as in `append`: each public fact passes here.
_TABLE = Event._meta.db_table  # noqa: SLF001
_WAITING = f"SELECT 1 FROM {_TABLE} WHERE awaits_fanout LIMIT 1"  # noqa: S608 -- a constant
_FANNED_OUT = f"UPDATE {_TABLE} SET awaits_fanout = FALSE WHERE id IN ({{}})"  # noqa: S608 -- a constant
_COLUMNS = "stream, seq, type, data, created_at, owner_id, project_id, awaits_fanout"
_INSERT = f"INSERT INTO {_TABLE} ({_COLUMNS}) VALUES "  # noqa: S608 -- constants
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Audience:
    """Whom a public fact concerns: an account, and the project it happened in, if any."""

    owner_id: int
    project_id: int | None


@dataclass(frozen=True)
class Fact:
    """What happened (`noun.past`) and its data, JSON-serialisable; public with an audience."""

    type: str
    data: Mapping[str, Any]
    audience: Audience | None = None


@dataclass(frozen=True)
class LoggedEvent:
    """One row of the log as a reader gets it."""

    seq: int
    type: str
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class PublicFact:
    """A public fact as a listener outside gets it, with its place in the log.

    One that is only an example has no row.
    """

    log_id: int | None
    stream: str
    seq: int
    type: str
    data: dict[str, Any]
    created_at: datetime
    audience: Audience


class Subject(Protocol):
    """A row that owns a stream: it counts its events in `event_seq`."""

    pk: Any

    @property
    def stream(self) -> str:
        """Name of the stream, such as `scraping:12`."""
        ...


def take_numbers(
    subject: Subject,
    count: int,
    *,
    when: Q | None = None,
    changes: Mapping[str, Any] | None = None,
) -> int | None:
    """Change the subject's row if `when` still holds, and take the next `count` event numbers.

    Returns the first number taken; None when the row was not in that state. Call it inside the
    transaction that writes the facts: the row stays locked until that ends.
    """
    table: type[models.Model] = type(subject)  # type: ignore[assignment]
    rows = table._default_manager  # noqa: SLF001
    changed = rows.filter(when or Q(), pk=subject.pk).update(
        **(changes or {}), event_seq=F("event_seq") + count
    )
    if not changed:
        return None
    last: int = rows.values_list("event_seq", flat=True).get(pk=subject.pk)
    return last - count + 1


def change_and_fire(
    subject: Subject,
    facts: Sequence[Fact],
    *,
    when: Q | None = None,
    changes: Mapping[str, Any] | None = None,
) -> int | None:
    """Change the subject's row if `when` still holds and append the facts, all or nothing.

    Returns the number of the last fact (the present last one, without facts); None when the row
    was not in that state, and then nothing was written.
    """
    with transaction.atomic():
        first = take_numbers(subject, len(facts), when=when, changes=changes)
        if first is None:
            return None
        append(subject.stream, first, facts)
        return first + len(facts) - 1


def append(stream: str, first_seq: int, facts: Sequence[Fact]) -> None:
    """Write facts under numbers already taken, and wake the stream's readers after the commit."""
    if not facts:
        return
    # By hand, because every page of every job passes here: a seventh of what the ORM takes.
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [
        value
        for seq, fact in enumerate(facts, start=first_seq)
        for value in (stream, seq, fact.type, json.dumps(fact.data), now, *_publicity(fact))
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT + ", ".join([_ROW] * len(facts)), values)
    transaction.on_commit(lambda: wakeup.poke(stream))
    if any(fact.audience for fact in facts):
        transaction.on_commit(_hint_listeners)


def _publicity(fact: Fact) -> tuple[int | None, int | None, bool]:
    if fact.audience is None:
        return None, None, False
    return fact.audience.owner_id, fact.audience.project_id, True


def _hint_listeners() -> None:
    wakeup.poke(PUBLIC)
    for task in settings.TEPPAN["EVENT_HINTS"]:
        hint_to_look(task)


def fire_event(
    subject: Subject, event_type: str, data: Mapping[str, Any], *, when: Q | None = None
) -> int | None:
    """Append one fact to the subject's stream; see `change_and_fire` for what comes back."""
    return change_and_fire(subject, [Fact(event_type, data)], when=when)


def forget(streams: Sequence[str], limit: int) -> int:
    """Delete up to `limit` events of streams whose subjects are going; returns how many."""
    ids = Event.objects.filter(stream__in=streams).values_list("pk", flat=True)[:limit]
    return Event.objects.filter(pk__in=list(ids)).delete()[0]


def read_after(stream: str, seq: int, limit: int) -> list[LoggedEvent]:
    """Return up to `limit` events of the stream that come after number `seq`, in order."""
    rows = Event.objects.filter(stream=stream, seq__gt=seq).order_by("seq")
    fields = rows.values_list("seq", "type", "data", "created_at")[:limit]
    return [LoggedEvent(*row) for row in fields]


def has_public_facts() -> bool:
    """Tell whether facts wait for the listeners outside."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return cursor.fetchone() is not None


def take_public_facts(limit: int) -> list[PublicFact]:
    """Take the oldest facts that wait, in the caller's transaction: if that fails, they wait again.

    Any number of processes may take at once; each fact is given to one of them.
    """
    rows = Event.objects.filter(awaits_fanout=True).select_for_update(skip_locked=True)
    fields = ("pk", "stream", "seq", "type", "data", "created_at", "owner_id", "project_id")
    found: list[tuple[Any, ...]] = list(rows.order_by("pk").values_list(*fields)[:limit])
    facts = [
        PublicFact(log_id, stream, seq, kind, data, at, Audience(owner_id, project_id))
        for log_id, stream, seq, kind, data, at, owner_id, project_id in found
    ]
    if facts:
        with connection.cursor() as cursor:
            ids = [fact.log_id for fact in facts]
            cursor.execute(_FANNED_OUT.format(", ".join(["%s"] * len(ids))), ids)
    return facts
