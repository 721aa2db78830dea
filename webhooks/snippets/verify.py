"""Verify a webhook (Standard Webhooks): call it with the raw body, before parsing it."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

TOLERANCE_SECONDS = 5 * 60


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a request comes from who knows the secret, unchanged and not long ago.

    A request may come twice: keep each webhook-id for a while, and act on it once.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id = named.get("webhook-id", "")
    timestamp = named.get("webhook-timestamp", "")
    if not message_id or not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    signatures = named.get("webhook-signature", "").encode().split(b" ")
    # While a secret is being rotated there are several signatures.
    return any(hmac.compare_digest(expected, signature) for signature in signatures)
