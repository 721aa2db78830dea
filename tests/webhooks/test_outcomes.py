"""What each answer means for a delivery and its endpoint."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from projects.activity import read_after
from tests.webhooks.building import (
    HUNG,
    OK,
    REFUSED,
    ScriptedSender,
    answered,
    attempts_of,
    courier_of,
    deliver,
    endpoint_now,
    make_deliveries,
    make_due,
    make_endpoint,
    now_of,
    until,
)
from webhooks import courier
from webhooks.disabling import BY_OWNER, FAILING, disable_endpoint
from webhooks.models import Endpoint, WebhookDelivery
from webhooks.plan import BREAKER_MINIMUM, FAILING_SECONDS, scaled
from webhooks.results import Result, record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

pytestmark = pytest.mark.django_db(transaction=True)


# What a planned gap may be off by, beside its jitter: a clock's rounding.
ROUNDING = 0.01


@pytest.fixture
def gap_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[WebhookDelivery], float]:
    """Return a delivery's planned wait in unscaled seconds, however long recording it took."""
    ended_at: dict[int, datetime] = {}

    def noting(results: Sequence[Result]) -> dict[int, datetime]:
        ended_at.update({result.parcel.id: result.ended_at for result in results})
        return record(results)

    def gap(delivery: WebhookDelivery) -> float:
        next_retry_at = now_of(delivery).next_retry_at
        assert next_retry_at is not None
        return (next_retry_at - ended_at[delivery.pk]).total_seconds() * 10

    monkeypatch.setattr(courier, "record", noting)
    return gap


class TestSchedule:
    def test_w12_tries_six_times_and_no_more(
        self, gap_of: Callable[[WebhookDelivery], float]
    ) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender({endpoint.url: [answered(500)]})
        for planned in (60, 300, 900, 3600, 21600):
            deliver(sender)
            assert 0.8 * planned - ROUNDING <= gap_of(delivery) <= 1.2 * planned + ROUNDING
            make_due(delivery)
        deliver(sender)
        row = now_of(delivery)
        assert (row.status, row.next_retry_at, row.attempt_count) == ("dead", None, 6)
        make_due(delivery)
        deliver(sender, done=lambda: True)
        assert len(sender.sent) == 6
        assert [one.number for one in attempts_of(delivery)] == [1, 2, 3, 4, 5, 6]

    def test_an_endpoints_own_schedule_replaces_it(
        self, gap_of: Callable[[WebhookDelivery], float]
    ) -> None:
        endpoint = make_endpoint(schedule_seconds=[7])
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender({endpoint.url: [REFUSED]})
        deliver(sender)
        assert 5.6 - ROUNDING <= gap_of(delivery) <= 8.4 + ROUNDING
        make_due(delivery)
        deliver(sender)
        assert (now_of(delivery).status, len(sender.sent)) == ("dead", 2)

    @pytest.mark.parametrize("status", [429, 503])
    def test_w14_honours_what_the_receiver_asks_for(
        self, status: int, gap_of: Callable[[WebhookDelivery], float]
    ) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender({endpoint.url: [answered(status, {"retry-after": "1000"})]})
        deliver(sender)
        assert gap_of(delivery) == pytest.approx(1000, abs=ROUNDING)

    @pytest.mark.parametrize("value", ["-1", "abc", "3"])
    def test_w14_never_comes_before_the_plan(
        self, value: str, gap_of: Callable[[WebhookDelivery], float]
    ) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        deliver(ScriptedSender({endpoint.url: [answered(503, {"Retry-After": value})]}))
        assert 48 - ROUNDING <= gap_of(delivery) <= 72 + ROUNDING

    def test_w31_needs_no_broker_to_come_back(self) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 20)
        deliver(ScriptedSender({endpoint.url: [answered(500)]}))
        assert {now_of(one).status for one in deliveries} == {"failed"}
        make_due(*deliveries)
        sender = ScriptedSender()
        deliver(sender)
        assert {now_of(one).status for one in deliveries} == {"delivered"}
        assert len(sender.sent) == 20


class TestEndpointsWord:
    def test_w15_a_429_slows_the_whole_endpoint(self, settings: Any) -> None:
        # A minute: no busy machine takes as long to look.
        settings.TEPPAN = {**settings.TEPPAN, "TIME_SCALE": 1.0}
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 50)
        sender = ScriptedSender({endpoint.url: [answered(429)]}, seconds=0.02)
        deliver(sender, done=lambda: endpoint_now(endpoint).slow_until is not None)
        assert len(sender.sent) <= 8
        assert sum(now_of(one).attempt_count for one in deliveries) == len(sender.sent)
        slow_until = endpoint_now(endpoint).slow_until
        assert slow_until is not None
        assert slow_until > timezone.now()
        untried = [one for one in deliveries if not now_of(one).attempt_count]
        Endpoint.objects.filter(pk=endpoint.pk).update(slow_until=None)
        deliver(ScriptedSender())
        assert {now_of(one).status for one in untried} == {"delivered"}

    def test_w16_a_410_disables_at_once_and_says_so(self) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 9)
        sender = ScriptedSender({endpoint.url: [answered(410)]}, seconds=0.02)
        deliver(sender)
        row = endpoint_now(endpoint)
        assert (row.status, row.disabled_reason) == ("disabled", "gone")
        assert len(sender.sent) <= 4
        assert {now_of(one).status for one in deliveries} == {"held"}
        (event,) = read_after(endpoint.stream, 0, 10)
        assert (event.type, event.data) == ("endpoint.disabled", {"reason": "gone"})

    def test_w17_abort_message_ends_this_delivery_only(self) -> None:
        endpoint = make_endpoint()
        first, second = make_deliveries(endpoint, 2)
        abort = answered(500, {"Webhook-Delivery": "abort-message"})
        deliver(ScriptedSender({endpoint.url: [abort, OK]}))
        assert sorted([now_of(first).status, now_of(second).status]) == ["dead", "delivered"]
        assert endpoint_now(endpoint).status == "enabled"

    def test_w17_disable_ends_all(self) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        stop = answered(500, {"webhook-delivery": "disable"})
        deliver(ScriptedSender({endpoint.url: [stop]}))
        assert endpoint_now(endpoint).disabled_reason == "by_receiver"
        assert now_of(delivery).status == "held"

    def test_w33_sends_nothing_while_disabled(self) -> None:
        endpoint = make_endpoint()
        disable_endpoint(endpoint, BY_OWNER)
        make_deliveries(endpoint, 10)
        sender = ScriptedSender()
        deliver(sender)
        assert sender.sent == []


class TestFailingForDays:
    def exhaust(self, endpoint: Endpoint) -> None:
        (delivery,) = make_deliveries(endpoint)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(tier=5)
        deliver(ScriptedSender({endpoint.url: [answered(500)]}))
        assert now_of(delivery).status in ("dead", "held")

    def age(self, endpoint: Endpoint, share: float) -> None:
        since = timezone.now() - scaled(FAILING_SECONDS * share)
        Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=since)

    def test_w34_disables_when_a_delivery_dies_after_the_window(self) -> None:
        endpoint = make_endpoint()
        self.exhaust(endpoint)
        self.age(endpoint, 0.9)
        self.exhaust(endpoint)
        assert endpoint_now(endpoint).status == "enabled"
        self.age(endpoint, 1.1)
        self.exhaust(endpoint)
        row = endpoint_now(endpoint)
        assert (row.status, row.disabled_reason) == ("disabled", FAILING)
        assert [one.type for one in read_after(endpoint.stream, 0, 10)] == ["endpoint.disabled"]

    def test_w34_a_success_in_between_starts_anew(self) -> None:
        endpoint = make_endpoint()
        self.exhaust(endpoint)
        self.age(endpoint, 2)
        make_deliveries(endpoint)
        deliver(ScriptedSender())
        assert endpoint_now(endpoint).failing_since is None
        self.exhaust(endpoint)
        assert endpoint_now(endpoint).status == "enabled"

    @pytest.mark.parametrize(("age", "status"), [(0.9, "enabled"), (1.1, "disabled")])
    def test_w34_one_that_hangs_for_days_is_disabled_by_its_next_probe(
        self, age: float, status: str
    ) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 3)
        Endpoint.objects.filter(pk=endpoint.pk).update(unanswered=BREAKER_MINIMUM)
        self.age(endpoint, age)
        sender = ScriptedSender({endpoint.url: [HUNG]})
        deliver(sender, done=lambda: attempts_of(deliveries[0]))
        row = endpoint_now(endpoint)
        assert (row.status, row.disabled_reason) == (status, FAILING if age > 1 else "")
        assert len(sender.sent) == 1
        held = "held" if age > 1 else "pending"
        assert [now_of(one).status for one in deliveries[1:]] == [held, held]

    def test_w34_a_failure_with_tries_left_does_not_disable(self) -> None:
        endpoint = make_endpoint()
        self.exhaust(endpoint)
        self.age(endpoint, 2)
        make_deliveries(endpoint)
        deliver(ScriptedSender({endpoint.url: [answered(500)]}))
        assert endpoint_now(endpoint).status == "enabled"


class TestBreaker:
    def test_w40_opens_probes_one_at_a_time_and_closes(self, settings: Any) -> None:
        # Half a minute and more, which the test ends itself.
        settings.TEPPAN = {**settings.TEPPAN, "TIME_SCALE": 1.0}
        endpoint = make_endpoint()
        rows = Endpoint.objects.filter(pk=endpoint.pk)
        under_way = WebhookDelivery.objects.filter(lease_until__isnull=False)
        make_deliveries(endpoint, BREAKER_MINIMUM + 30)
        sender = ScriptedSender({endpoint.url: [HUNG]}, seconds=0.01)

        async def run() -> None:
            async with courier_of(sender):
                await until(lambda: endpoint_now(endpoint).breaker_until, "It never opened")
                await until(lambda: not under_way.exists(), "They hang for ever")
                opened_at = len(sender.sent)
                assert BREAKER_MINIMUM <= opened_at <= BREAKER_MINIMUM + 4
                sender.most_under_way.clear()
                await asyncio.to_thread(rows.update, breaker_until=None)
                await until(lambda: endpoint_now(endpoint).breaker_openings == 2, "No probe")
                assert sender.most_under_way[endpoint.url] == 1
                assert len(sender.sent) == opened_at + 1
                sender.answers[endpoint.url] = [OK]
                await asyncio.to_thread(rows.update, breaker_until=None)
                parked = WebhookDelivery.objects.filter(attempt_count=0)
                await until(lambda: not parked.exists(), "It never closed", 40)

        asyncio.run(run())
        row = endpoint_now(endpoint)
        assert (row.unanswered, row.breaker_openings, row.breaker_until) == (0, 0, None)

    def test_w40_answers_do_not_open_it(self) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 2 * BREAKER_MINIMUM)
        deliver(ScriptedSender({endpoint.url: [answered(500)]}))
        assert {now_of(one).attempt_count for one in deliveries} == {1}
        assert endpoint_now(endpoint).breaker_until is None
