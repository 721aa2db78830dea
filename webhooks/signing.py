"""Secrets of endpoints: made, checked, used to sign (Standard Webhooks), and sealed at rest."""

import base64
import binascii
import functools
import hashlib
import os
import secrets as randomness
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks import Webhook

from common.errors import InvalidInput

_PREFIX = "whsec_"

# What Standard Webhooks lets a symmetric secret be, and what we make: as long as the hash.
_FEWEST_BYTES, _MOST_BYTES = 24, 64
_OUR_BYTES = 32

# Sealed: `v1.` and base64 of the key's number, the nonce, and AES-256-GCM's text with its tag.
_VERSION = "v1."
_NUMBER_BYTES = 4
_NONCE_BYTES = 12


class CannotUnsealError(Exception):
    """A sealed secret was made with another key, for another row, or was changed."""


def new_secret() -> str:
    """Return a fresh secret: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(randomness.token_bytes(_OUR_BYTES)).decode()


def check_secret(text: str) -> str:
    """Return a secret that a person brought, in the form that we keep.

    Raises InvalidInput unless it is base64 (with or without `whsec_`) of 24 to 64 bytes.
    """
    encoded = text.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if not key or base64.b64encode(key).decode() != encoded:
        raise InvalidInput("invalid_secret", "A secret is whsec_ and base64.", attr="secret")
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise InvalidInput(
            "invalid_secret",
            f"A secret has {_FEWEST_BYTES} to {_MOST_BYTES} bytes; this one has {len(key)}.",
            attr="secret",
        )
    return _PREFIX + encoded


def sign(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` header: one signature per secret, in the order given.

    `timestamp` is what `webhook-timestamp` says, in seconds; `body` is UTF-8, sent as it is.
    """
    at = datetime.fromtimestamp(timestamp, UTC)
    text = body.decode()
    return " ".join(_signer(secret).sign(message_id, at, text) for secret in secrets)


def seal(secret: str, context: str) -> str:
    """Encrypt a secret with the installation's present key, bound to where it is stored.

    `context` names the row and its owner, such as `endpoint:7:owner:3`: sealed text that was moved
    to another row does not open there.
    """
    key = _keys()[0]
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _number_of(key) + nonce + _cipher(key).encrypt(nonce, secret.encode(), _bound(context))
    return _VERSION + base64.b64encode(sealed).decode()


def unseal(sealed: str, context: str) -> str:
    """Return the secret that `seal` was given. Raises CannotUnsealError."""
    number, nonce, text = _parts(sealed)
    for key in _keys():
        if _number_of(key) == number:
            try:
                return _cipher(key).decrypt(nonce, text, _bound(context)).decode()
            except InvalidTag:
                raise CannotUnsealError("It was changed, or made for another row.") from None
    raise CannotUnsealError(
        "It was made with another key: set TEPPAN_SECRET_KEY to the key of that time, or add that "
        "to TEPPAN_SECRET_KEY_FALLBACKS."
    )


def is_sealed_with_present_key(sealed: str) -> bool:
    """Whether a sealed secret needs no re-encryption after a rotation of the key."""
    return _parts(sealed)[0] == _number_of(_keys()[0])


def _parts(sealed: str) -> tuple[bytes, bytes, bytes]:
    try:
        raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
    except ValueError:
        raise CannotUnsealError("It is not a sealed secret.") from None
    start = _NUMBER_BYTES + _NONCE_BYTES
    return raw[:_NUMBER_BYTES], raw[_NUMBER_BYTES:start], raw[start:]


def _keys() -> Sequence[str]:
    """The installation's key, then earlier ones: the one place that knows where they come from."""
    return [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


@functools.lru_cache(maxsize=16)
def _derived(key: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"teppan webhook secrets").derive(key.encode())


def _cipher(key: str) -> AESGCM:
    return AESGCM(_derived(key))


def _number_of(key: str) -> bytes:
    """Tell keys apart without telling anything about them: a hash of what was derived."""
    return hashlib.sha256(b"number" + _derived(key)).digest()[:_NUMBER_BYTES]


def _bound(context: str) -> bytes:
    return f"{_VERSION}{context}".encode()


@functools.lru_cache(maxsize=1024)
def _signer(secret: str) -> Webhook:
    return Webhook(secret)
