"""The courier: sends what is due, once, and writes down what came of it."""

from __future__ import annotations

import json

import pytest

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
from webhooks.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)


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

    def test_w03_tries_keep_id_and_bytes_and_are_signed_anew(self) -> None:
        endpoint = make_endpoint()
        (delivery,) = make_deliveries(endpoint)
        sender = ScriptedSender({endpoint.url: [answered(500), answered(503), OK]})
        for status in ("failed", "failed", "delivered"):
            deliver(sender)
            assert now_of(delivery).status == status
            make_due(delivery) if status == "failed" else None
        first, second, third = sender.sent
        assert first.body == second.body == third.body
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert [one.status_code for one in attempts_of(delivery)] == [500, 503, 200]
