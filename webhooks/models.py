"""Tables of webhooks: who listens, what is to be sent to whom, and what came of every try."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Endpoint(models.Model):
    """An address that wants to hear of some events.

    Its row is the place where couriers agree: whoever takes deliveries of it, or adds some, does so
    under the row's lock. Address, headers and secrets are sealed; `url` is what may be shown.
    """

    class Status(models.TextChoices):
        """While disabled, everything is held."""

        ENABLED = "enabled"
        DISABLED = "disabled"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    project = models.ForeignKey("projects.Project", null=True, on_delete=models.CASCADE)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    url = models.TextField()
    sealed_url = models.TextField()
    event_types = models.JSONField()
    description = models.TextField(blank=True, default="")
    sealed_headers = models.TextField(blank=True, default="")
    ordered = models.BooleanField(default=False)
    rate_per_second = models.FloatField(null=True)
    schedule_seconds = models.JSONField(null=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ENABLED)
    disabled_reason = models.CharField(max_length=32, blank=True, default="")
    sealed_secret = models.TextField()
    # [{"sealed", "until"}], newest first: still signed with until their grace is over.
    former_secrets = models.JSONField(default=list)
    last_sequence = models.BigIntegerField(default=0)
    event_seq = models.BigIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    # Tries in a row that got no answer, and how often the breaker opened on them.
    unanswered = models.PositiveIntegerField(default=0)
    breaker_openings = models.PositiveIntegerField(default=0)
    breaker_until = models.DateTimeField(null=True)
    slowdowns = models.PositiveIntegerField(default=0)
    slow_until = models.DateTimeField(null=True)
    # When the next request is in keeping with the endpoint's rate.
    paced_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # Gone for its owner; its deliveries go in the background.
    deleted_at = models.DateTimeField(null=True)
    # When its receiver was checked lately.
    checked_at = models.JSONField(default=list)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "created_at", "id"], name="endpoint_by_owner"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def stream(self) -> str:
        """Name of the endpoint's own stream in the event log: its audit trail."""
        return f"endpoint:{self.pk}"

    def context(self, what: str) -> str:
        """Name the place of something sealed: moved to another row it does not open."""
        return f"endpoint:{self.key}:owner:{self.owner_id}:{what}"


class Recovery(models.Model):
    """A time range whose missed deliveries are sent again."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE)
    since = models.DateTimeField()
    until = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"recovery {self.pk}"


class WebhookDelivery(models.Model):
    """One event for one endpoint: the bytes to send, and where the sending stands.

    Whoever sends holds it by lease and fencing number. `next_retry_at` is when the next try is due,
    `tier` how much of the schedule is used up.
    """

    class Status(models.TextChoices):
        """`delivered` and `dead` are terminal; only a person's retry leaves them again."""

        PENDING = "pending"
        FAILED = "failed"
        DELIVERED = "delivered"
        DEAD = "dead"
        HELD = "held"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, db_index=False)
    owner_id = models.BigIntegerField()
    # Of the event; plain numbers, since the log and projects are emptied on their own.
    project_id = models.BigIntegerField(null=True)
    # None for a test: it tells of nothing that happened.
    log_id = models.BigIntegerField(null=True)
    event_id = models.CharField(max_length=40)
    event_type = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    payload = models.BinaryField(null=True)
    is_thin = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    tier = models.PositiveIntegerField(default=0)
    attempt_count = models.PositiveIntegerField(default=0)
    next_retry_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    # Asked for by a person; what it was before, and becomes again if the try fails.
    is_manual = models.BooleanField(default=False)
    former_status = models.CharField(max_length=9, blank=True, default="")
    recovery = models.ForeignKey(Recovery, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log_id", "endpoint"], name="delivery_unique"),
        ]
        indexes = [
            models.Index(fields=["owner_id", "created_at", "id"], name="delivery_by_owner"),
            models.Index(fields=["endpoint", "created_at", "id"], name="delivery_by_endpoint"),
            models.Index(
                # Open deliveries have it, others do not; of a condition on the status, SQLite
                # cannot tell that a parameter fulfils it, and reads everything ever sent.
                fields=["endpoint", "next_retry_at", "id"],
                condition=Q(next_retry_at__isnull=False),
                name="delivery_due",
            ),
            models.Index(
                fields=["endpoint", "sequence"],
                condition=Q(status__in=("pending", "failed")),
                name="delivery_in_order",
            ),
            models.Index(
                fields=["owner_id", "endpoint", "lease_until"],
                condition=Q(lease_until__isnull=False),
                name="delivery_under_way",
            ),
            models.Index(
                fields=["endpoint", "id"],
                condition=Q(is_manual=True),
                name="delivery_manual",
            ),
            models.Index(
                fields=["project_id", "id"],
                condition=Q(project_id__isnull=False),
                name="delivery_by_project",
            ),
            models.Index(
                fields=["ended_at"],
                condition=Q(ended_at__isnull=False),
                name="delivery_ended",
            ),
            models.Index(
                # Those held: neither over nor due. Of what is sent at once, nothing is in it.
                fields=["created_at"],
                condition=Q(next_retry_at__isnull=True, ended_at__isnull=True),
                name="delivery_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.event_id}"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing is sent any more unless a person asks for it."""
        return is_terminal(self.status)


class Attempt(models.Model):
    """One try and what came of it; never changed."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    status_code = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=32, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    latency_ms = models.PositiveIntegerField(null=True)
    # As received: what it may contain, not every database takes as text.
    response_body = models.BinaryField(default=b"")
    is_manual = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_unique"),
        ]

    def __str__(self) -> str:
        return f"try {self.number}"


OPEN = (WebhookDelivery.Status.PENDING, WebhookDelivery.Status.FAILED)
MISSED = (WebhookDelivery.Status.HELD, WebhookDelivery.Status.DEAD)
TERMINAL = frozenset((WebhookDelivery.Status.DELIVERED, WebhookDelivery.Status.DEAD))


def is_terminal(status: str) -> bool:
    """Tell whether a delivery in this status is over."""
    return status in TERMINAL


def unclaimed(now: Any) -> Q:
    """Condition: nobody is sending it, or whoever did has not been heard of since."""
    return Q(lease_until=None) | Q(lease_until__lte=now)
