"""The checkup, against receivers that verify well, badly, or not at all, and over HTTP."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited
from tests.threads import at_once
from tests.webhooks.building import make_endpoint
from tests.webhooks.receiver import HANGS, Receipt, Receiver, Reply
from tests.webhooks.test_sender import sender
from webhooks.checkup import Finding, check_receiver
from webhooks.services.endpoints import CHECKS_PER_MINUTE, count_check
from webhooks.signing import new_secret, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.callers import Caller
    from webhooks.models import Endpoint

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]

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


def path_of(endpoint: Endpoint) -> str:
    return f"/api/webhooks/endpoints/{endpoint.pk}/check-receiver/"


def error_of(answer: Any) -> tuple[int, str, str | None]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"], error["attr"]


@pytest.mark.django_db(transaction=True)
class TestOverHttp:
    @pytest.fixture(autouse=True)
    def loopback_goes(self, settings: Any) -> None:
        allowed = (ip_network("127.0.0.0/8"),)
        settings.TEPPAN = {
            **settings.TEPPAN,
            "WEBHOOK_HTTPS_ONLY": False,
            "OUTBOUND_ALLOWED_NETWORKS": allowed,
        }

    def test_reports_what_the_receiver_did(self, owner: Caller, receiver: Receiver) -> None:
        endpoint = make_endpoint(owner.user, receiver.url("/hook"), headers='{"X-Key": "shh"}')
        answer = owner.post(path_of(endpoint))
        assert answer.status_code == 200
        findings = {one["name"]: one for one in answer.json()["findings"]}
        assert set(findings) == {"genuine", "repeated", *FORGERIES}
        assert findings["genuine"]["status_code"] == 200
        assert findings["stale"]["verdict"] == "failed"
        assert {one.headers["x-key"] for one in receiver.of("/hook")} == {"shh"}
        assert b"shh" not in answer.content

    def test_is_for_the_owner_alone(
        self, owner: Caller, other: Caller, anonymous: Caller, receiver: Receiver
    ) -> None:
        endpoint = make_endpoint(owner.user, receiver.url())
        refused = anonymous.post(path_of(endpoint))
        assert error_of(refused)[0] == 401
        assert refused["WWW-Authenticate"] == "Bearer"
        foreign = other.post(path_of(endpoint))
        missing = owner.post("/api/webhooks/endpoints/987654321/check-receiver/")
        assert error_of(foreign) == error_of(missing) == (404, "not_found", None)
        assert receiver.connections == 0

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_is_a_post(self, owner: Caller, method: str) -> None:
        answer = owner.call(method, path_of(make_endpoint(owner.user)))
        assert error_of(answer) == (405, "method_not_allowed", None)
        assert answer.json()["type"] == "client_error"
        assert answer["Allow"] == "POST"

    @pytest.mark.parametrize(
        ("query", "body", "code", "attr"),
        [
            ("", {"url": "https://elsewhere.example/"}, "unknown", "url"),
            ("?force=1", None, "unknown", "force"),
            ("", "{", "parse_error", None),
            ("", "5", "parse_error", None),
        ],
    )
    def test_takes_no_parameters_and_no_body(
        self, owner: Caller, receiver: Receiver, query: str, body: Any, code: str, attr: str | None
    ) -> None:
        endpoint = make_endpoint(owner.user, receiver.url())
        answer = owner.post(path_of(endpoint) + query, body)
        assert error_of(answer) == (400, code, attr)
        assert receiver.connections == 0

    def test_is_limited_over_all_processes(self, owner: Caller, receiver: Receiver) -> None:
        endpoint = make_endpoint(owner.user, receiver.url())
        counted = at_once(CHECKS_PER_MINUTE + 2, lambda _: count_check(endpoint))
        refused = [one for one in counted if one is not None]
        assert [getattr(one, "status", one) for one in refused] == [429, 429]
        answer = owner.post(path_of(endpoint))
        assert error_of(answer) == (429, "throttled", None)
        assert 0 < int(answer["Retry-After"]) <= 60
        assert receiver.connections == 0
        assert owner.post(path_of(make_endpoint(owner.user, receiver.url()))).status_code == 200
