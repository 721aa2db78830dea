"""A request with an Idempotency-Key happens once: the key's row commits with what it made."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from common.errors import Conflict, InvalidInput
from projects.models import IdempotencyKey, User

# Longer than any client keeps retrying; Stripe forgets keys after the same time.
KEPT_FOR = timedelta(hours=24)
_LONGEST_KEY = 255

Made = tuple[int, Any, Mapping[str, str], Any]


@dataclass(frozen=True)
class Answer:
    """What the caller gets: HTTP status, JSON body, headers; `is_repeat` for a remembered one."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeat: bool = False


def fingerprint_of(method: str, path: str, body: Any) -> str:
    """Return the digest by which two requests are the same, whatever the order of their fields."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{method}\n{path}\n{canonical}".encode()).hexdigest()


def answer_once(owner: User, key: str | None, fingerprint: str, make: Callable[[], Made]) -> Answer:
    """Call `make` in one transaction with the key's row, or repeat the answer given before.

    `make` returns (status, body, headers, body to remember): the last is what a repeat gets, so
    it leaves out secrets. Concurrent requests with one key wait for the first; if that fails,
    nothing is remembered and the next one makes. Without a key: just `make`, in a transaction.
    Raises Conflict when the key came with another request before, InvalidInput for a bad key.
    """
    if key is None:
        with transaction.atomic():
            status, body, headers, _ = make()
        return Answer(status, body, dict(headers))
    _check(key)
    with transaction.atomic():
        row = _take(owner, key, fingerprint)
        if row is None:
            return _remembered(owner, key, fingerprint)
        status, body, headers, kept = make()
        # As text, because PostgreSQL would reorder an object's fields.
        row.status, row.body, row.headers = status, json.dumps(kept), dict(headers)
        row.save(update_fields=["status", "body", "headers"])
    return Answer(status, body, dict(headers))


def forget_old_keys() -> int:
    """Delete the keys that no client retries any more; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _check(key: str) -> None:
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise InvalidInput(
            "invalid_idempotency_key",
            f"Idempotency-Key should be 1 to {_LONGEST_KEY} printable ASCII characters.",
        )


def _take(owner: User, key: str, fingerprint: str) -> IdempotencyKey | None:
    # The unique key makes a second taker wait until the first has committed or failed.
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(
                owner=owner, key=key, fingerprint=fingerprint, status=0, body=""
            )
    except IntegrityError:
        return None


def _remembered(owner: User, key: str, fingerprint: str) -> Answer:
    row = IdempotencyKey.objects.get(owner=owner, key=key)
    if row.fingerprint != fingerprint:
        raise Conflict(
            "idempotency_key_reused", "This Idempotency-Key came with another request before."
        )
    return Answer(row.status, json.loads(row.body), row.headers, is_repeat=True)
