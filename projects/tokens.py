"""The tokens that prove who is calling: how they are made and read, not if they still count."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

API_TOKEN_PREFIX = "tpn_"  # noqa: S105 -- the mark by which secret scanners know our tokens
# 32 random bytes: guessing is hopeless, so a plain digest is enough to store.
_API_TOKEN_BYTES = 32
_SHOWN_CHARACTERS = 12
_ACCESS_LIFETIME = cast("timedelta", settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"])


class InvalidToken(Exception):
    """Not a token of ours, or one that is over."""


class _Access(Token):
    token_type = "access"  # noqa: S105 -- a kind
    lifetime = _ACCESS_LIFETIME


class _Refresh(Token):
    token_type = "refresh"  # noqa: S105 -- a kind
    lifetime = settings.REFRESH_LIFETIME


@dataclass(frozen=True)
class Claims:
    """What a signed token says."""

    session_id: UUID
    user_id: int
    jti: UUID
    expires_at: datetime


def access_lifetime() -> timedelta:
    """Return how long an access token counts."""
    return _ACCESS_LIFETIME


def write_access(session_id: UUID, user_id: int, jti: UUID, issued_at: datetime) -> str:
    """Return an access token; the same arguments give the same bytes."""
    claims = Claims(session_id, user_id, jti, issued_at + access_lifetime())
    return _write(_Access(), claims, issued_at)


def write_refresh(claims: Claims, issued_at: datetime) -> str:
    """Return a refresh token; the same arguments give the same bytes."""
    return _write(_Refresh(), claims, issued_at)


def read_access(token: str) -> Claims:
    """Return what an access token says; raises InvalidToken when forged, expired or another."""
    return _read(_Access, token)


def read_refresh(token: str) -> Claims:
    """Return what a refresh token says; raises InvalidToken as above."""
    return _read(_Refresh, token)


def make_api_token() -> str:
    """Return a new long-lived token."""
    return API_TOKEN_PREFIX + secrets.token_urlsafe(_API_TOKEN_BYTES)


def digest_of(api_token: str) -> str:
    """Return what is stored of an API token."""
    return hashlib.sha256(api_token.encode()).hexdigest()


def shown_part(api_token: str) -> str:
    """Return the beginning by which its owner recognises a token."""
    return api_token[:_SHOWN_CHARACTERS]


def _write(token: Token, claims: Claims, issued_at: datetime) -> str:
    token.payload = {
        "token_type": token.token_type,
        "exp": int(claims.expires_at.timestamp()),
        "iat": int(issued_at.timestamp()),
        "jti": claims.jti.hex,
        "sid": claims.session_id.hex,
        "sub": str(claims.user_id),
    }
    return str(token)


def _read(kind: type[Token], token: str) -> Claims:
    try:
        payload = kind(token).payload  # type: ignore[arg-type]
    except TokenError as error:
        raise InvalidToken(str(error)) from error
    return Claims(
        session_id=UUID(payload["sid"]),
        user_id=int(payload["sub"]),
        jti=UUID(payload["jti"]),
        expires_at=datetime.fromtimestamp(payload["exp"], tz=UTC),
    )
