"""Who gets at what: every route of the OpenAPI document, for its owner, somebody else and nobody.

A route that another application adds is covered as soon as the document lists it; a line in OWNED
makes an object whose foreign answer is then compared with that of a missing one.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from config.openapi import add_plain_routes
from projects.models import Project
from tests.callers import Caller
from tests.exports.building import finished_export, make_post

METHODS = ("get", "post", "put", "patch", "delete")

# Larger than any id of a test run, and still an id.
MISSING = {"integer": "987654321", "string": "t3_missing"}

# What is public on purpose: everything else needs a caller.
PUBLIC = {
    "GET /api/auth/register/",
    "POST /api/auth/register/",
    "POST /api/auth/token/",
    "POST /api/auth/token/refresh/",
    "POST /api/auth/logout/",
    "GET /api/webhooks/event-types/",
    "GET /api/webhooks/snippets/",
}


def project(owner: Caller) -> str:
    return str(owner.post("/api/projects/", {"name": "p"}).json()["id"])


def api_token(owner: Caller) -> str:
    return str(owner.post("/api/auth/api-tokens/", {"name": "t"}).json()["id"])


def job(owner: Caller) -> str:
    body = {"project": int(project(owner)), "backend": "native_json", "subreddits": ["python"]}
    answer = owner.post("/api/scraper/jobs/", body)
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def export(owner: Caller) -> str:
    return str(finished_export(owner, int(project(owner)), b"{}").pk)


def endpoint(owner: Caller) -> str:
    body = {"url": "https://receiver.example/hook", "event_types": ["*"]}
    answer = owner.post("/api/webhooks/endpoints/", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def delivery(owner: Caller) -> str:
    answer = owner.post(f"/api/webhooks/endpoints/{endpoint(owner)}/test/")
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def recovery(owner: Caller) -> str:
    body = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    answer = owner.post(f"/api/webhooks/endpoints/{endpoint(owner)}/recover/", body)
    assert answer.status_code == 202, answer.content
    return str(answer.json()["id"])


def stored_post(owner: Caller) -> dict[str, str]:
    post = make_post(Project.objects.get(pk=project(owner)), 1)
    return {"project_id": str(post.project_id), "fullname": post.fullname}


def end_of_log(owner: Caller, owned: dict[str, str]) -> int:
    """Return the number of the last event of a run, which ends if it has not."""
    if number := owned.get("job_id"):
        return int(owner.post(f"/api/scraper/jobs/{number}/cancel/").json()["event_seq"])
    return int(owner.get(f"/api/exports/{owned['export_id']}/").json()["event_seq"])


# Path parameter -> how its owner comes by such an object.
OWNED: dict[str, Callable[[Caller], str]] = {
    "project_id": project,
    "token_id": api_token,
    "job_id": job,
    "export_id": export,
    "endpoint_id": endpoint,
    "delivery_id": delivery,
    "recovery_id": recovery,
}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = SchemaGenerator().get_schema(request=None, public=True)
    document = add_plain_routes(document)
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


OPERATIONS = operations()
WITH_IDS = [entry for entry in OPERATIONS if "{" in entry[1]]


def label(entry: tuple[str, str, dict[str, Any]]) -> str:
    return f"{entry[0]} {entry[1]}"


def path_parameters(operation: dict[str, Any]) -> dict[str, str]:
    return {
        parameter["name"]: MISSING[parameter["schema"].get("type", "string")]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    }


def fill(path: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    return path


def send(caller: Caller, method: str, path: str) -> Any:
    return caller.call(method, path, None if method == "GET" else {})


class TestEveryRoute:
    def test_is_in_the_document(self) -> None:
        listed = {path for _, path, _ in OPERATIONS}
        for name in ("projects", "me", "api-tokens", "token-refresh", "jobs"):
            assert reverse(name) in listed
        assert "/api/scraper/jobs/{job_id}/stream/" in listed

    @pytest.mark.parametrize("entry", OPERATIONS, ids=label)
    def test_x11_x42_answers_nobody_with_401(
        self, anonymous: Caller, entry: tuple[str, str, dict[str, Any]], db: None
    ) -> None:
        method, path, operation = entry
        answer = send(anonymous, method, fill(path, path_parameters(operation)))
        if label(entry) in PUBLIC:
            assert answer.status_code in {200, 400, 401, 403}
            assert {} in operation["security"]
        else:
            assert answer.status_code == 401, answer.content
            assert answer.json()["errors"][0]["code"] in {
                "not_authenticated",
                "authentication_failed",
            }
            assert {} not in operation["security"]

    @pytest.mark.parametrize("path", sorted({path for _, path, _ in OPERATIONS}))
    def test_x44_answers_other_methods_with_405_and_allow(self, owner: Caller, path: str) -> None:
        known = {entry[0] for entry in OPERATIONS if entry[1] == path}
        names = path_parameters(next(entry[2] for entry in OPERATIONS if entry[1] == path))
        for method in {"TRACE", "PUT", "POST", "DELETE", "BREW"} - known:
            answer = send(owner, method, fill(path, names))
            assert answer.status_code == 405
            assert known <= set(answer["Allow"].split(", "))
            body = answer.json()
            assert body["type"] == "client_error"
            assert [error["code"] for error in body["errors"]] == ["method_not_allowed"]

    @pytest.mark.parametrize("entry", WITH_IDS, ids=label)
    def test_x11_answers_foreign_as_missing(
        self, owner: Caller, other: Caller, entry: tuple[str, str, dict[str, Any]]
    ) -> None:
        method, path, operation = entry
        missing = path_parameters(operation)
        expected = send(other, method, fill(path, missing))
        assert expected.status_code == 404, expected.content
        for name in missing:
            if make := OWNED.get(name):
                foreign = send(other, method, fill(path, {**missing, name: make(owner)}))
                assert foreign.status_code == 404
                assert foreign.content == expected.content

    @pytest.mark.parametrize(
        "entry",
        [entry for entry in WITH_IDS if label(entry).startswith(("GET", "PATCH"))],
        ids=label,
    )
    def test_x11_answers_its_owner(
        self, owner: Caller, entry: tuple[str, str, dict[str, Any]]
    ) -> None:
        method, path, operation = entry
        names = path_parameters(operation)
        if "fullname" in names:
            owned = stored_post(owner)
        else:
            owned = {name: OWNED[name](owner) for name in names}
        if path.endswith("/stream/"):
            # After the last event there is nothing to send: an answer that ends.
            address = f"{fill(path, owned)}?after={end_of_log(owner, owned)}"
            assert send(owner, method, address).status_code == 204
        else:
            assert send(owner, method, fill(path, owned)).status_code == 200

    @pytest.mark.parametrize("path", ["/api/projects/", "/api/scraper/jobs/"])
    def test_x11_lists_show_nothing_of_others(
        self, owner: Caller, other: Caller, path: str
    ) -> None:
        job(owner)
        assert owner.get(path).json()["results"]
        assert other.get(path).json()["results"] == []

    def test_x11_filters_and_bodies_do_not_tell_foreign_from_missing(
        self, owner: Caller, other: Caller
    ) -> None:
        foreign, missing = int(project(owner)), int(MISSING["integer"])
        answers = [
            other.post("/api/scraper/jobs/", {"project": number, "subreddits": ["python"]})
            for number in (foreign, missing)
        ]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert answers[0].content == answers[1].content
        assert answers[0].json()["errors"][0]["code"] == "does_not_exist"
        lists = [other.get(f"/api/scraper/jobs/?project={n}").content for n in (foreign, missing)]
        assert lists[0] == lists[1]


class TestPublicPages:
    def test_x42_the_description_is_public_json(self, anonymous: Caller, db: None) -> None:
        answer = anonymous.get("/api/schema/")
        assert answer.status_code == 200
        assert "json" in answer["Content-Type"]
        document = json.loads(answer.content)
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"

    def test_x42_the_admin_asks_for_a_sign_in(self, anonymous: Caller, owner: Caller) -> None:
        for caller in (anonymous, owner):
            answer = caller.get("/django-admin/")
            assert answer.status_code == 302
            assert "/login/" in answer["Location"]
