"""The checkup, against receivers that verify well, badly, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.webhooks.receiver import HANGS, Receipt, Receiver, Reply
from tests.webhooks.test_sender import sender
from webhooks.checkup import Finding, check_receiver
from webhooks.signing import new_secret, sign

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = new_secret()
FORGERIES = {"tampered", "tampered_id", "wrong_secret", "unsigned", "stale", "from_the_future"}


def is_verified(receipt: Receipt) -> bool:
    try:
        Webhook(SECRET).verify(receipt.body, dict(receipt.headers))
    except WebhookVerificationError:
        return False
    return True


def answering(accepts: Callable[[Receipt], bool]) -> Callable[[Receipt], Reply]:
    return lambda receipt: Reply(200 if accepts(receipt) else 401)


async def checkup(receiver: Receiver, timeout_seconds: float = 10) -> dict[str, Finding]:
    async with sender(timeout_seconds=timeout_seconds) as one:
        headers = {"user-agent": "Teppan/1", "x-own": "value"}
        findings = await check_receiver(one.post, receiver.url(), SECRET, headers)
    return {finding.name: finding for finding in findings}


class TestCheckReceiver:
    async def test_finds_nothing_wrong_with_one_that_verifies(self, receiver: Receiver) -> None:
        receiver.rule("/", answering(is_verified))
        findings = await checkup(receiver)
        assert {finding.verdict for finding in findings.values()} == {"passed"}
        assert set(findings) == {"genuine", "repeated", *FORGERIES}
        assert all(receipt.headers["x-own"] == "value" for receipt in receiver.receipts)

    async def test_repeats_the_same_bytes_under_the_same_id(self, receiver: Receiver) -> None:
        await checkup(receiver)
        first, second = receiver.receipts[:2]
        assert (first.id, first.body) == (second.id, second.body)
        assert first.headers["webhook-signature"] == second.headers["webhook-signature"]

    async def test_names_everything_that_one_without_verification_accepts(
        self, receiver: Receiver
    ) -> None:
        findings = await checkup(receiver)
        failed = {name for name, finding in findings.items() if finding.verdict == "failed"}
        assert failed == FORGERIES

    @pytest.mark.parametrize("name", ["stale", "from_the_future"])
    async def test_finds_one_that_forgets_the_clock(self, receiver: Receiver, name: str) -> None:
        def verifies_without_clock(receipt: Receipt) -> bool:
            timestamp = int(receipt.headers["webhook-timestamp"])
            expected = sign([SECRET], receipt.id, timestamp, receipt.body)
            return receipt.headers.get("webhook-signature") == expected

        receiver.rule("/", answering(verifies_without_clock))
        findings = await checkup(receiver)
        assert findings[name].verdict == "failed"
        assert findings["tampered"].verdict == "passed"

    async def test_finds_one_that_refuses_a_repetition(self, receiver: Receiver) -> None:
        known: set[str] = set()

        def is_new(receipt: Receipt) -> bool:
            seen = receipt.id in known
            known.add(receipt.id)
            return is_verified(receipt) and not seen

        receiver.rule("/", answering(is_new))
        findings = await checkup(receiver)
        assert findings["repeated"].verdict == "failed"

    async def test_cannot_tell_when_everything_is_refused(self, receiver: Receiver) -> None:
        receiver.script("/", Reply(500))
        findings = await checkup(receiver)
        assert findings["genuine"].verdict == "failed"
        assert {findings[name].verdict for name in FORGERIES} == {"unclear"}

    async def test_stops_when_nothing_arrives(self, receiver: Receiver) -> None:
        receiver.script("/", HANGS)
        findings = await checkup(receiver, timeout_seconds=0.3)
        assert findings["genuine"].error_code == "timeout"
        assert len(receiver.receipts) == 1
        assert {findings[name].verdict for name in FORGERIES} == {"unclear"}
