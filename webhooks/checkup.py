"""Checks a receiver: sends it genuine and forged requests, and tells which it wrongly accepted.

Whether a receiver acts twice on a repeated request cannot be seen from here; only its answer can.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from webhooks.network import Answer
from webhooks.signing import new_secret, sign

# Twice what receivers tolerate by the specification.
_STALE_SECONDS = 10 * 60

Verdict = Literal["passed", "failed", "unclear"]

# Sends one request: address, body, headers.
Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[Answer]]


@dataclass(frozen=True)
class Finding:
    """What one request came to: `detail` is the sentence to show, `status_code` the answer's."""

    name: str
    verdict: Verdict
    detail: str
    status_code: int | None
    error_code: str | None


@dataclass(frozen=True)
class _Request:
    message_id: str
    timestamp: int
    body: bytes
    signature: str

    @property
    def headers(self) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "webhook-id": self.message_id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": self.signature,
        }
        return {name: value for name, value in headers.items() if value}


@dataclass(frozen=True)
class _Forgery:
    name: str
    request: _Request
    flaw: str
    advice: str


async def check_receiver(
    post: Post, url: str, secret: str, headers: Mapping[str, str]
) -> list[Finding]:
    """Send a genuine request, repeat it, then forged ones; one finding for each, in that order.

    `post` is a Sender's; `headers` are sent with every request (user agent, the endpoint's own).
    When the genuine one does not get through, nothing else is sent and the rest is `unclear`.
    """

    async def send(request: _Request) -> Answer:
        return await post(url, request.body, {**headers, **request.headers})

    genuine = _genuine(secret)
    first = await send(genuine)
    findings = [_accepted("genuine", first, "A genuine request")]
    forgeries = _forgeries(secret)
    if first.status_code is None:
        names = ["repeated", *(forgery.name for forgery in forgeries)]
        return findings + [_not_sent(name) for name in names]
    findings.append(_accepted("repeated", await send(genuine), "The same request once more"))
    answers = await asyncio.gather(*(send(forgery.request) for forgery in forgeries))
    is_conclusive = first.error_code is None
    return findings + [
        _refused(forgery, answer, is_conclusive=is_conclusive)
        for forgery, answer in zip(forgeries, answers, strict=True)
    ]


def _genuine(secret: str, *, shift_seconds: int = 0) -> _Request:
    message_id = f"evt_{uuid.uuid4().hex}"
    timestamp = int(time.time()) + shift_seconds
    body = _body(message_id, timestamp)
    return _Request(message_id, timestamp, body, sign([secret], message_id, timestamp, body))


def _body(message_id: str, timestamp: int, **data: object) -> bytes:
    event = {
        "id": message_id,
        "type": "webhook.test",
        "timestamp": datetime.fromtimestamp(timestamp, UTC).isoformat().replace("+00:00", "Z"),
        "sequence": 1,
        "previous_sequence": None,
        "data": {"endpoint": 0, "test": True, **data},
    }
    return json.dumps(event, separators=(",", ":")).encode()


def _forgeries(secret: str) -> list[_Forgery]:
    good = _genuine(secret)
    body = _body(good.message_id, good.timestamp, tampered=True)
    other_id = f"evt_{uuid.uuid4().hex}"
    stranger = sign([new_secret()], good.message_id, good.timestamp, good.body)
    return [
        _Forgery(
            "tampered",
            _Request(good.message_id, good.timestamp, body, good.signature),
            "whose body was changed after it was signed",
            "Verify the signature over the raw body, before parsing it.",
        ),
        _Forgery(
            "tampered_id",
            _Request(other_id, good.timestamp, good.body, good.signature),
            "whose webhook-id was changed after it was signed",
            "Sign id, timestamp and body together, not the body alone.",
        ),
        _Forgery(
            "wrong_secret",
            _Request(good.message_id, good.timestamp, good.body, stranger),
            "that was signed with another secret",
            "Compare the signature with one made with your own secret.",
        ),
        _Forgery(
            "unsigned",
            _Request(good.message_id, good.timestamp, good.body, ""),
            "without a signature",
            "Refuse what has no webhook-signature header.",
        ),
        _Forgery(
            "stale",
            _genuine(secret, shift_seconds=-_STALE_SECONDS),
            "that was signed ten minutes ago",
            "Refuse a webhook-timestamp more than five minutes away: it may be a recording.",
        ),
        _Forgery(
            "from_the_future",
            _genuine(secret, shift_seconds=_STALE_SECONDS),
            "that was signed for ten minutes from now",
            "Refuse a webhook-timestamp more than five minutes away, in either direction.",
        ),
    ]


def _accepted(name: str, answer: Answer, what: str) -> Finding:
    verdict: Verdict = "passed" if answer.error_code is None else "failed"
    if verdict == "passed":
        detail = f"{what} was accepted."
    else:
        detail = f"{what} should be answered with a 2xx status. {answer.error_detail}"
    return Finding(name, verdict, detail, answer.status_code, answer.error_code)


def _refused(forgery: _Forgery, answer: Answer, *, is_conclusive: bool) -> Finding:
    verdict: Verdict = "failed" if answer.error_code is None else "passed"
    if verdict == "failed":
        detail = f"A request {forgery.flaw} was accepted. {forgery.advice}"
    elif answer.status_code is None:
        verdict = "unclear"
        detail = f"A request {forgery.flaw} got no answer. {answer.error_detail}"
    elif not is_conclusive:
        verdict = "unclear"
        detail = "It was refused, but so was the genuine one."
    else:
        detail = f"A request {forgery.flaw} was refused."
    return Finding(forgery.name, verdict, detail, answer.status_code, answer.error_code)


def _not_sent(name: str) -> Finding:
    return Finding(name, "unclear", "Not sent: the genuine request did not arrive.", None, None)
