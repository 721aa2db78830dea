"""What is over and old goes, and what belongs to something deleted goes with it."""

from __future__ import annotations

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
    ScriptedSender,
    deliver,
    endpoint_now,
    make_deliveries,
    make_endpoint,
    make_event,
    now_of,
    retry,
    shown,
)
from webhooks.disabling import BY_OWNER, disable_endpoint
from webhooks.models import Attempt, Endpoint, WebhookDelivery
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
