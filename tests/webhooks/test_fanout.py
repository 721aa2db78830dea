"""From facts to deliveries: none lost, none made up, each endpoint's numbers without gaps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from projects.activity import Audience, Fact, PublicFact, change_and_fire
from projects.models import Event, Project, User
from tests.scraper.building import claimed_job, make_job, make_project
from tests.threads import at_once
from tests.webhooks.building import (
    endpoint_now,
    fan_out_all,
    make_deliveries,
    make_endpoint,
    make_event,
)
from webhooks import fanout, payloads
from webhooks.claims import take_due
from webhooks.disabling import BY_OWNER, GONE, disable_endpoint
from webhooks.fanout import fan_out_next
from webhooks.models import Endpoint, WebhookDelivery
from webhooks.payloads import LARGEST_PAYLOAD_BYTES
from webhooks.requests import build_request
from webhooks.selectors import delivery_detail

pytestmark = pytest.mark.django_db
with_threads = pytest.mark.django_db(transaction=True)


def types_of(endpoint: Endpoint) -> list[str]:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("sequence")
    return list(rows.values_list("event_type", flat=True))


def payload_of(delivery: WebhookDelivery) -> dict[str, Any]:
    assert delivery.payload is not None
    body: dict[str, Any] = json.loads(bytes(delivery.payload))
    return body


class TestFanOut:
    def test_w07_gives_one_event_the_same_id_everywhere(self) -> None:
        endpoints = [make_endpoint() for _ in range(3)]
        make_event()
        assert len(fan_out_all()) == 3
        ids = set(WebhookDelivery.objects.values_list("event_id", flat=True))
        assert len(ids) == 1
        assert {endpoint_now(one).last_sequence for one in endpoints} == {1}
        now = timezone.now()
        requests = [build_request(parcel, now) for parcel in take_due(256).parcels]
        assert {one.headers["webhook-id"] for one in requests} == ids
        assert len({one.headers["webhook-signature"] for one in requests}) == 3

    def test_w09_goes_to_those_who_hear_the_type(self) -> None:
        everything = make_endpoint()
        group = make_endpoint(event_types=["scraping.*"])
        one = make_endpoint(event_types=["scraping.failed", "export.completed"])
        for event_type in ("scraping.completed", "scraping.failed", "export.completed"):
            make_event(event_type=event_type)
        fan_out_all()
        assert types_of(everything) == ["scraping.completed", "scraping.failed", "export.completed"]
        assert types_of(group) == ["scraping.completed", "scraping.failed"]
        assert types_of(one) == ["scraping.failed", "export.completed"]

    def test_knows_whose_and_which_project(self) -> None:
        ada, bob = make_project("ada"), make_project("bob")
        second = Project.objects.create(owner=ada.owner, name="second")
        every = make_endpoint(ada.owner)
        scoped = make_endpoint(ada.owner, project=second)
        of_bob = make_endpoint(bob.owner)
        for project in (ada, second, bob):
            make_event(project)
        fan_out_all()
        assert [len(types_of(one)) for one in (every, scoped, of_bob)] == [2, 1, 1]

    def test_is_silent_about_deleted_projects_and_accounts(self) -> None:
        project = make_project()
        make_endpoint(project.owner)
        make_event(project)
        Project.objects.filter(pk=project.pk).update(deleted_at="2026-01-01T00:00:00Z")
        fan_out_all()
        Project.objects.filter(pk=project.pk).update(deleted_at=None)
        make_event(project)
        User.objects.filter(pk=project.owner_id).update(is_active=False)
        fan_out_all()
        assert not WebhookDelivery.objects.exists()

    def test_numbers_each_endpoint_without_gaps(self) -> None:
        endpoint = make_endpoint()
        deliveries = make_deliveries(endpoint, 3)
        bodies = [payload_of(one) for one in deliveries]
        assert [(one["sequence"], one["previous_sequence"]) for one in bodies] == [
            (1, None),
            (2, 1),
            (3, 2),
        ]

    def test_w02_keeps_text_and_numbers_as_they_are(self) -> None:
        endpoint = make_endpoint()
        data: dict[str, Any] = {
            "zz": 0,
            "text": "\u2028 \U0001f680 \u00f1 \r\n",
            "big": 2**53 + 1,
            "deep": {"zz": 1, "a": [1.5, {"y": 2, "b": 3}]},
        }
        make_event(**data)
        fan_out_all()
        delivery = WebhookDelivery.objects.get(endpoint=endpoint)
        assert payload_of(delivery)["data"].items() >= data.items()
        body = bytes(delivery.payload or b"")
        assert (
            '"zz":0,"text":"\u2028 \U0001f680 \u00f1 \\r\\n","big":9007199254740993,'
            '"deep":{"zz":1,"a":[1.5,{"y":2,"b":3}]}}}'.encode()
        ) in body

    def test_w23_sends_a_link_instead_of_what_is_too_large(self, settings: Any) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "PUBLIC_URL": "https://teppan.example"}
        endpoint = make_endpoint()
        job = make_event(errors=["x" * LARGEST_PAYLOAD_BYTES])
        fan_out_all()
        delivery = WebhookDelivery.objects.get(endpoint=endpoint)
        assert delivery.is_thin
        assert payload_of(delivery)["data"] == {
            "id": job.pk,
            "project": job.project_id,
            "truncated": True,
            "url": f"https://teppan.example/api/scraper/jobs/{job.pk}/",
        }

    def test_w27_knows_nothing_of_what_was_rolled_back(self) -> None:
        make_endpoint()
        job = make_job()
        with transaction.atomic():
            change_and_fire(job, [Fact("scraping.completed", {}, Audience(job.owner_id, None))])
            transaction.set_rollback(True)
        assert fan_out_all() == []
        assert not WebhookDelivery.objects.exists()

    def test_w26_finds_what_a_run_left_when_its_process_died_after_the_commit(self) -> None:
        """The hint never came: the fact waits in the log until somebody looks."""
        endpoint = make_endpoint(User.objects.create(username="ada"))
        job = claimed_job(make_project())
        assert job.mark_completed(job.lease)
        assert Event.objects.filter(awaits_fanout=True).count() == 1
        fan_out_all()
        assert types_of(endpoint) == ["scraping.completed"]
        assert not Event.objects.filter(awaits_fanout=True).exists()

    def test_makes_nothing_of_inner_facts_and_unknown_types(self) -> None:
        make_endpoint()
        make_event(event_type="scraping.invented")
        job = make_job()
        change_and_fire(job, [Fact("page.stored", {})])
        assert fan_out_all() == []
        assert not Event.objects.filter(awaits_fanout=True).exists()

    def test_a_fact_that_nothing_can_be_made_of_stops_no_other(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        endpoint = make_endpoint()
        bad = make_event()
        good = make_event()

        def choosy(fact: PublicFact, sequence: int) -> tuple[bytes, bool]:
            if fact.stream == bad.stream:
                raise ValueError("It has no shape.")
            return payloads.payload_of(fact, sequence)

        monkeypatch.setattr(fanout, "payload_of", choosy)
        fan_out_all()
        dead, delivery = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("sequence")
        body = payload_of(delivery)
        assert (body["data"]["id"], body["sequence"], delivery.status) == (good.pk, 2, "pending")
        assert endpoint_now(endpoint).last_sequence == 2
        assert bad.stream in caplog.text
        # It is visible, as over, and says why; receivers see that a number is missing.
        assert (dead.status, dead.sequence, dead.next_retry_at) == ("dead", 1, None)
        assert dead.ended_at is not None
        told = delivery_detail(dead)
        (attempt,) = told["attempts"]
        assert (told["payload"], attempt["error_code"]) == (None, "unsendable")
        assert "nothing was sent" in attempt["error_detail"]

    def test_of_facts_that_nothing_can_be_made_of_none_stays_behind(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        disable_endpoint(make_endpoint(), BY_OWNER)
        make_endpoint()
        make_event()

        def hopeless(fact: PublicFact, sequence: int) -> tuple[bytes, bool]:
            raise ValueError("It has no shape.")

        monkeypatch.setattr(fanout, "payload_of", hopeless)
        assert fan_out_all() == []
        assert set(WebhookDelivery.objects.values_list("status", "sequence")) == {("dead", 1)}
        assert WebhookDelivery.objects.count() == 2
        assert not Event.objects.filter(awaits_fanout=True).exists()

    def test_w33_holds_what_a_disabled_endpoint_misses(self) -> None:
        endpoint = make_endpoint()
        disable_endpoint(endpoint, BY_OWNER)
        assert {one.status for one in make_deliveries(endpoint, 10)} == {"held"}

    def test_w16_tells_the_owners_other_endpoints_of_one_that_was_disabled(self) -> None:
        gone, other = make_endpoint(), make_endpoint()
        stranger = make_endpoint(User.objects.create(username="bob"))
        disable_endpoint(gone, GONE)
        fan_out_all()
        assert types_of(gone) == types_of(stranger) == []
        (delivery,) = WebhookDelivery.objects.filter(endpoint=other)
        assert payload_of(delivery)["data"] == {"endpoint": gone.pk, "reason": "gone"}

    @with_threads
    def test_w28_takes_each_fact_once_however_many_look(self) -> None:
        endpoint = make_endpoint()
        project = make_project()
        for _ in range(60):
            make_event(project)
        taken = at_once(6, lambda _: fan_out_next())
        assert sum(taken) == 60  # type: ignore[arg-type]
        rows = WebhookDelivery.objects.filter(endpoint=endpoint)
        assert sorted(rows.values_list("sequence", flat=True)) == list(range(1, 61))
