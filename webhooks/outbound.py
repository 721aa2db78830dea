"""Where this installation lets its users' addresses lead."""

import socket
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from webhooks.network import Policy

_HTTP = {"http": 80, "https": 443}
_SERVICES = {"redis": 6379, "rediss": 6379, "postgres": 5432, "postgresql": 5432}


def policy() -> Policy:
    """Return the operator's rules for addresses that users type."""
    return Policy(
        https_only=settings.TEPPAN["WEBHOOK_HTTPS_ONLY"],
        allowed_networks=settings.TEPPAN["OUTBOUND_ALLOWED_NETWORKS"],
        own_addresses=_own_addresses(),
    )


@cache
def _own_addresses() -> frozenset[tuple[str, int]]:
    """Return host and port of everything that belongs to the stack itself."""
    env = settings.ENV
    found = {(env.TEPPAN_HOST, env.TEPPAN_PORT)}
    for address in (env.TEPPAN_PUBLIC_URL, env.REDIS_URL, env.DATABASE_URL, env.TEPPAN_SANDBOX_URL):
        parts = urlsplit(address or "")
        if parts.hostname:
            port = parts.port or {**_HTTP, **_SERVICES}.get(parts.scheme, 0)
            found |= {(host, port) for host in (parts.hostname, *_addresses_of(parts.hostname))}
    return frozenset(found)


def _addresses_of(host: str) -> set[str]:
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
