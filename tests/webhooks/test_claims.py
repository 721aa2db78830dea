"""Who may send what: each delivery once, each endpoint its share, the dead replaced."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from projects.models import User
from tests.threads import at_once
from tests.webhooks.building import (
    OK,
    ScriptedSender,
    answered,
    attempts_of,
    courier_of,
    deliver,
    endpoint_now,
    let_leases_expire,
    make_deliveries,
    make_due,
    make_endpoint,
    now_of,
    until,
)
from webhooks.claims import Parcel, renew, take_due
from webhooks.courier import MOST_UNDER_WAY
from webhooks.models import Endpoint, WebhookDelivery
from webhooks.picks import MOST_ENDPOINTS, MOST_PER_ENDPOINT, ROOM_PARTS
from webhooks.results import Result, record

if TYPE_CHECKING:
    from pytest_django import Settings

    from webhooks.network import Answer

pytestmark = pytest.mark.django_db(transaction=True)

# Of which one account gets two.
ROOM_FOR_TWO = 2 * (ROOM_PARTS + 1) + 1


def queue(endpoint: Endpoint, count: int) -> None:
    """Have so many deliveries wait for an endpoint, all due."""
    now = timezone.now()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoint,
            owner_id=endpoint.owner_id,
            log_id=number,
            event_id=f"evt_{endpoint.pk}_{number}",
            event_type="scraping.completed",
            sequence=number,
            payload=b"{}",
            next_retry_at=now,
        )
        for number in range(1, count + 1)
    )


def result_of(parcel: Parcel, answer: Answer = OK) -> Result:
    now = timezone.now()
    return Result(parcel, answer, now, now)


def take_until_nothing_comes() -> list[Parcel]:
    """Return what a courier takes whose requests all hang."""
    mine: list[Parcel] = []
    while parcels := take_due(MOST_UNDER_WAY - len(mine), None, mine).parcels:
        mine += parcels
    return mine


class TestTakeDue:
    def test_takes_some_of_each_endpoint(self) -> None:
        endpoints = [make_endpoint() for _ in range(3)]
        for _ in range(6):
            make_deliveries(endpoints[0])
        taken = take_due(256).parcels
        by_endpoint = Counter(parcel.endpoint.pk for parcel in taken)
        assert by_endpoint == {one.pk: MOST_PER_ENDPOINT for one in endpoints}
        assert take_due(256).parcels == []

    def test_those_that_can_take_no_more_do_not_crowd_out_others(self) -> None:
        full = [make_endpoint() for _ in range(MOST_ENDPOINTS + 8)]
        for _ in range(6):
            make_deliveries(full[0])
        while take_due(256).parcels:
            pass
        healthy = make_endpoint(User.objects.create(username="bob"))
        queue(healthy, 1)
        assert healthy.pk in {parcel.endpoint.pk for parcel in take_due(256).parcels}

    def test_takes_the_oldest_first(self) -> None:
        endpoint = make_endpoint()
        first, *_, last = make_deliveries(endpoint, 6)
        make_due(last)
        taken = [parcel.id for parcel in take_due(ROOM_FOR_TWO).parcels]
        assert taken == [last.pk, first.pk]

    def test_leaves_what_is_over_held_or_not_due(self) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 4)
        for delivery, status in zip(deliveries, ("delivered", "dead", "held"), strict=False):
            WebhookDelivery.objects.filter(pk=delivery.pk).update(status=status, next_retry_at=None)
        later = timezone.now() + timedelta(seconds=60)
        WebhookDelivery.objects.filter(pk=deliveries[3].pk).update(next_retry_at=later)
        assert take_due(256).parcels == []

    def test_w28_of_many_claimers_each_delivery_goes_to_one(self, settings: Settings) -> None:
        # Here nobody dies: a claimer that this machine leaves waiting is no lost one.
        settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": 600}
        endpoints = [make_endpoint() for _ in range(8)]
        for endpoint in endpoints:
            queue(endpoint, 500)

        def work(_: int) -> list[int]:
            mine: list[int] = []
            idle = 0
            while idle < 5:
                parcels = take_due(256).parcels
                record([result_of(parcel) for parcel in parcels])
                mine += [parcel.id for parcel in parcels]
                idle = 0 if parcels else idle + 1
            return mine

        taken = at_once(20, work)
        errors = [one for one in taken if isinstance(one, Exception)]
        assert errors == []
        deliver(ScriptedSender())
        ids = [pk for part in taken for pk in part]  # type: ignore[union-attr]
        assert len(ids) == len(set(ids))
        rows = WebhookDelivery.objects.filter(status="delivered", attempt_count=1)
        assert rows.count() == 8 * 500

    def test_w38_the_cap_holds_over_all_couriers(self) -> None:
        endpoint = make_endpoint()
        make_deliveries(endpoint, 30)
        taken = at_once(6, lambda _: take_due(256).parcels)
        parcels = [one for part in taken for one in part]  # type: ignore[union-attr]
        assert len(parcels) == MOST_PER_ENDPOINT
        assert (
            WebhookDelivery.objects.filter(lease_until__gt=timezone.now()).count()
            == MOST_PER_ENDPOINT
        )


class TestDeadCouriers:
    def test_w24_w25_a_try_that_was_cut_off_is_written_down_and_made_again(self) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        (lost,) = take_due(1).parcels
        let_leases_expire()
        sender = ScriptedSender()
        deliver(sender, done=lambda: now_of(delivery).status == "delivered")
        assert len(sender.sent) == 1
        first, second = attempts_of(delivery)
        assert (first.number, first.error_code, second.error_code) == (1, "interrupted", "")
        row = now_of(delivery)
        assert (row.attempt_count, row.tier) == (2, 1)
        record([result_of(lost)])
        assert (now_of(delivery).attempt_count, len(attempts_of(delivery))) == (2, 2)

    def test_who_was_given_up_can_change_nothing(self) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        (old,) = take_due(1).parcels
        let_leases_expire()
        (new,) = take_due(1).parcels
        assert new.fence > old.fence
        record([result_of(old)])
        record([result_of(old, answered(410))])
        assert (now_of(delivery).status, endpoint_now(endpoint).status) == ("pending", "enabled")
        record([result_of(new)])
        assert now_of(delivery).status == "delivered"

    def test_renewing_keeps_what_is_held_and_nothing_else(self) -> None:
        make_deliveries(make_endpoint(), 2)
        held, lost = take_due(ROOM_FOR_TWO).parcels
        let_leases_expire()
        WebhookDelivery.objects.filter(pk=lost.id).update(fence=99)
        renew([held, lost])
        assert [one.id for one in take_due(ROOM_FOR_TWO).parcels] == [lost.id]

    def test_a_request_that_outlasts_its_lease_keeps_it(self, settings: Any) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "LEASE_SECONDS": 12.0}
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 3)
        sender = ScriptedSender()
        held = WebhookDelivery.objects.filter(lease_until__isnull=False)

        async def run() -> None:
            sender.gates[endpoint.url] = asyncio.Event()
            async with courier_of(sender):
                await until(lambda: len(sender.sent) == 3, "Nothing was sent")
                first = await asyncio.to_thread(lambda: held.earliest("lease_until").lease_until)
                renewed = held.filter(lease_until__gt=first)
                await until(lambda: renewed.count() == 3, "The leases were not renewed")
                sender.gates[endpoint.url].set()
                await until(lambda: not held.exists(), "They did not come to an end")

        asyncio.run(run())
        assert len(sender.sent) == 3
        assert {now_of(one).attempt_count for one in deliveries} == {1}

    def test_one_that_kills_its_couriers_runs_out_of_tries(self) -> None:
        endpoint = make_endpoint(schedule_seconds=[1])
        (delivery,) = make_deliveries(endpoint)
        for _ in range(20):
            take_due(1)
            let_leases_expire()
        row = now_of(delivery)
        # As many as its schedule allows, and three that cost nothing.
        assert (row.status, row.lease_until, row.attempt_count) == ("dead", None, 5)
        assert {one.error_code for one in attempts_of(delivery)} == {"interrupted"}


class TestFairness:
    def test_w37_a_hanging_endpoint_parks_only_itself(self) -> None:
        hanging = make_endpoint(url="https://hangs.example/")
        healthy = make_endpoint(url="https://well.example/")
        make_deliveries(hanging, 50)
        sender = ScriptedSender()

        async def run() -> None:
            sender.gates[hanging.url] = asyncio.Event()
            async with courier_of(sender):
                rows = WebhookDelivery.objects.filter(endpoint=healthy, status="delivered")
                await until(lambda: rows.count() == 50, "The healthy one waits")
                assert sender.under_way[hanging.url] <= MOST_PER_ENDPOINT
                assert len(sender.to(hanging.url)) == MOST_PER_ENDPOINT
                sender.gates[hanging.url].set()

        asyncio.run(run())
        assert sender.most_under_way[hanging.url] == MOST_PER_ENDPOINT

    def test_w37_an_account_whose_endpoints_all_hang_leaves_room_to_others(self) -> None:
        hanging = [make_endpoint(url=f"https://hangs.example/{number}") for number in range(100)]
        healthy = make_endpoint(User.objects.create(username="bob"), url="https://well.example/")
        for endpoint in hanging:
            queue(endpoint, 4)
        sender = ScriptedSender()

        def number_hanging() -> int:
            return sum(sender.under_way[endpoint.url] for endpoint in hanging)

        async def run() -> None:
            gate = asyncio.Event()
            sender.gates.update({endpoint.url: gate for endpoint in hanging})
            async with courier_of(sender):
                await until(lambda: number_hanging() >= 64, "They do not get their share")
                await asyncio.to_thread(queue, healthy, 50)
                rows = WebhookDelivery.objects.filter(endpoint=healthy, status="delivered")
                await until(lambda: rows.count() == 50, "The healthy one waits")
                assert number_hanging() <= 128
                gate.set()

        asyncio.run(run())

    def test_w37_many_such_accounts_fill_no_courier(self) -> None:
        for number in range(12):
            owner = User.objects.create(username=f"mallory-{number}")
            for _ in range(20):
                queue(make_endpoint(owner), 4)
        mine = take_until_nothing_comes()
        room = MOST_UNDER_WAY - len(mine)
        assert room >= 16
        newcomer = make_endpoint(User.objects.create(username="bob"))
        queue(newcomer, 1)
        parcels = take_due(room, None, mine).parcels
        assert [one.endpoint.pk for one in parcels] == [newcomer.pk]

    def test_w37_an_account_has_its_share_in_each_courier(self) -> None:
        for _ in range(2 * MOST_UNDER_WAY // ROOM_PARTS):
            queue(make_endpoint(), 1)
        mine, others = take_until_nothing_comes(), take_until_nothing_comes()
        assert len(mine) <= MOST_UNDER_WAY // ROOM_PARTS
        assert len(others) == len(mine)

    def test_w39_keeps_an_endpoints_rate_and_burns_no_tries(self) -> None:
        endpoint = make_endpoint(rate_per_second=20)
        deliveries = make_deliveries(endpoint, 40)
        sender = ScriptedSender()
        deliver(sender)
        times = sorted(one.at for one in sender.sent)
        # However the test is delayed, n requests take at least the time of n - burst; less one,
        # because the first may leave later after it was claimed than the last.
        assert times[-1] - times[0] >= (len(times) - 3) / 20
        assert {now_of(one).attempt_count for one in deliveries} == {1}

    def test_w42_an_ordered_endpoint_waits_for_the_one_before(self) -> None:
        endpoint = make_endpoint(url="https://ordered.example/", ordered=True)
        other = make_endpoint(url="https://other.example/")
        first, *later = make_deliveries(endpoint, 5)
        sender = ScriptedSender({endpoint.url: [answered(500), answered(500), OK]})
        for number in (1, 2):
            deliver(
                sender,
                done=lambda number=number: (  # type: ignore[misc]
                    now_of(first).attempt_count == number
                    and not WebhookDelivery.objects.filter(
                        endpoint=other, status="pending"
                    ).exists()
                ),
            )
            assert {now_of(one).attempt_count for one in later} == {0}
            make_due(first)
        assert len(sender.to(other.url)) == 5
        deliver(sender)
        bodies = [one.body for one in sender.to(endpoint.url)]
        expected = [bytes(one.payload or b"") for one in (first, first, first, *later)]
        assert bodies == expected
        assert sender.most_under_way[endpoint.url] == 1


class TestStopping:
    def test_w60_lets_what_is_under_way_end_and_takes_no_more(self) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 6)
        sender = ScriptedSender()

        async def run() -> None:
            gate = sender.gates[endpoint.url] = asyncio.Event()
            async with courier_of(sender, grace_seconds=60):
                await until(lambda: len(sender.sent) == MOST_PER_ENDPOINT, "Nothing was sent")
                # While it is being stopped, and not before, they are answered.
                asyncio.get_running_loop().call_later(0.2, gate.set)

        asyncio.run(run())
        assert sender.is_closed
        assert len(sender.sent) == MOST_PER_ENDPOINT
        statuses = Counter(now_of(one).status for one in deliveries)
        assert statuses == {"delivered": 4, "pending": 2}
        again = ScriptedSender()
        deliver(again)
        assert len(again.sent) == 2

    def test_w60_what_takes_longer_is_written_down_and_free_at_once(self) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender(seconds=60)

        async def run() -> None:
            async with courier_of(sender, grace_seconds=0.1):
                await until(lambda: sender.sent, "Nothing was sent")

        asyncio.run(run())
        (attempt,) = attempts_of(delivery)
        row = now_of(delivery)
        assert (attempt.error_code, row.tier, row.lease_until) == ("interrupted", 0, None)
        deliver(ScriptedSender())
        assert now_of(delivery).status == "delivered"
        assert Endpoint.objects.get(pk=endpoint.pk).failing_since is None


class TestHealth:
    def test_w34_an_arrival_ends_a_failure_that_came_after_it_was_claimed(self) -> None:
        endpoint = make_endpoint()
        make_deliveries(endpoint, 2)
        one, two = take_due(ROOM_FOR_TWO).parcels
        now = timezone.now()
        record([Result(one, answered(500), now, now)])
        assert endpoint_now(endpoint).failing_since == now
        record([Result(two, OK, now, now)])
        assert endpoint_now(endpoint).failing_since is None
