"""The event log: each fact once, in the transaction that writes its rows, numbered per stream.

The number is taken from the subject's own row by the same conditional UPDATE that changes it, so a
refused change leaves no fact, and no reader can see a later number before an earlier one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils import timezone

from common import wakeup
from projects.models import Event

_INSERT = f"INSERT INTO {Event._meta.db_table} (stream, seq, type, data, created_at) VALUES "  # noqa: S608, SLF001 -- a constant


@dataclass(frozen=True)
class Fact:
    """What happened (`noun.past`) and its data, JSON-serialisable."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class LoggedEvent:
    """One row of the log as a reader gets it."""

    seq: int
    type: str
    data: dict[str, Any]
    created_at: datetime


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
        for value in (stream, seq, fact.type, json.dumps(fact.data), now)
    ]
    rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(facts))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT + rows, values)
    transaction.on_commit(lambda: wakeup.poke(stream))


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
