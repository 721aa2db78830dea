"""The courier: sends what is due, once, and writes down what came of it."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.utils import timezone

from config.env import ROOT
from tests.webhooks.building import (
    OK,
    ScriptedSender,
    answered,
    attempts_of,
    deliver,
    make_deliveries,
    make_due,
    make_endpoint,
    make_event,
    now_of,
)
from webhooks import courier, tasks
from webhooks.courier import Courier
from webhooks.models import WebhookDelivery
from webhooks.requests import Request, build_request
from webhooks.sealed import live_secrets
from webhooks.signing import sign
from webhooks.tasks import Office

if TYPE_CHECKING:
    from webhooks.claims import Parcel

pytestmark = pytest.mark.django_db(transaction=True)


class TestOffice:
    def test_w60_gives_what_is_under_way_most_of_the_time_to_stop(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "STOP_SECONDS": 12.0}
        graces: list[float] = []

        class Watched(Courier):
            async def stop(self, grace_seconds: float) -> None:
                graces.append(grace_seconds)
                await super().stop(0)

        async def hears_nobody() -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(tasks, "Courier", Watched)
        monkeypatch.setattr(tasks.wakeup, "relay", hears_nobody)
        office = Office()
        office.start()
        office.stop()
        assert graces == [11.0]

    def test_w60_stops_before_the_supervisor_of_server_mode_kills(self) -> None:
        common = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-teppan"]
        grace = float(common["stop_grace_period"].removesuffix("s"))
        assert float(common["environment"]["TEPPAN_STOP_SECONDS"]) <= grace - 2


class TestDelivering:
    def test_sends_an_event_to_who_hears_it(self) -> None:
        endpoint = make_endpoint()
        job = make_event()
        sender = ScriptedSender()
        deliver(sender, done=lambda: WebhookDelivery.objects.filter(status="delivered").exists())
        (sent,) = sender.sent
        body = json.loads(sent.body)
        assert (body["type"], body["data"]["id"]) == ("scraping.completed", job.pk)
        assert (body["sequence"], body["previous_sequence"]) == (1, None)
        delivery = WebhookDelivery.objects.get(endpoint=endpoint)
        assert (delivery.status, delivery.attempt_count) == ("delivered", 1)
        (attempt,) = attempts_of(delivery)
        assert (attempt.number, attempt.status_code, attempt.error_code) == (1, 200, "")
        assert sent.headers["webhook-id"] == delivery.event_id == body["id"]

    def test_w03_tries_keep_id_and_bytes_and_are_signed_anew(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The tests' gaps are shorter than the second that timestamps count in.
        offsets = (0, 60, 360)
        began: list[datetime] = []

        def at_its_time(parcel: Parcel, began_at: datetime) -> Request:
            began.append(began_at)
            return build_request(parcel, began_at + timedelta(seconds=offsets[len(began) - 1]))

        monkeypatch.setattr(courier, "build_request", at_its_time)
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender({endpoint.url: [answered(500), answered(503), OK]})
        for status in ("failed", "failed", "delivered"):
            before = timezone.now()
            deliver(sender)
            assert before <= began[-1] <= timezone.now()
            assert now_of(delivery).status == status
            make_due(delivery) if status == "failed" else None
        first, second, third = sender.sent
        assert first.body == second.body == third.body
        assert {one.headers["webhook-id"] for one in sender.sent} == {delivery.event_id}
        timestamps = [int(one.headers["webhook-timestamp"]) for one in sender.sent]
        assert timestamps == [
            int(at.timestamp()) + offset for at, offset in zip(began, offsets, strict=True)
        ]
        (secret,) = live_secrets(endpoint, timezone.now())
        signatures = [one.headers["webhook-signature"] for one in sender.sent]
        assert len(set(signatures)) == 3
        assert signatures == [
            sign([secret], delivery.event_id, at, one.body)
            for at, one in zip(timestamps, sender.sent, strict=True)
        ]
        assert [one.status_code for one in attempts_of(delivery)] == [500, 503, 200]
