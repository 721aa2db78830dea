"""Requests as they really went over the wire, given to the libraries that receivers verify with."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from config.env import ROOT
from tests.services import skip_or_fail
from tests.webhooks.building import deliver, make_deliveries, make_due, make_endpoint, now_of
from tests.webhooks.receiver import Reply
from tests.webhooks.test_sender import loopback, sender
from webhooks.network import Sender
from webhooks.sealed import live_secrets
from webhooks.signing import new_secret, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.webhooks.receiver import Receiver

    Verify = Callable[[str, Mapping[str, str], bytes], bool]

BODY = (
    '{"id":"evt_1","text":"ñ 🦊 \u2028","number":9007199254740993,"z":1,"a":{"y":2,"b":3}}'.encode()
)

# The tolerance of the specification's libraries, and one second.
TOO_FAR_SECONDS = 5 * 60 + 1


def verify_in_python(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers))
    except (WebhookVerificationError, ValueError):
        return False
    return True


def verify_in_javascript(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    request = {
        "secret": secret,
        "headers": dict(headers),
        "body": base64.b64encode(body).decode(),
    }
    script = Path(__file__).with_name("verify.mjs")
    ran = subprocess.run(
        ["node", str(script)], input=json.dumps(request).encode(), capture_output=True, check=False
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert b"Cannot find module" not in ran.stderr, ran.stderr
    return ran.returncode == 0


@pytest.fixture(params=["python", "javascript"])
def verify(request: pytest.FixtureRequest) -> Verify:
    """The official library of a language."""
    if request.param == "python":
        return verify_in_python
    if not (ROOT / "frontend" / "node_modules" / "standardwebhooks").is_dir():
        skip_or_fail("standardwebhooks is missing: npm --prefix frontend ci")
    return verify_in_javascript


async def captured(receiver: Receiver, *secrets: str, shift_seconds: int = 0) -> dict[str, str]:
    """Send a signed request and return the headers that the receiver saw; the body stayed."""
    now = int(time.time()) + shift_seconds
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secrets, "evt_1", now, BODY),
    }
    async with sender() as one:
        await one.post(receiver.url(), BODY, headers)
    assert receiver.receipts[-1].body == BODY
    return dict(receiver.receipts[-1].headers)


class TestTheCouriersOwnRequests:
    """From the event in the log over the courier and the wire to the library."""

    @pytest.mark.django_db(transaction=True)
    def test_w04_are_accepted_and_each_change_is_not(
        self, receiver: Receiver, verify: Verify
    ) -> None:
        endpoint = make_endpoint(url=receiver.url("/hook?room=7"))
        (delivery,) = make_deliveries(endpoint)
        receiver.script("/hook?room=7", Reply(500), Reply(200))
        for status in ("failed", "delivered"):
            deliver(Sender(loopback(), timeout_seconds=30))
            assert now_of(delivery).status == status
            make_due(delivery) if status == "failed" else None
        (secret,) = live_secrets(endpoint, timezone.now())
        assert len(receiver.receipts) == 2
        for receipt in receiver.receipts:
            assert receipt.body == bytes(delivery.payload or b"")
            assert verify(secret, receipt.headers, receipt.body)
            assert not verify(secret, receipt.headers, receipt.body + b" ")
            assert not verify(secret, {**receipt.headers, "webhook-id": "evt_2"}, receipt.body)


class TestTheOfficialLibraries:
    async def test_w04_accept_a_captured_request(self, receiver: Receiver, verify: Verify) -> None:
        secret = new_secret()
        assert verify(secret, await captured(receiver, secret), BODY)

    async def test_w04_w06_accept_either_secret_while_rotating(
        self, receiver: Receiver, verify: Verify
    ) -> None:
        new, old = new_secret(), new_secret()
        headers = await captured(receiver, new, old)
        assert verify(new, headers, BODY)
        assert verify(old, headers, BODY)
        assert not verify(new_secret(), headers, BODY)

    @pytest.mark.parametrize("place", [0, 20, len(BODY) - 1])
    async def test_w04_reject_a_flipped_byte(
        self, receiver: Receiver, verify: Verify, place: int
    ) -> None:
        secret = new_secret()
        headers = await captured(receiver, secret)
        tampered = bytearray(BODY)
        tampered[place] ^= 1
        assert not verify(secret, headers, bytes(tampered))

    @pytest.mark.parametrize("shift_seconds", [-TOO_FAR_SECONDS - 1, TOO_FAR_SECONDS + 5])
    async def test_w04_reject_a_shifted_clock(
        self, receiver: Receiver, verify: Verify, shift_seconds: int
    ) -> None:
        secret = new_secret()
        headers = await captured(receiver, secret, shift_seconds=shift_seconds)
        assert not verify(secret, headers, BODY)

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    async def test_w04_reject_a_missing_header(
        self, receiver: Receiver, verify: Verify, name: str
    ) -> None:
        secret = new_secret()
        headers = await captured(receiver, secret)
        del headers[name]
        assert not verify(secret, headers, BODY)
