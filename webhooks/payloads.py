"""The bytes of a delivery: built once, sent and signed the same on every try."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson
from django.conf import settings

from projects.activity import PublicFact

# Receivers commonly refuse larger bodies: Amazon's queues and gateways take 256 KB.
LARGEST_PAYLOAD_BYTES = 256 * 1024

# Where the rest of an event can be read, by the kind of its stream.
_PLACES = {
    "scraping": "/api/scraper/jobs/{}/",
    "discovery": "/api/discovery/runs/{}/",
    "analysis": "/api/content-analysis/runs/{}/",
    "export": "/api/exports/{}/",
    "endpoint": "/api/webhooks/endpoints/{}/",
}

_NAMESPACE = uuid.UUID("6f7cb0f2-4a3e-4a53-9c53-3d8a2f0f7b1e")


def event_id_of(fact: PublicFact) -> str:
    """Return the `webhook-id`: the same for every endpoint and try, and no other event's."""
    name = f"{fact.stream}#{fact.seq}@{fact.created_at.isoformat()}"
    return f"evt_{uuid.uuid5(_NAMESPACE, name).hex}"


def payload_of(fact: PublicFact, sequence: int) -> tuple[bytes, bool]:
    """Return the body for an endpoint's delivery of that number, and whether it is thin.

    A body over the limit carries no data of its own but `{"truncated", "url"}`: where to read it.
    """
    reference = _reference(fact)
    body = _body(fact, sequence, {**reference, **fact.data})
    if len(body) <= LARGEST_PAYLOAD_BYTES:
        return body, False
    return _body(fact, sequence, {**reference, "truncated": True, "url": _url(fact)}), True


def _body(fact: PublicFact, sequence: int, data: Mapping[str, Any]) -> bytes:
    envelope = {
        "id": event_id_of(fact),
        "type": fact.type,
        "timestamp": fact.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "sequence": sequence,
        "previous_sequence": sequence - 1 or None,
        "data": data,
    }
    try:
        return orjson.dumps(envelope)
    except TypeError:  # half a character, or an integer beyond 64 bits
        return json.dumps(envelope).encode()


def _reference(fact: PublicFact) -> dict[str, Any]:
    kind, number = _subject(fact)
    if kind == "endpoint":
        return {"endpoint": number}
    return {"id": number, "project": fact.audience.project_id}


def _url(fact: PublicFact) -> str:
    kind, number = _subject(fact)
    base: str = settings.TEPPAN["PUBLIC_URL"]
    return base + _PLACES.get(kind, "/").format(number)


def _subject(fact: PublicFact) -> tuple[str, int]:
    """Return kind and number of what the fact is about."""
    kind, _, number = fact.stream.partition(":")
    return kind, int(number)
