"""What runs and endpoints really fire, against the schemas that are published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from exports.models import Export
from projects import runs
from tests.scraper.building import claimed_job, make_job, make_project, target_of
from tests.webhooks.building import fan_out_all, make_endpoint
from webhooks.catalogue import EVENT_TYPES
from webhooks.disabling import GONE, disable_endpoint
from webhooks.models import WebhookDelivery
from webhooks.services.deliveries import send_test

if TYPE_CHECKING:
    from collections.abc import Callable

    from projects.runs import Run

pytestmark = pytest.mark.django_db


def end(run: Run, status: str) -> None:
    """End a run that somebody works on in one of the four ways."""
    if status == "cancelled":
        run.cancel()
        assert run.mark_cancelled(run.lease)
    elif status == "failed":
        assert run.mark_failed(run.lease, "network", "No route.")
    else:
        assert getattr(run, f"mark_{status}")(run.lease)


def scraping(status: str) -> None:
    job = claimed_job()
    if status == "partial":
        target = target_of(job)
        target.end_with("private", "The subreddit is private.")
        target.save()
    end(job, status)


def scraping_before_it_started(status: str) -> None:
    make_job().cancel()


def exporting(status: str) -> None:
    project = make_project()
    export = Export.objects.create(owner=project.owner, project=project, format="csv")
    claimed = runs.take(Export, export.pk, "worker", when=runs.claimable(export.available_at))
    assert claimed is not None
    end(claimed, status)


ENDINGS: list[tuple[Callable[[str], None], str, str]] = [
    *((scraping, "scraping", status) for status in ("completed", "partial", "failed", "cancelled")),
    (scraping_before_it_started, "scraping", "cancelled"),
    *((exporting, "export", status) for status in ("completed", "failed", "cancelled")),
]


def check(delivery: WebhookDelivery) -> None:
    body = json.loads(bytes(delivery.payload or b""))
    Draft202012Validator(EVENT_TYPES[delivery.event_type].schema).validate(body)
    assert body["id"] == delivery.event_id


class TestEveryEvent:
    @pytest.mark.parametrize(("finish", "kind", "status"), ENDINGS)
    def test_w57_of_a_run_fits_its_schema_and_comes_once(
        self, finish: Callable[[str], None], kind: str, status: str
    ) -> None:
        make_endpoint(make_project().owner)
        finish(status)
        fan_out_all()
        delivery = WebhookDelivery.objects.get()
        assert delivery.event_type == f"{kind}.{status}"
        check(delivery)

    def test_w57_of_an_endpoint_fits_its_schema(self) -> None:
        gone, _ = make_endpoint(), make_endpoint()
        disable_endpoint(gone, GONE)
        fan_out_all()
        check(WebhookDelivery.objects.get(event_type="endpoint.disabled"))

    @pytest.mark.parametrize("name", sorted(EVENT_TYPES))
    def test_w57_can_be_sent_as_an_example(self, name: str) -> None:
        delivery = send_test(make_endpoint(), name)
        assert delivery.event_type == name
        check(WebhookDelivery.objects.get(pk=delivery.pk))
