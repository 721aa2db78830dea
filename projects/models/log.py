"""The event log and the record of requests that must not be done twice."""

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class JSONText(models.JSONField):
    """JSON as it was written: PostgreSQL's own type for it forgets the order of the keys."""

    def get_internal_type(self) -> str:
        """Return a kind of its own: migrations convert between it and the database's."""
        return "JSONText"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Return the column's type on every engine."""
        return "text"

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
    ) -> str | None:
        """Return the text that is stored."""
        return None if value is None else json.dumps(value)


class Event(models.Model):
    """One fact of one stream. `seq` counts from 1 within the stream, without gaps.

    A public fact names whom it concerns and waits until every listener outside was thought of. The
    two ids are no foreign keys: the log is emptied by stream, and looked up by nothing else.
    """

    stream = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    type = models.CharField(max_length=64)
    data = JSONText()
    created_at = models.DateTimeField()
    owner_id = models.BigIntegerField(null=True)
    project_id = models.BigIntegerField(null=True)
    awaits_fanout = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="event_seq_unique"),
        ]
        indexes = [
            models.Index("id", condition=models.Q(awaits_fanout=True), name="event_to_fan_out"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.type}"


class IdempotencyKey(models.Model):
    """The answer given to a request that carried an Idempotency-Key; committed with its object."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_unique"),
        ]

    def __str__(self) -> str:
        return self.key
