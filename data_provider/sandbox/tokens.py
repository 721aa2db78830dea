"""The log-in of the official API: issues bearer tokens to the applications that it knows."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from data_provider.sandbox.bodies import Response, error
from data_provider.sandbox.dice import mix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from data_provider.sandbox.requests import Request

# The two applications that the simulation knows: one with a secret, one that cannot keep any.
SCRIPT_CLIENT = ("sandbox-script", "sandbox-secret")
# Another application of the same owner, with a window of its own in real life.
SECOND_CLIENT = ("sandbox-second", "sandbox-secret")
# The account for which the first application may act.
USER = ("sandbox-user", "sandbox-password")
PASSWORD_GRANT = "password"  # noqa: S105 -- the name of a grant
INSTALLED_CLIENT = ("sandbox-installed", "")
CLIENT_GRANT = "client_credentials"
INSTALLED_GRANT = "https://oauth.reddit.com/grants/installed_client"
# Reddit's tokens live a day.
LIFETIME_SECONDS = 86_400.0


class Tokens:
    """Tokens of one sandbox. `lifetime_seconds` is that of those issued from now on."""

    def __init__(self, seed: int, monotonic: Callable[[], float]) -> None:
        self.lifetime_seconds = LIFETIME_SECONDS
        self._key = mix(seed ^ 0x70CE)
        self._monotonic = monotonic
        self._ends: dict[str, float] = {}
        self._issued = 0

    def issue(self, request: Request) -> Response:
        """Answer POST /api/v1/access_token."""
        if request.method != "POST":
            return error(405)
        client = _basic(request.authorization)
        if client not in (SCRIPT_CLIENT, SECOND_CLIENT, INSTALLED_CLIENT):
            return error(401)
        return self._issue_to(client, request.params)

    def _issue_to(self, client: tuple[str, str], params: Mapping[str, str]) -> Response:
        grant = params.get("grant_type")
        if grant == PASSWORD_GRANT and client == SCRIPT_CLIENT:
            is_known = (params.get("username"), params.get("password")) == USER
            # Reddit answers a wrong password with status 200.
            return self._grant(grant) if is_known else _told("invalid_grant", 200)
        if grant != (INSTALLED_GRANT if client == INSTALLED_CLIENT else CLIENT_GRANT):
            return _told("unsupported_grant_type", 400)
        if grant == INSTALLED_GRANT and not params.get("device_id"):
            return _told("invalid_request", 400)
        return self._grant(grant)

    def admits(self, request: Request) -> bool:
        """Say whether the request carries a token that still lives."""
        scheme, _, token = request.authorization.partition(" ")
        return scheme.lower() == "bearer" and self._ends.get(token, 0.0) > self._monotonic()

    def expire(self) -> None:
        """End all tokens at once."""
        self._ends.clear()

    def _grant(self, grant: str) -> Response:
        self._issued += 1
        token = f"sandbox-{mix(self._key + self._issued):016x}"
        self._ends[token] = self._monotonic() + self.lifetime_seconds
        value: dict[str, Any] = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self.lifetime_seconds),
            "scope": "*",
        }
        if grant == INSTALLED_GRANT:
            value["device_id"] = "DO_NOT_TRACK_THIS_DEVICE"
        return Response(200, orjson.dumps(value))


def _told(word: str, status: int) -> Response:
    return Response(status, orjson.dumps({"message": "Bad Request", "error": word}))


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password
