"""Endpoints over HTTP: what is accepted, what is refused by name, what is never shown again."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from projects.activity import read_after
from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited
from tests.webhooks.building import endpoint_now, make_deliveries
from webhooks import sealed
from webhooks.masking import MASK
from webhooks.models import Endpoint, WebhookDelivery
from webhooks.services.endpoints import delete_endpoint
from webhooks.services.sealing import reseal_endpoints

if TYPE_CHECKING:
    from tests.callers import Caller

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]

pytestmark = pytest.mark.django_db

ENDPOINTS = "/api/webhooks/endpoints/"
URL = "https://receiver.example/hook"
BODY = {"url": URL, "event_types": ["scraping.*"]}


@pytest.fixture(autouse=True)
def http_goes(settings: Any) -> None:
    """Both modes alike, whatever the engine."""
    settings.TEPPAN = {**settings.TEPPAN, "WEBHOOK_HTTPS_ONLY": False}


def create(caller: Caller, **fields: Any) -> dict[str, Any]:
    answer = caller.post(ENDPOINTS, {**BODY, **fields})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def path_of(endpoint: dict[str, Any], action: str = "") -> str:
    return f"{ENDPOINTS}{endpoint['id']}/{action}"


def row_of(endpoint: dict[str, Any]) -> Endpoint:
    return Endpoint.objects.get(pk=endpoint["id"])


def kept_secrets(endpoint: dict[str, Any]) -> tuple[str, dict[str, str]]:
    row = row_of(endpoint)
    return sealed.address_of(row), dict(sealed.custom_headers(row))


class TestCreate:
    def test_answers_with_the_endpoint_and_its_secret_once(self, owner: Caller) -> None:
        answer = owner.post(ENDPOINTS, BODY)
        created = answer.json()
        secret = created.pop("secret")
        assert base64.b64decode(secret.removeprefix("whsec_")).__len__() == 32
        assert owner.get(answer["Location"]).json() == created
        assert (created["status"], created["disabled_reason"]) == ("enabled", None)
        assert (created["ordered"], created["rate_per_second"]) == (False, None)

    @pytest.mark.parametrize(
        "secret", ["", "whsec_", "not base64!", base64.b64encode(b"x" * 23).decode(),
                   "whsec_" + base64.b64encode(b"x" * 65).decode()],
    )  # fmt: skip
    def test_w05_refuses_a_bad_secret(self, owner: Caller, secret: str) -> None:
        answer = owner.post(ENDPOINTS, {**BODY, "secret": secret})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"] == "secret"

    def test_w05_takes_one_of_24_to_64_bytes(self, owner: Caller) -> None:
        secret = "whsec_" + base64.b64encode(b"x" * 24).decode()
        assert create(owner, secret=secret)["secret"] == secret

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "evil.example"},
            {"content-length": "5"},
            {"Webhook-Signature": "v1,x"},
            {"webhook-anything": "x"},
            {"Transfer-Encoding": "chunked"},
            {"X-A": "a\r\nX-Injected: b"},
            {"X-A": "a\nb"},
            {"X-A\r\nX-B": "a"},
            {"X A": "a"},
            {"": "a"},
            {"X-A": "\u20ac"},
            {"X-A": "a", "x-a": "b"},
        ],
    )
    def test_w08_refuses_reserved_and_broken_headers(
        self, owner: Caller, headers: dict[str, str]
    ) -> None:
        answer = owner.post(ENDPOINTS, {**BODY, "headers": headers})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"].startswith("headers")
        assert not Endpoint.objects.exists()

    @pytest.mark.parametrize("types", [["scraping.done"], ["scraping"], [""], ["**"], []])
    def test_w09_refuses_unknown_event_types(self, owner: Caller, types: list[str]) -> None:
        answer = owner.post(ENDPOINTS, {**BODY, "event_types": types})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"].startswith("event_types")

    @pytest.mark.parametrize(
        ("url", "rule"),
        [
            ("http://127.0.0.1/hook", "address"),
            ("http://169.254.169.254/latest", "address"),
            ("http://[::1]/", "address"),
            ("http://2130706433/", "host"),
            ("http://LOCALHOST/", "host"),
            ("https://user:pw@receiver.example/", "user_info"),
            ("file:///etc/passwd", "scheme"),
            ("https://receiver.example:6379/", "port"),
        ],
    )
    def test_w44_w45_w49_refuses_what_leads_inside_naming_the_rule(
        self, owner: Caller, url: str, rule: str
    ) -> None:
        answer = owner.post(ENDPOINTS, {**BODY, "url": url})
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["code"], error["attr"]) in {(rule, "url"), ("address", "url")}

    def test_w53_refuses_http_where_only_https_goes(self, owner: Caller, settings: Any) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "WEBHOOK_HTTPS_ONLY": True}
        answer = owner.post(ENDPOINTS, {**BODY, "url": "http://receiver.example/"})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "https_only"

    @pytest.mark.parametrize(
        "fields",
        [
            {"rate_per_second": 0},
            {"rate_per_second": -1},
            {"schedule_seconds": [0]},
            {"schedule_seconds": [60] * 21},
            {"schedule_seconds": ["soon"]},
            {"status": "paused"},
            {"nmae": "x"},
            {"project": 987654321},
            {"id": 7},
        ],
    )
    def test_names_the_field_that_is_wrong(self, owner: Caller, fields: dict[str, Any]) -> None:
        answer = owner.post(ENDPOINTS, {**BODY, **fields})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"].split(".")[0] in fields

    def test_happens_once_per_idempotency_key_and_repeats_no_secret(self, owner: Caller) -> None:
        headers = {"idempotency-key": "k"}
        first = owner.post(ENDPOINTS, BODY, headers=headers)
        again = owner.post(ENDPOINTS, BODY, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert {**first.json(), "secret": None} == {**again.json(), "secret": None}
        assert "secret" not in again.json()
        assert Endpoint.objects.count() == 1
        different = owner.post(ENDPOINTS, {**BODY, "description": "x"}, headers=headers)
        assert different.status_code == 409


class TestSecrecy:
    def test_w54_shows_no_secret_after_creation(self, owner: Caller) -> None:
        headers = {"Authorization": "Bearer shh-header"}
        created = create(owner, url=f"{URL}?token=shh-token&room=7", headers=headers)
        for answer in (
            owner.get(ENDPOINTS),
            owner.get(path_of(created)),
            owner.call("PATCH", path_of(created), {"description": "x"}),
        ):
            assert created["secret"].encode() not in answer.content
            assert b"shh" not in answer.content
        shown = owner.get(path_of(created)).json()
        assert shown["headers"] == {"Authorization": MASK}
        assert shown["url"] == f"{URL}?token={MASK}&room=7"

    def test_w54_stores_ciphertext_only(self, owner: Caller) -> None:
        created = create(owner, url=f"{URL}?token=shh-token", headers={"X-Key": "shh-header"})
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM webhooks_endpoint")
            stored = repr(cursor.fetchall())
        key = created["secret"].removeprefix("whsec_")
        assert "shh" not in stored
        assert key not in stored
        row = row_of(created)
        assert sealed.address_of(row) == f"{URL}?token=shh-token"
        assert sealed.custom_headers(row) == {"X-Key": "shh-header"}
        assert sealed.live_secrets(row, timezone.now()) == [created["secret"]]

    def test_masked_values_that_come_back_stay(self, owner: Caller) -> None:
        created = create(owner, url=f"{URL}?token=shh", headers={"X-Key": "shh", "X-Old": "x"})
        shown = owner.get(path_of(created)).json()
        changes = {"url": shown["url"], "headers": {"x-key": MASK, "X-New": "n"}}
        assert owner.call("PATCH", path_of(created), changes).status_code == 200
        row = row_of(created)
        assert sealed.address_of(row) == f"{URL}?token=shh"
        assert sealed.custom_headers(row) == {"x-key": "shh", "X-New": "n"}

    @pytest.mark.parametrize(
        ("before", "given", "after"),
        [
            ("?token=shh", f"?token={MASK}&room=7", "?token=shh&room=7"),
            ("?token=shh&room=7", f"/more?room=8&token={MASK}", "/more?room=8&token=shh"),
            ("?key=a&key=b", f"?key={MASK}&key={MASK}", "?key=a&key=b"),
            ("?key=a&key=b", f"?key=c&key={MASK}", "?key=c&key=b"),
            ("?token=shh&sig=ssh", f"?sig={MASK}&token=new", "?sig=ssh&token=new"),
        ],
    )
    def test_masked_values_stay_where_an_address_changes(
        self, owner: Caller, before: str, given: str, after: str
    ) -> None:
        created = create(owner, url=f"{URL}{before}")
        answer = owner.call("PATCH", path_of(created), {"url": f"{URL}{given}"})
        assert answer.status_code == 200, answer.content
        assert sealed.address_of(row_of(created)) == f"{URL}{after}"
        assert "shh" not in answer.json()["url"]

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("https://hooks.slack.com/services/T0/B0/shh", "services/T0/********/********"),
            ("https://discord.com/api/webhooks/12/shh?wait=true", "webhooks/12/********?wait=true"),
            ("https://api.telegram.org/bot7:shh/send", "org/********/********"),
        ],
    )
    def test_w54_masks_the_paths_of_services_that_know_their_customers_by_them(
        self, owner: Caller, url: str, shown: str
    ) -> None:
        created = create(owner, url=url)
        assert created["url"].endswith(shown)
        changes = {"url": created["url"], "description": "x"}
        assert owner.call("PATCH", path_of(created), changes).status_code == 200
        assert sealed.address_of(row_of(created)) == url
        elsewhere = created["url"].replace("https://", "https://not-")
        answer = owner.call("PATCH", path_of(created), {"url": elsewhere})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "masked_value")

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/hook",
            "https://receiver.example:8443/hook",
            "https://receiver.example.evil.example/hook",
            "http://receiver.example/hook",
        ],
    )
    @pytest.mark.parametrize(
        ("query", "headers", "attr"),
        [
            (f"?token={MASK}", {"X-Key": "new"}, "url"),
            ("?token=new", {"X-Key": MASK}, "headers"),
            ("?token=new", {"X-New": "new", "x-key": MASK}, "headers"),
            ("?token=new", None, "headers"),
        ],
    )
    def test_what_one_host_was_told_is_not_sent_to_another(
        self, owner: Caller, elsewhere: str, query: str, headers: dict[str, str] | None, attr: str
    ) -> None:
        created = create(owner, url=f"{URL}?token=shh", headers={"X-Key": "shh"})
        changes = {"url": elsewhere + query, "headers": headers}
        given = {name: value for name, value in changes.items() if value is not None}
        answer = owner.call("PATCH", path_of(created), given)
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["code"], error["attr"]) == ("masked_value", attr)
        assert kept_secrets(created) == (f"{URL}?token=shh", {"X-Key": "shh"})

    def test_moves_to_another_host_with_new_values_or_none(self, owner: Caller) -> None:
        created = create(owner, url=f"{URL}?token=shh", headers={"X-Key": "shh"})
        for headers in ({"X-Key": "new"}, {}):
            changes = {"url": f"https://host-{len(headers)}.example/?token=n", "headers": headers}
            assert owner.call("PATCH", path_of(created), changes).status_code == 200
            assert sealed.address_of(row_of(created)) == changes["url"]
            assert sealed.custom_headers(row_of(created)) == headers

    @pytest.mark.parametrize(
        ("changes", "attr"),
        [
            ({"url": f"{URL}?secret={MASK}"}, "url"),
            ({"url": f"{URL}?token={MASK}&token={MASK}"}, "url"),
            ({"url": f"https://[/?token={MASK}"}, "url"),
            ({"headers": {"X-Other": MASK}}, "headers"),
        ],
    )
    def test_a_mask_that_stands_for_nothing_is_refused(
        self, owner: Caller, changes: dict[str, Any], attr: str
    ) -> None:
        created = create(owner, url=f"{URL}?token=shh", headers={"X-Key": "shh"})
        for answer in (
            owner.call("PATCH", path_of(created), changes),
            owner.post(ENDPOINTS, {**BODY, **changes}),
        ):
            assert answer.status_code == 400
            (error,) = answer.json()["errors"]
            assert (error["code"], error["attr"]) == ("masked_value", attr)
        assert kept_secrets(created) == (f"{URL}?token=shh", {"X-Key": "shh"})


class TestReseal:
    def test_w54_what_an_earlier_key_sealed_is_sealed_anew(
        self, owner: Caller, settings: Any
    ) -> None:
        created = create(owner, headers={"X-Key": "shh"})
        owner.post(path_of(created, "rotate-secret/"))
        before = sealed.live_secrets(row_of(created), timezone.now())
        settings.SECRET_KEY, earlier = "another key of the same installation", settings.SECRET_KEY
        settings.SECRET_KEY_FALLBACKS = [earlier]
        assert (reseal_endpoints(), reseal_endpoints()) == (1, 0)
        settings.SECRET_KEY_FALLBACKS = []
        row = row_of(created)
        assert sealed.live_secrets(row, timezone.now()) == before
        assert sealed.custom_headers(row) == {"X-Key": "shh"}
        assert sealed.address_of(row) == URL

    def test_what_no_key_opens_stays(self, owner: Caller, settings: Any) -> None:
        created = create(owner)
        before = row_of(created).sealed_secret
        settings.SECRET_KEY = "a key that was never used before"
        assert reseal_endpoints() == 0
        assert row_of(created).sealed_secret == before


class TestRotateSecret:
    def test_w06_signs_with_both_within_the_grace_new_first(self, owner: Caller) -> None:
        created = create(owner)
        new = owner.post(path_of(created, "rotate-secret/"), {"grace_seconds": 600}).json()[
            "secret"
        ]
        row = row_of(created)
        now = timezone.now()
        assert sealed.live_secrets(row, now) == [new, created["secret"]]
        assert sealed.live_secrets(row, now + timedelta(seconds=601)) == [new]

    def test_w06_grace_0_ends_the_former_at_once(self, owner: Caller) -> None:
        created = create(owner)
        owner.post(path_of(created, "rotate-secret/"), {"grace_seconds": 600})
        new = owner.post(path_of(created, "rotate-secret/"), {"grace_seconds": 0}).json()["secret"]
        assert sealed.live_secrets(row_of(created), timezone.now()) == [new]

    def test_w06_refuses_more_live_secrets_than_it_signs_with(self, owner: Caller) -> None:
        created = create(owner)
        answers = [owner.post(path_of(created, "rotate-secret/")) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 409]
        live = sealed.live_secrets(row_of(created), timezone.now())
        shown = [answer.json()["secret"] for answer in answers[:4]]
        assert live == [*reversed(shown), created["secret"]]


class TestChange:
    def test_changes_what_is_given(self, owner: Caller) -> None:
        created = create(owner)
        changes = {"event_types": ["*"], "ordered": True, "schedule_seconds": [1, 2.5]}
        changed = owner.call("PATCH", path_of(created), changes).json()
        created.pop("secret")
        assert {name: changed[name] for name in changes} == changes
        same = set(created) - set(changes) - {"updated_at"}
        assert {name: changed[name] for name in same} == {name: created[name] for name in same}

    def test_refuses_another_address_by_the_same_rules(self, owner: Caller) -> None:
        created = create(owner)
        answer = owner.call("PATCH", path_of(created), {"url": "http://10.0.0.1/"})
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "url")
        assert sealed.address_of(row_of(created)) == URL

    def test_disables_and_enables(self, owner: Caller) -> None:
        created = create(owner)
        disabled = owner.call("PATCH", path_of(created), {"status": "disabled"}).json()
        assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "by_owner")
        enabled = owner.post(path_of(created, "enable/")).json()
        assert (enabled["status"], enabled["disabled_reason"]) == ("enabled", None)

    def test_deletes_at_once_for_its_owner(self, owner: Caller) -> None:
        created = create(owner)
        make_deliveries(row_of(created))
        assert owner.call("DELETE", path_of(created)).status_code == 204
        assert owner.get(path_of(created)).status_code == 404
        assert owner.get("/api/webhooks/deliveries/").json()["results"] == []
        assert WebhookDelivery.objects.get().status == "held"

    def test_refuses_a_project_of_somebody_else(self, owner: Caller, other: Caller) -> None:
        project = other.post("/api/projects/", {"name": "p"}).json()["id"]
        answer = owner.post(ENDPOINTS, {**BODY, "project": project})
        missing = owner.post(ENDPOINTS, {**BODY, "project": 987654321})
        assert answer.status_code == 400
        assert answer.content == missing.content


class TestAudit:
    def test_the_endpoints_stream_tells_what_was_done_to_it(self, owner: Caller) -> None:
        created = create(owner, url=f"{URL}?token=shh")
        row = row_of(created)
        changes = {"headers": {"X-Key": "shh"}, "ordered": True, "status": "disabled"}
        owner.call("PATCH", path_of(created), changes)
        owner.call("PATCH", path_of(created), {"status": "enabled"})
        owner.post(path_of(created, "rotate-secret/"), {"grace_seconds": 60})
        owner.call("DELETE", path_of(created))
        told = [(one.type, one.data) for one in read_after(row.stream, 0, 20)]
        assert told == [
            ("endpoint.created", {}),
            ("endpoint.changed", {"fields": ["headers", "ordered"]}),
            ("endpoint.disabled", {"reason": "by_owner"}),
            ("endpoint.enabled", {}),
            ("endpoint.secret_rotated", {"grace_seconds": 60.0}),
            ("endpoint.disabled", {"reason": "by_owner"}),
            ("endpoint.deleted", {}),
        ]
        assert "shh" not in str(told)

    def test_is_deleted_once_whoever_else_deletes_it(self, owner: Caller) -> None:
        row = row_of(create(owner))
        delete_endpoint(row)
        first = endpoint_now(row).deleted_at
        delete_endpoint(row)
        told = [one.type for one in read_after(row.stream, 0, 20)]
        assert told == ["endpoint.created", "endpoint.disabled", "endpoint.deleted"]
        assert endpoint_now(row).deleted_at == first

    def test_what_was_refused_leaves_no_trace(self, owner: Caller) -> None:
        created = create(owner)
        row = row_of(created)
        owner.call("PATCH", path_of(created), {"url": "http://10.0.0.1/"})
        owner.post(path_of(created, "rotate-secret/"), {"secret": "x"})
        assert [one.type for one in read_after(row.stream, 0, 20)] == ["endpoint.created"]


class TestTestSend:
    def test_w56_is_flagged_and_takes_a_number(self, owner: Caller) -> None:
        created = create(owner)
        answer = owner.post(path_of(created, "test/"), {"event_type": "scraping.failed"})
        assert answer.status_code == 202
        delivery = owner.get(answer["Location"]).json()
        assert (delivery["is_test"], delivery["event_type"]) == (True, "scraping.failed")
        assert delivery["sequence"] == endpoint_now(row_of(created)).last_sequence == 1

    def test_carries_data_of_the_callers_own(self, owner: Caller) -> None:
        created = create(owner)
        data = {"z": 1, "a": [True, None], "test": False}
        answer = owner.post(path_of(created, "test/"), {"data": data})
        payload = json.loads(owner.get(answer["Location"]).json()["payload"])
        sent = payload["data"]
        assert sent == {"endpoint": created["id"], "z": 1, "a": [True, None], "test": True}
        assert list(sent)[1:3] == ["z", "a"]

    @pytest.mark.parametrize("data", ["x", [1], 5, {"a": "x" * 70_000}])
    def test_refuses_data_that_is_no_object_or_too_large(self, owner: Caller, data: Any) -> None:
        created = create(owner)
        answer = owner.post(path_of(created, "test/"), {"data": data})
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "data")

    def test_w56_is_limited(self, owner: Caller) -> None:
        created = create(owner)
        codes = [owner.post(path_of(created, "test/")).status_code for _ in range(11)]
        assert codes == [202] * 10 + [429]

    def test_refuses_an_unknown_type_and_a_disabled_endpoint(self, owner: Caller) -> None:
        created = create(owner)
        assert owner.post(path_of(created, "test/"), {"event_type": "x"}).status_code == 400
        owner.call("PATCH", path_of(created), {"status": "disabled"})
        answer = owner.post(path_of(created, "test/"))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (
            409,
            "endpoint_disabled",
        )


class TestCatalogue:
    def test_is_for_everybody(self, anonymous: Caller) -> None:
        types = {one["name"]: one for one in anonymous.get("/api/webhooks/event-types/").json()}
        assert types["scraping.completed"]["schema"]["title"] == "scraping.completed"
        snippets = anonymous.get("/api/webhooks/snippets/").json()
        assert {"Python", "JavaScript", "Go", "PHP", "Shell"} == {
            one["language"] for one in snippets
        }
