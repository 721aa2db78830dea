"""What is sent for a delivery: where, with which headers, signed with which secrets."""

import functools
import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.dateparse import parse_datetime

from webhooks import signing
from webhooks.claims import Parcel
from webhooks.models import Endpoint


@dataclass(frozen=True)
class Request:
    """The parts of a POST beside its body."""

    url: str
    headers: dict[str, str]


def build_request(parcel: Parcel, now: datetime) -> Request:
    """Return the request for one try: the same id and bytes each time, signed anew."""
    endpoint = parcel.endpoint
    timestamp = int(now.timestamp())
    signature = signing.sign(
        live_secrets(endpoint, now), parcel.event_id, timestamp, parcel.payload
    )
    headers = {
        **custom_headers(endpoint),
        "content-type": "application/json",
        "user-agent": f"Teppan/{settings.SPECTACULAR_SETTINGS['VERSION']}",
        "webhook-id": parcel.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    return Request(_unseal(endpoint.sealed_url, endpoint.context("url")), headers)


def live_secrets(endpoint: Endpoint, now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first."""
    context = endpoint.context("secret")
    former = [one["sealed"] for one in endpoint.former_secrets if is_live(one, now)]
    return [_unseal(sealed, context) for sealed in (endpoint.sealed_secret, *former)]


def is_live(former: dict[str, str], now: datetime) -> bool:
    """Tell whether the grace of a former secret is not over."""
    until = parse_datetime(former["until"])
    return until is not None and until > now


def custom_headers(endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that the owner wants with every request."""
    if not endpoint.sealed_headers:
        return {}
    headers: dict[str, str] = json.loads(
        _unseal(endpoint.sealed_headers, endpoint.context("headers"))
    )
    return headers


# Unsealing costs as much as signing, and an endpoint's secrets stay the same for weeks.
@functools.lru_cache(maxsize=4096)
def _unseal(sealed: str, context: str) -> str:
    return signing.unseal(sealed, context)
