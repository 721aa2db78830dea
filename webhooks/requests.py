"""What is sent for a delivery: where, with which headers, signed with which secrets."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from webhooks import signing
from webhooks.claims import Parcel
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
        "content-type": "application/json",
        "user-agent": user_agent(),
        "webhook-id": parcel.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    return Request(address_of(endpoint), headers)
