"""Deliveries over HTTP: what they wait for, what came back, and one more try."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited
from tests.webhooks.building import (
    DELIVERIES,
    HUNG,
    OK,
    ScriptedSender,
    answered,
    attempts_of,
    deliver,
    let_leases_expire,
    make_deliveries,
    make_due,
    make_endpoint,
    now_of,
    retry,
    shown,
)
from webhooks.claims import take_due
from webhooks.disabling import BY_OWNER, disable_endpoint, hold_stranded
from webhooks.masking import MASK
from webhooks.models import Attempt, Endpoint, WebhookDelivery
from webhooks.network import Answer
from webhooks.requests import user_agent
from webhooks.results import Result, record

if TYPE_CHECKING:
    from tests.callers import Caller

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]

pytestmark = pytest.mark.django_db(transaction=True)


class TestDetail:
    def test_shows_what_is_sent_and_every_try(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        deliver(ScriptedSender({endpoint.url: [answered(500, body=b"no"), OK]}))
        make_due(delivery)
        deliver(ScriptedSender())
        body = shown(owner, delivery)
        assert body["payload"].encode() == bytes(delivery.payload or b"")
        assert (body["status"], body["waiting_for"]) == ("delivered", None)
        first, second = body["attempts"]
        assert (first["number"], first["status_code"], first["error_code"]) == (
            1,
            500,
            "http_status",
        )
        assert (first["response_body"], first["response_encoding"]) == ("no", "utf-8")
        assert (second["error_code"], second["manual"]) == (None, False)

    def test_w54_shows_the_headers_without_the_owners_secrets(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user, headers='{"X-Key": "shh"}')
        (delivery,) = make_deliveries(endpoint)
        assert shown(owner, delivery)["request_headers"] == {
            "X-Key": MASK,
            "content-type": "application/json",
            "user-agent": user_agent(),
            "webhook-id": delivery.event_id,
        }

    @pytest.mark.parametrize(
        ("raw", "text", "encoding"),
        [
            (b"<script>alert(1)</script>", "<script>alert(1)</script>", "utf-8"),
            (b"a\x00b", base64.b64encode(b"a\x00b").decode(), "base64"),
            (b"\xff\xfe\xfd", base64.b64encode(b"\xff\xfe\xfd").decode(), "base64"),
            ("caf\u00e9".encode()[:-1], "caf", "utf-8"),
            (b"", "", "utf-8"),
        ],
    )
    def test_w22_keeps_what_no_text_may_hold(
        self, owner: Caller, raw: bytes, text: str, encoding: str
    ) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        deliver(ScriptedSender({endpoint.url: [Answer(200, None, "", 1, {}, raw)]}))
        answer = owner.get(f"{DELIVERIES}{delivery.pk}/")
        (attempt,) = answer.json()["attempts"]
        assert (attempt["response_body"], attempt["response_encoding"]) == (text, encoding)
        assert bytes(attempts_of(delivery)[0].response_body) == raw
        assert answer["Content-Type"].startswith("application/json")

    def test_w23_says_that_a_body_was_reduced(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        assert shown(owner, delivery)["reduced"] is None
        WebhookDelivery.objects.filter(pk=delivery.pk).update(is_thin=True)
        assert shown(owner, delivery)["reduced"] == "too_large"


class TestWaitingFor:
    def code(self, caller: Caller, delivery: WebhookDelivery) -> Any:
        return shown(caller, delivery)["waiting_for"]["code"]

    def test_names_what_comes_first(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        first, second = make_deliveries(endpoint, 2)
        soon = timezone.now() + timedelta(seconds=60)
        rows = Endpoint.objects.filter(pk=endpoint.pk)
        assert self.code(owner, first) == "courier"
        rows.update(slow_until=soon)
        assert self.code(owner, first) == "slowdown"
        rows.update(slow_until=None, breaker_until=soon)
        assert self.code(owner, first) == "breaker"
        rows.update(breaker_until=None, ordered=True)
        assert (self.code(owner, first), self.code(owner, second)) == ("courier", "order")
        WebhookDelivery.objects.filter(pk=first.pk).update(status="failed", next_retry_at=soon)
        body = shown(owner, first)
        assert body["waiting_for"]["code"] == "schedule"
        assert body["next_retry_at"] == body["waiting_for"]["until"]
        disable_endpoint(endpoint, BY_OWNER)
        assert self.code(owner, first) == "endpoint"

    def test_of_one_that_was_left_behind_by_a_disabled_endpoint_is_the_endpoint(
        self, owner: Caller
    ) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        take_due(256)
        assert self.code(owner, delivery) == "answer"
        disable_endpoint(endpoint, BY_OWNER)
        let_leases_expire()
        assert self.code(owner, delivery) == "endpoint"


class TestDisabled:
    def left_behind(self, endpoint: Endpoint) -> WebhookDelivery:
        """Return a delivery whose courier died, and whose endpoint was disabled meanwhile."""
        (delivery,) = make_deliveries(endpoint)
        take_due(256)
        disable_endpoint(endpoint, BY_OWNER)
        let_leases_expire()
        assert now_of(delivery).status == "pending"
        return delivery

    def test_w33_what_a_dead_courier_left_is_held_and_its_try_is_known(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        delivery = self.left_behind(endpoint)
        hold_stranded()
        row = now_of(delivery)
        assert (row.status, row.lease_until, row.next_retry_at) == ("held", None, None)
        assert [one.error_code for one in attempts_of(delivery)] == ["interrupted"]
        path = f"/api/webhooks/endpoints/{endpoint.pk}/"
        assert owner.get(f"{path}recover/").json() == {"total": 1}

    def test_w33_a_courier_sees_to_it(self, owner: Caller) -> None:
        delivery = self.left_behind(make_endpoint(owner.user))
        sender = ScriptedSender()
        deliver(sender, done=lambda: now_of(delivery).status == "held")
        assert sender.sent == []

    def test_w33_enabling_sends_none_of_it(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        delivery = self.left_behind(endpoint)
        owner.post(f"/api/webhooks/endpoints/{endpoint.pk}/enable/")
        assert now_of(delivery).status == "held"
        assert take_due(256).parcels == []

    def test_leaves_alone_what_is_being_sent(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        (parcel,) = take_due(256).parcels
        disable_endpoint(endpoint, BY_OWNER)
        hold_stranded()
        assert now_of(delivery).status == "pending"
        now = timezone.now()
        record([Result(parcel, OK, now, now)])
        assert now_of(delivery).status == "delivered"


class TestList:
    def test_w58_pages_forward_and_back_while_rows_come(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        make_deliveries(endpoint, 7)
        expected = list(WebhookDelivery.objects.order_by("-pk").values_list("pk", flat=True))
        address = f"{DELIVERIES}?page_size=3&endpoint={endpoint.pk}&status=pending"
        seen, pages = [], []
        while address:
            page = owner.get(address).json()
            pages.append(page)
            seen += [one["id"] for one in page["results"]]
            make_deliveries(endpoint)
            address = page["next"]
        assert seen == expected
        back = owner.get(pages[1]["previous"]).json()["results"]
        assert [one["id"] for one in back] == expected[:3]

    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ("status=dead", 1),
            ("status=pending", 2),
            ("event_type=scraping.completed", 3),
            ("event_type=scraping.failed", 0),
            ("code=500", 1),
            ("code=404", 0),
            ("endpoint=987654321", 0),
        ],
    )
    def test_filters(self, owner: Caller, query: str, number: int) -> None:
        endpoint = make_endpoint(owner.user)
        first, *_ = make_deliveries(endpoint, 3)
        WebhookDelivery.objects.filter(pk=first.pk).update(status="dead")
        now = timezone.now()
        Attempt.objects.create(delivery=first, number=1, at=now, status_code=500)
        Attempt.objects.create(delivery=first, number=2, at=now, status_code=200)
        assert len(owner.get(f"{DELIVERIES}?{query}").json()["results"]) == number

    def test_shows_nothing_of_others(self, owner: Caller, other: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        make_deliveries(endpoint)
        assert other.get(DELIVERIES).json()["results"] == []
        assert other.get(f"{DELIVERIES}?endpoint={endpoint.pk}").json()["results"] == []

    @pytest.mark.parametrize(
        "query", ["status=lost", "endpoint=x", "since=soon", "nope=1", "code=x"]
    )
    def test_refuses_bad_filters(self, owner: Caller, query: str) -> None:
        assert owner.get(f"{DELIVERIES}?{query}").status_code == 400


class TestRetry:
    def test_w35_takes_the_place_of_the_next_try(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user, schedule_seconds=[60, 300])
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender({endpoint.url: [answered(500)]})
        deliver(sender)
        assert retry(owner, delivery).status_code == 202
        deliver(sender)
        row = now_of(delivery)
        assert (row.status, row.tier, row.is_manual) == ("failed", 2, False)
        assert row.next_retry_at is not None
        # The gap after the second try, counted from there.
        assert row.next_retry_at - timezone.now() > timedelta(seconds=15)
        assert [one["manual"] for one in shown(owner, delivery)["attempts"]] == [False, True]
        make_due(delivery)
        deliver(sender)
        assert (now_of(delivery).status, len(sender.sent)) == ("dead", 3)

    @pytest.mark.parametrize("status", ["dead", "delivered"])
    def test_w35_what_was_over_stays_so_if_it_fails(self, owner: Caller, status: str) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(status=status, next_retry_at=None)
        retry(owner, delivery)
        deliver(ScriptedSender({endpoint.url: [answered(500)]}))
        row = now_of(delivery)
        assert (row.status, row.attempt_count, row.next_retry_at) == (status, 1, None)
        retry(owner, delivery)
        deliver(ScriptedSender())
        assert now_of(delivery).status == "delivered"

    def test_w35_a_double_click_is_one_try(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        deliver(ScriptedSender({endpoint.url: [HUNG]}))
        headers = {"idempotency-key": "click"}
        answers = [retry(owner, delivery, headers=headers) for _ in range(2)]
        answers.append(retry(owner, delivery))
        assert [answer.status_code for answer in answers] == [202] * 3
        assert answers[0].content == answers[1].content
        sender = ScriptedSender()
        deliver(sender)
        assert len(sender.sent) == 1

    def test_w35_is_refused_while_the_endpoint_is_disabled(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        (delivery,) = make_deliveries(endpoint)
        disable_endpoint(endpoint, BY_OWNER)
        answer = retry(owner, delivery)
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["code"] == "endpoint_disabled"

    def test_goes_past_a_breaker_and_an_order(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user, ordered=True)
        first, second = make_deliveries(endpoint, 2)
        later = timezone.now() + timedelta(seconds=60)
        Endpoint.objects.filter(pk=endpoint.pk).update(breaker_until=later, unanswered=99)
        retry(owner, second)
        sender = ScriptedSender()
        deliver(sender, done=lambda: now_of(second).status == "delivered")
        assert sender.sent[0].body == bytes(second.payload or b"")
        assert first.pk < second.pk

    def test_w56_a_test_is_one_try(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        number = owner.post(f"/api/webhooks/endpoints/{endpoint.pk}/test/").json()["id"]
        deliver(ScriptedSender({endpoint.url: [answered(500)]}))
        row = WebhookDelivery.objects.get(pk=number)
        assert (row.status, row.attempt_count, row.next_retry_at) == ("dead", 1, None)
