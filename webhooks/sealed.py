"""What stands sealed in an endpoint's row, opened for use: address, headers, secrets."""

import functools
import json
from datetime import datetime

from django.utils.dateparse import parse_datetime

from webhooks import signing
from webhooks.models import Endpoint

# What is sealed, by the name of its place, and the column it stands in.
SEALED_BY_CONTEXT = {"url": "sealed_url", "headers": "sealed_headers", "secret": "sealed_secret"}


def address_of(endpoint: Endpoint) -> str:
    """Return the address that requests go to."""
    return _unseal(endpoint.sealed_url, endpoint.context("url"))


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
