"""What is sent for a delivery: where, with which headers, signed with which secrets."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from webhooks import signing
from webhooks.claims import Parcel
from webhooks.masking import MASK
from webhooks.models import Endpoint
from webhooks.sealed import address_of, custom_headers, live_secrets


@dataclass(frozen=True)
class Request:
    """The parts of a POST beside its body."""

    url: str
    headers: dict[str, str]


def user_agent() -> str:
    """Return how we introduce ourselves."""
    return f"Teppan/{settings.SPECTACULAR_SETTINGS['VERSION']}"


def build_request(parcel: Parcel, now: datetime) -> Request:
    """Return the request for one try: the same id and bytes each time, signed anew."""
    endpoint = parcel.endpoint
    timestamp = int(now.timestamp())
    signature = signing.sign(
        live_secrets(endpoint, now), parcel.event_id, timestamp, parcel.payload
    )
    headers = {
        **custom_headers(endpoint),
        **_same_each_time(parcel.event_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    return Request(address_of(endpoint), headers)


def shown_headers(endpoint: Endpoint, event_id: str) -> dict[str, str]:
    """Return the headers of every try as people may see them; two more are made for each."""
    return {**dict.fromkeys(custom_headers(endpoint), MASK), **_same_each_time(event_id)}


def _same_each_time(event_id: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": user_agent(),
        "webhook-id": event_id,
    }
