"""Deliveries over HTTP: what they wait for, what came back, and one more try."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from projects.deletion import remove_emptied_accounts, remove_project
from projects.models import Project
from projects.services.projects import delete_project
from tests.callers import PASSWORD, anonymous, make_user, other, owner, quick_and_unlimited
from tests.common.test_pagination import explain
from tests.webhooks.building import (
    HUNG,
    OK,
    ScriptedSender,
    answered,
    attempts_of,
    deliver,
    endpoint_now,
    let_leases_expire,
    make_deliveries,
    make_due,
    make_endpoint,
    make_event,
    now_of,
)
from webhooks.claims import take_due
from webhooks.disabling import BY_OWNER, disable_endpoint, hold_stranded
from webhooks.masking import MASK
from webhooks.models import Attempt, Endpoint, WebhookDelivery
from webhooks.network import Answer
from webhooks.requests import user_agent
from webhooks.results import Result, record
from webhooks.services.retention import (
    DELIVERY_KEPT_FOR,
    HELD_FOR,
    PAYLOAD_KEPT_FOR,
    forget_old_deliveries,
    remove_deleted_endpoints,
)

if TYPE_CHECKING:
    from tests.callers import Caller

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]

pytestmark = pytest.mark.django_db(transaction=True)

DELIVERIES = "/api/webhooks/deliveries/"
RECOVERIES = "/api/webhooks/recoveries/"


def shown(caller: Caller, delivery: WebhookDelivery) -> dict[str, Any]:
    body: dict[str, Any] = caller.get(f"{DELIVERIES}{delivery.pk}/").json()
    return body


def retry(caller: Caller, delivery: WebhookDelivery, **options: Any) -> Any:
    return caller.post(f"{DELIVERIES}{delivery.pk}/retry/", **options)


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


class TestRecover:
    def body(self) -> dict[str, str]:
        now = timezone.now()
        since, until = now - timedelta(hours=1), now + timedelta(hours=1)
        return {"since": since.isoformat(), "until": until.isoformat()}

    def test_w33_sends_what_was_held(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        path = f"/api/webhooks/endpoints/{endpoint.pk}/"
        owner.call("PATCH", path, {"status": "disabled"})
        make_deliveries(endpoint, 10)
        assert len(owner.get(f"{DELIVERIES}?status=held").json()["results"]) == 10
        assert owner.post(f"{path}recover/", self.body()).status_code == 409
        owner.post(f"{path}enable/")
        assert owner.get(f"{path}recover/").json() == {"total": 10}
        answer = owner.post(f"{path}recover/", self.body())
        assert (answer.status_code, answer.json()["total"]) == (202, 10)
        assert answer.json()["status"] == "running"
        sender = ScriptedSender()
        deliver(sender)
        assert len(sender.sent) == 10
        after = owner.get(answer["Location"]).json()
        assert (after["status"], after["delivered"], after["waiting"]) == ("completed", 10, 0)

    def test_cancels_what_was_not_sent(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        path = f"/api/webhooks/endpoints/{endpoint.pk}/"
        held, dead = make_deliveries(endpoint, 2)
        WebhookDelivery.objects.filter(pk=held.pk).update(status="held", next_retry_at=None)
        WebhookDelivery.objects.filter(pk=dead.pk).update(status="dead", next_retry_at=None)
        recovery = owner.post(f"{path}recover/", self.body()).json()
        answer = owner.post(f"/api/webhooks/recoveries/{recovery['id']}/cancel/")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        assert (now_of(held).status, now_of(dead).status) == ("held", "dead")
        sender = ScriptedSender()
        deliver(sender)
        assert sender.sent == []

    def started(self, caller: Caller, *statuses: str) -> tuple[dict[str, Any], list[Any]]:
        """Return a recovery of new deliveries that were in these statuses, and these."""
        endpoint = make_endpoint(caller.user)
        rows = make_deliveries(endpoint, len(statuses))
        for row, status in zip(rows, statuses, strict=True):
            missed = WebhookDelivery.objects.filter(pk=row.pk)
            missed.update(status=status, next_retry_at=None, ended_at=timezone.now())
        path = f"/api/webhooks/endpoints/{endpoint.pk}/recover/"
        recovery: dict[str, Any] = caller.post(path, self.body()).json()
        assert recovery["total"] == len(rows)
        return recovery, rows

    def cancel(self, caller: Caller, recovery: dict[str, Any]) -> dict[str, Any]:
        answer = caller.post(f"{RECOVERIES}{recovery['id']}/cancel/")
        assert answer.status_code == 202
        body: dict[str, Any] = answer.json()
        return body

    def test_a_complete_one_cannot_be_cancelled(self, owner: Caller) -> None:
        recovery, _ = self.started(owner, "held", "dead")
        deliver(ScriptedSender())
        cancelled = self.cancel(owner, recovery)
        assert (cancelled["status"], cancelled["cancelled_at"]) == ("completed", None)

    @pytest.mark.parametrize("status", ["held", "dead"])
    def test_what_is_being_sent_when_it_is_cancelled_ends_with_that_try(
        self, owner: Caller, status: str
    ) -> None:
        recovery, (row,) = self.started(owner, status)
        (parcel,) = take_due(256).parcels
        assert self.cancel(owner, recovery)["status"] == "cancelled"
        now = timezone.now()
        record([Result(parcel, answered(500), now, now)])
        after = now_of(row)
        assert (after.status, after.next_retry_at, after.attempt_count) == ("dead", None, 1)

    def test_what_arrives_after_it_was_cancelled_has_arrived(self, owner: Caller) -> None:
        recovery, (row,) = self.started(owner, "held")
        (parcel,) = take_due(256).parcels
        self.cancel(owner, recovery)
        now = timezone.now()
        record([Result(parcel, OK, now, now)])
        assert now_of(row).status == "delivered"

    def test_what_its_courier_died_with_is_not_sent_again(self, owner: Caller) -> None:
        recovery, (row,) = self.started(owner, "held")
        take_due(256)
        self.cancel(owner, recovery)
        let_leases_expire()
        sender = ScriptedSender()
        deliver(sender, done=lambda: now_of(row).status == "dead")
        assert sender.sent == []
        assert [one.error_code for one in attempts_of(row)] == ["interrupted"]

    def test_what_was_cancelled_is_tried_by_hand_with_a_schedule_of_its_own(
        self, owner: Caller
    ) -> None:
        recovery, (row,) = self.started(owner, "held")
        self.cancel(owner, recovery)
        assert now_of(row).status == "held"
        retry(owner, row)
        deliver(ScriptedSender({"https://receiver.example/hook": [answered(500)]}))
        assert now_of(row).status == "failed"

    def test_what_was_held_and_asked_for_by_hand_is_held_again_and_can_be_asked_for(
        self, owner: Caller
    ) -> None:
        recovery, (row,) = self.started(owner, "held")
        retry(owner, row)
        self.cancel(owner, recovery)
        after = now_of(row)
        assert (after.status, after.is_manual, after.former_status) == ("held", False, "")
        assert retry(owner, row).json()["status"] == "pending"
        deliver(ScriptedSender())
        assert now_of(row).status == "delivered"

    @pytest.mark.parametrize("status", ["delivered", "dead"])
    def test_what_was_over_and_asked_for_by_hand_stays_as_it_was(
        self, owner: Caller, status: str
    ) -> None:
        recovery, (row, waiting) = self.started(owner, "held", "held")
        ended_at = timezone.now()
        WebhookDelivery.objects.filter(pk=row.pk).update(
            status=status, former_status="", next_retry_at=None, ended_at=ended_at
        )
        retry(owner, row)
        self.cancel(owner, recovery)
        after = now_of(row)
        assert (after.status, after.is_manual, after.ended_at) == (status, False, ended_at)
        assert now_of(waiting).status == "held"
        assert retry(owner, row).json()["status"] == "pending"

    def test_a_try_by_hand_of_what_a_recovery_sends_goes_on_with_its_schedule(
        self, owner: Caller
    ) -> None:
        _, (row,) = self.started(owner, "held")
        retry(owner, row)
        deliver(ScriptedSender({"https://receiver.example/hook": [answered(500)]}))
        assert (now_of(row).status, now_of(row).former_status) == ("failed", "")

    @pytest.mark.parametrize(("status", "number"), [("held", 2), ("dead", 1)])
    def test_sends_what_was_held_or_what_ran_out_only(
        self, owner: Caller, status: str, number: int
    ) -> None:
        endpoint = make_endpoint(owner.user)
        rows = make_deliveries(endpoint, 3)
        for row, former in zip(rows, ("held", "held", "dead"), strict=True):
            missed = WebhookDelivery.objects.filter(pk=row.pk)
            missed.update(status=former, next_retry_at=None)
        path = f"/api/webhooks/endpoints/{endpoint.pk}/recover/"
        assert owner.get(f"{path}?status={status}").json() == {"total": number}
        recovery = owner.post(path, {**self.body(), "status": status}).json()
        assert recovery["total"] == number
        assert owner.post(path, {**self.body(), "status": "failed"}).status_code == 400

    def test_is_found_again(self, owner: Caller, other: Caller) -> None:
        first, _ = self.started(owner, "held")
        second, _ = self.started(owner, "dead", "held")
        page = owner.get(f"{RECOVERIES}?page_size=1").json()
        assert page["results"] == [second]
        assert owner.get(page["next"]).json()["results"] == [first]
        of_first = owner.get(f"{RECOVERIES}?endpoint={first['endpoint']}").json()
        assert of_first["results"] == [first]
        assert other.get(RECOVERIES).json()["results"] == []
        assert owner.get(f"{RECOVERIES}?endpoint=x").status_code == 400

    def test_refuses_a_range_that_ends_before_it_begins(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        body = self.body()
        answer = owner.post(
            f"/api/webhooks/endpoints/{endpoint.pk}/recover/",
            {"since": body["until"], "until": body["since"]},
        )
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "until")


class TestRetention:
    def test_w55_forgets_what_is_over_and_old(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        rows = dict(
            zip(
                ("new", "old", "ancient", "waiting", "held"),
                make_deliveries(endpoint, 5),
                strict=True,
            )
        )
        now = timezone.now()
        ended = {
            "new": timedelta(0),
            "old": PAYLOAD_KEPT_FOR + timedelta(days=1),
            "ancient": DELIVERY_KEPT_FOR + timedelta(days=1),
        }
        for name, age in ended.items():
            changes = {"status": "dead", "ended_at": now - age, "created_at": now - age}
            WebhookDelivery.objects.filter(pk=rows[name].pk).update(next_retry_at=None, **changes)
        ages_ago = now - timedelta(days=400)
        WebhookDelivery.objects.filter(pk=rows["waiting"].pk).update(created_at=ages_ago)
        WebhookDelivery.objects.filter(pk=rows["held"].pk).update(
            created_at=ages_ago, status="held"
        )
        Attempt.objects.create(delivery=rows["ancient"], number=1, at=ages_ago)
        assert forget_old_deliveries() > 0
        left = set(WebhookDelivery.objects.values_list("pk", flat=True))
        assert left == {row.pk for name, row in rows.items() if name != "ancient"}
        assert WebhookDelivery.objects.filter(payload=None).get() == rows["old"]
        answer = retry(owner, rows["old"])
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "payload_expired")
        assert shown(owner, rows["old"])["payload"] is None

    def test_w55_what_was_held_for_months_is_dead_and_then_goes_like_the_others(
        self, owner: Caller
    ) -> None:
        endpoint = make_endpoint(owner.user)
        disable_endpoint(endpoint, BY_OWNER)
        old, new = make_deliveries(endpoint, 2)
        now = timezone.now()
        long_ago = now - HELD_FOR - timedelta(days=1)
        WebhookDelivery.objects.filter(pk=old.pk).update(created_at=long_ago)
        forget_old_deliveries(now)
        assert (now_of(old).status, now_of(old).ended_at) == ("dead", now)
        assert (now_of(new).status, now_of(new).ended_at) == ("held", None)
        forget_old_deliveries(now + DELIVERY_KEPT_FOR - timedelta(days=1))
        assert WebhookDelivery.objects.filter(pk=old.pk).exists()
        forget_old_deliveries(now + DELIVERY_KEPT_FOR + timedelta(days=1))
        assert not WebhookDelivery.objects.filter(pk=old.pk).exists()

    def test_w55_finds_what_was_held_by_its_age(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        disable_endpoint(endpoint, BY_OWNER)
        make_deliveries(endpoint, 3)
        queries: list[tuple[str, Any]] = []

        def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
            queries.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            forget_old_deliveries()
        (query,) = [one for one in queries if one[0].startswith("SELECT") and "held" in one[1]]
        with transaction.atomic():
            plan = explain(*query)
        assert "delivery_held" in plan, plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan

    def test_a_deleted_endpoint_goes_with_its_rows(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        make_deliveries(endpoint, 3)
        deliver(ScriptedSender())
        owner.call("DELETE", f"/api/webhooks/endpoints/{endpoint.pk}/")
        remove_deleted_endpoints()
        assert not Endpoint.objects.exists()
        assert not WebhookDelivery.objects.exists()
        assert not Attempt.objects.exists()


class TestDeletion:
    def test_a_project_takes_what_tells_of_it_with_it(self, owner: Caller) -> None:
        assert owner.user is not None
        gone = Project.objects.create(owner=owner.user, name="gone")
        kept = Project.objects.create(owner=owner.user, name="kept")
        every = make_endpoint(owner.user)
        scoped = make_endpoint(owner.user, project=gone)
        for project in (gone, kept):
            make_event(project)
        deliver(
            ScriptedSender(),
            done=lambda: WebhookDelivery.objects.filter(status="delivered").count() == 3,
        )
        delete_project(owner.user, gone.pk)
        remove_project(gone.pk)
        assert set(Endpoint.objects.all()) == {every}
        assert {one.project_id for one in WebhookDelivery.objects.all()} == {kept.pk}
        assert scoped.pk not in Endpoint.objects.values_list("pk", flat=True)

    def test_an_account_takes_everything_with_it(self, owner: Caller) -> None:
        endpoint = make_endpoint(owner.user)
        make_deliveries(endpoint, 2)
        answer = owner.call("DELETE", "/api/auth/me/", {"password": PASSWORD})
        assert answer.status_code < 300, answer.content
        assert endpoint_now(endpoint).status == "disabled"
        sender = ScriptedSender()
        deliver(sender)
        assert sender.sent == []
        for project in Project.objects.all():
            remove_project(project.pk)
        remove_emptied_accounts()
        assert not Endpoint.objects.exists()
        assert not WebhookDelivery.objects.exists()
