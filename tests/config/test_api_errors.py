"""How errors are answered: the shape, the statuses, and nothing about ourselves."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common import errors
from common.api import ApiView
from config import urls as real_urls
from config.logs import LineFormatter
from tests.callers import Caller

LEAK = "postgres://teppan:hunter2@db/teppan"

RAISED: dict[str, Exception] = {
    "input": errors.InvalidInput("too_odd", "Odd.", attr="limit"),
    "plain-input": errors.InvalidInput("too_odd", "Odd."),
    "nobody": errors.Unauthenticated(),
    "forbidden": errors.Forbidden("no", "No."),
    "missing": errors.NotFound(),
    "conflict": errors.Conflict("running", "It runs."),
    "often": errors.TooMany("Slower.", retry_after=2.1),
    "unavailable": errors.Unavailable("not_configured", "No source."),
    "bug": ZeroDivisionError(LEAK),
    "database": OperationalError(LEAK),
}


class RaisingView(ApiView):
    permission_classes = (AllowAny,)
    authentication_classes = ()

    def get(self, request: Request, name: str) -> Response:
        raise RAISED[name]


def raising_view(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


async def raising_async_view(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


urlpatterns = [
    path("api/rest/<str:name>/", RaisingView.as_view()),
    path("api/plain/<str:name>/", raising_view),
    path("api/async/<str:name>/", raising_async_view),
    path("", include(real_urls.urlpatterns)),
]
handler404 = real_urls.handler404
handler500 = real_urls.handler500


@pytest.fixture
def client(settings: Any) -> Client:
    settings.ROOT_URLCONF = "tests.config.test_api_errors"
    return Client(raise_request_exception=False)


@pytest.fixture(params=["rest", "plain", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.ERROR):
        yield caplog


class TestAnticipatedErrors:
    @pytest.mark.parametrize(
        ("name", "status", "type_", "code"),
        [
            ("input", 400, "validation_error", "too_odd"),
            ("plain-input", 400, "validation_error", "too_odd"),
            ("nobody", 401, "client_error", "authentication_failed"),
            ("forbidden", 403, "client_error", "no"),
            ("missing", 404, "client_error", "not_found"),
            ("conflict", 409, "client_error", "running"),
            ("often", 429, "client_error", "throttled"),
            ("unavailable", 503, "server_error", "not_configured"),
        ],
    )
    def test_have_one_shape_from_every_kind_of_view(
        self, client: Client, kind: str, name: str, status: int, type_: str, code: str
    ) -> None:
        answer = client.get(f"/api/{kind}/{name}/")
        attr = "limit" if name == "input" else None
        assert answer.status_code == status
        assert answer.json() == {
            "type": type_,
            "errors": [{"code": code, "detail": str(RAISED[name]), "attr": attr}],
        }

    def test_say_how_long_to_wait(self, client: Client, kind: str) -> None:
        assert client.get(f"/api/{kind}/often/")["Retry-After"] == "3"

    def test_name_the_scheme(self, client: Client, kind: str) -> None:
        assert client.get(f"/api/{kind}/nobody/")["WWW-Authenticate"] == "Bearer"

    def test_are_not_logged_as_faults(
        self, client: Client, kind: str, logged: pytest.LogCaptureFixture
    ) -> None:
        client.get(f"/api/{kind}/unavailable/")
        assert not [r for r in logged.records if r.exc_info]


class TestUnexpectedErrors:
    def test_x32_say_only_where_the_log_has_more(
        self, client: Client, kind: str, logged: pytest.LogCaptureFixture
    ) -> None:
        answer = client.get(f"/api/{kind}/bug/", headers={"x-request-id": "trace-7"})
        assert answer.status_code == 500
        assert answer["X-Request-ID"] == "trace-7"
        body = answer.json()
        assert body["type"] == "server_error"
        assert "trace-7" in body["errors"][0]["detail"]
        assert "hunter2" not in answer.text
        assert "ZeroDivisionError" not in answer.text
        assert [r for r in logged.records if r.exc_info and r.exc_info[0] is ZeroDivisionError]

    def test_x32_a_database_that_is_gone_is_503(self, client: Client) -> None:
        answer = client.get("/api/rest/database/")
        assert answer.status_code == 503
        assert answer.json()["errors"][0]["code"] == "database_unavailable"
        assert "hunter2" not in answer.text

    def test_x31_logged_fields_cannot_forge_lines(self) -> None:
        record = logging.LogRecord(
            "teppan", logging.INFO, "", 0, "%s", ("a\r\nERROR forged\x1b[31m\x9b2J\x00",), None
        )
        record.request_id = "-"
        line = LineFormatter().format(record)
        assert "\n" not in line
        assert "\r" not in line
        assert "\x1b" not in line
        assert "\x9b" not in line
        assert "\\x0d\\x0aERROR forged" in line

    @pytest.mark.parametrize("number", ["x" * 65, "a b", "a\tb", "<script>"])
    def test_x31_a_request_id_that_could_break_a_line_is_replaced(
        self, client: Client, number: str
    ) -> None:
        answer = client.get("/healthz", headers={"x-request-id": number})
        assert answer["X-Request-ID"] != number


class TestUnknownRoutes:
    @pytest.mark.parametrize(
        "path", ["/api/", "/api/nothing/", "/api/projects", "/api/projects/x/"]
    )
    def test_below_api_answer_as_a_missing_object_does(self, owner: Caller, path: str) -> None:
        answer = owner.get(path)
        assert answer.status_code == 404
        assert answer.json() == {
            "type": "client_error",
            "errors": [{"code": "not_found", "detail": "Not found.", "attr": None}],
        }


class TestMethods:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"])
    def test_x44_unknown_ones_are_405_with_allow(self, owner: Caller, method: str) -> None:
        answer = owner.call(method, "/api/projects/")
        assert answer.status_code == 405
        assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
    @pytest.mark.parametrize("method", ["POST", "DELETE", "TRACE"])
    def test_x44_health_is_read_only(self, anonymous: Caller, path: str, method: str) -> None:
        answer = anonymous.call(method, path)
        assert answer.status_code == 405
        assert answer["Allow"] == "GET, HEAD"

    @pytest.mark.parametrize(
        "name", ["x-http-method-override", "x-method-override", "x-http-method"]
    )
    def test_x44_no_header_overrides_the_method(self, owner: Caller, name: str) -> None:
        project = owner.post("/api/projects/", {"name": "p"}).json()["id"]
        path = f"/api/projects/{project}/"
        assert owner.post(path, headers={name: "DELETE"}).status_code == 405
        assert owner.get(path, headers={name: "DELETE"}).status_code == 200
        assert owner.get(path).status_code == 200

    def test_options_names_the_methods(self, owner: Caller) -> None:
        answer = owner.call("OPTIONS", "/api/projects/")
        assert answer.status_code == 204
        assert "POST" in answer["Allow"]
