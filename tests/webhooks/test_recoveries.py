"""Recoveries over HTTP: what was missed is sent again, and what a cancel leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited
from tests.webhooks.building import (
    DELIVERIES,
    OK,
    ScriptedSender,
    answered,
    attempts_of,
    deliver,
    let_leases_expire,
    make_deliveries,
    make_endpoint,
    now_of,
    retry,
)
from webhooks.claims import take_due
from webhooks.models import WebhookDelivery
from webhooks.results import Result, record

if TYPE_CHECKING:
    from tests.callers import Caller

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]

pytestmark = pytest.mark.django_db(transaction=True)

RECOVERIES = "/api/webhooks/recoveries/"


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
