"""Shapes of webhooks in REST: what is accepted, and what the OpenAPI document says of answers."""

import json
import re
from typing import Any

from rest_framework import serializers

from common.api import StrictSerializer
from webhooks.models import MISSED, Endpoint, WebhookDelivery

_LARGEST_ID = 2**63 - 1

_MOST_HEADERS = 20
_LONGEST_HEADER = 4096
# A field name of HTTP, and values without control characters that every server takes.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# What the request itself says, or what changes how it is read.
_RESERVED = frozenset(
    "accept-encoding connection content-encoding content-length content-type date expect forwarded"
    " host keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade"
    " user-agent via".split()
)
_RESERVED_PREFIX = "webhook-"

# Longer plans than svix's longest (27 h): a week after the try before.
_LONGEST_GAP_SECONDS = 7 * 24 * 3600
_MOST_GAPS = 20
_MOST_PER_SECOND = 1000
_LONGEST_GRACE_SECONDS = 7 * 24 * 3600

# As much as a person edits by hand, and more.
_LARGEST_TEST_BYTES = 64 * 1024


class EndpointSerializer(StrictSerializer):
    """Body of an endpoint, new or changed."""

    url = serializers.CharField(max_length=2048, trim_whitespace=False)
    event_types = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=50
    )
    project = serializers.IntegerField(
        min_value=1, max_value=_LARGEST_ID, required=False, allow_null=True
    )
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    headers = serializers.DictField(
        child=serializers.CharField(
            max_length=_LONGEST_HEADER, allow_blank=True, trim_whitespace=False
        ),
        required=False,
    )
    ordered = serializers.BooleanField(required=False)
    rate_per_second = serializers.FloatField(
        min_value=0.01, max_value=_MOST_PER_SECOND, required=False, allow_null=True
    )
    schedule_seconds = serializers.ListField(
        child=serializers.FloatField(min_value=1, max_value=_LONGEST_GAP_SECONDS),
        max_length=_MOST_GAPS,
        required=False,
        allow_null=True,
    )
    status = serializers.ChoiceField(choices=Endpoint.Status.choices, required=False)

    def validate_headers(self, headers: dict[str, str]) -> dict[str, str]:
        """Refuse names that are ours, and whatever could end a header or the head."""
        if len(headers) > _MOST_HEADERS:
            raise serializers.ValidationError(f"Should be at most {_MOST_HEADERS} headers.")
        if len({name.lower() for name in headers}) < len(headers):
            raise serializers.ValidationError("A header is given twice.")
        for name, value in headers.items():
            _check_header(name, value)
        return headers


class NewEndpointSerializer(EndpointSerializer):
    """Body of POST /api/webhooks/endpoints/."""

    secret = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="whsec_ and base64 of 24 to 64 bytes; made when absent.",
    )


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise serializers.ValidationError(f"{name[:60]!r} is no header name.", code="header_name")
    lower = name.lower()
    if lower in _RESERVED or lower.startswith(_RESERVED_PREFIX):
        raise serializers.ValidationError(f"{name} is set by Teppan.", code="reserved_header")
    if not _HEADER_VALUE.fullmatch(value):
        raise serializers.ValidationError(
            f"The value of {name} has characters that no header may have.", code="header_value"
        )


class RotateSerializer(StrictSerializer):
    """Body of a secret's rotation."""

    grace_seconds = serializers.FloatField(
        min_value=0, max_value=_LONGEST_GRACE_SECONDS, required=False
    )
    secret = serializers.CharField(
        max_length=200, required=False, allow_blank=True, trim_whitespace=False
    )


class SecretSerializer(serializers.Serializer[Any]):
    """A secret, shown this once."""

    secret = serializers.CharField()


class TestSerializer(StrictSerializer):
    """Body of a test."""

    event_type = serializers.CharField(max_length=64, default="webhook.test")
    data = serializers.DictField(  # type: ignore[assignment]
        required=False,
        help_text="Instead of the example's; at most 64 KB. `test: true` is added to it.",
    )

    def validate_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is larger than any event has reason to be."""
        if len(json.dumps(data)) > _LARGEST_TEST_BYTES:
            raise serializers.ValidationError("Should be at most 64 KB.", code="too_large")
        return data


class RangeSerializer(StrictSerializer):
    """A range of time, both ends included; only what was held or only what is dead, or both."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=MISSED, required=False)


class RecoveryRangeSerializer(StrictSerializer):
    """The same range, open where it is not given."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    status = serializers.ChoiceField(choices=MISSED, required=False)


class RecoveryFilterSerializer(StrictSerializer):
    """Query of GET /api/webhooks/recoveries/."""

    endpoint = serializers.IntegerField(required=False, min_value=1, max_value=_LARGEST_ID)


class DeliveryFilterSerializer(StrictSerializer):
    """Query of GET /api/webhooks/deliveries/."""

    endpoint = serializers.IntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.choices, required=False)
    event_type = serializers.CharField(required=False, max_length=64)
    code = serializers.IntegerField(
        required=False, min_value=100, max_value=999, help_text="An HTTP status that a try got."
    )
    recovery = serializers.IntegerField(required=False, min_value=1, max_value=_LARGEST_ID)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class LatelySerializer(serializers.Serializer[Any]):
    """Deliveries of the last 24 hours."""

    delivered = serializers.IntegerField()
    failed = serializers.IntegerField()
    held = serializers.IntegerField()
    last_delivered_at = serializers.DateTimeField(allow_null=True)


class EndpointAnswerSerializer(serializers.Serializer[Any]):
    """An endpoint; header values and tokens in the address are masked."""

    id = serializers.IntegerField()
    url = serializers.CharField()
    event_types = serializers.ListField(child=serializers.CharField())
    project = serializers.IntegerField(allow_null=True)
    description = serializers.CharField()
    headers = serializers.DictField(child=serializers.CharField())
    ordered = serializers.BooleanField()
    rate_per_second = serializers.FloatField(allow_null=True)
    schedule_seconds = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    status = serializers.ChoiceField(choices=Endpoint.Status.choices)
    disabled_reason = serializers.CharField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    former_secrets_until = serializers.ListField(child=serializers.DateTimeField())
    last_24_hours = LatelySerializer()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CreatedEndpointSerializer(EndpointAnswerSerializer):
    """A new endpoint with its secret, which is not shown again."""

    secret = serializers.CharField(required=False)


class HourSerializer(serializers.Serializer[Any]):
    """Tries of one hour."""

    hour = serializers.DateTimeField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()


class WaitSerializer(serializers.Serializer[Any]):
    """What a delivery waits for."""

    code = serializers.ChoiceField(
        choices=(
            "answer",
            "schedule",
            "order",
            "slowdown",
            "breaker",
            "rate",
            "courier",
            "endpoint",
        )
    )
    detail = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """An event for an endpoint."""

    id = serializers.IntegerField()
    endpoint = serializers.IntegerField()
    event_id = serializers.CharField(help_text="The webhook-id.")
    event_type = serializers.CharField()
    sequence = serializers.IntegerField()
    previous_sequence = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.choices)
    attempt_count = serializers.IntegerField()
    next_retry_at = serializers.DateTimeField(allow_null=True)
    waiting_for = WaitSerializer(allow_null=True)
    is_test = serializers.BooleanField()
    reduced = serializers.CharField(
        allow_null=True, help_text="too_large: the body carries a link instead of the data."
    )
    recovery = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class AttemptSerializer(serializers.Serializer[Any]):
    """One try."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    status_code = serializers.IntegerField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    error_detail = serializers.CharField()
    latency_ms = serializers.IntegerField(allow_null=True)
    response_body = serializers.CharField(help_text="As received, at most 16 KB: show it as text.")
    response_encoding = serializers.ChoiceField(choices=("utf-8", "base64"))
    manual = serializers.BooleanField()


class DeliveryDetailSerializer(DeliverySerializer):
    """A delivery with what is sent and every try."""

    payload = serializers.CharField(allow_null=True, help_text="The bytes that are sent.")
    request_headers = serializers.DictField(
        child=serializers.CharField(),
        help_text="Of every try, secrets masked; each has a timestamp and signature of its own.",
    )
    attempts = AttemptSerializer(many=True)


class RecoveryEstimateSerializer(serializers.Serializer[Any]):
    """How many deliveries a recovery would send."""

    total = serializers.IntegerField()


class RecoverySerializer(serializers.Serializer[Any]):
    """A recovery and how far it is."""

    id = serializers.IntegerField()
    endpoint = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=("running", "completed", "cancelled"))
    total = serializers.IntegerField()
    waiting = serializers.IntegerField()
    delivered = serializers.IntegerField()
    dead = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)


class EventTypeSerializer(serializers.Serializer[Any]):
    """A kind of event, with JSON Schema and example of the whole body."""

    name = serializers.CharField()
    description = serializers.CharField()
    schema = serializers.DictField()
    example = serializers.DictField()


class SnippetSerializer(serializers.Serializer[Any]):
    """Code that verifies our requests."""

    language = serializers.CharField()
    file_name = serializers.CharField()
    code = serializers.CharField()


class FindingSerializer(serializers.Serializer[Any]):
    """What a receiver did with one request."""

    name = serializers.CharField()
    verdict = serializers.ChoiceField(choices=("passed", "failed", "unclear"))
    detail = serializers.CharField()
    status_code = serializers.IntegerField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)


class CheckupSerializer(serializers.Serializer[Any]):
    """What a receiver did with genuine and forged requests."""

    findings = FindingSerializer(many=True)
