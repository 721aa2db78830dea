"""What a JSON body may be."""

from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from rest_framework.exceptions import ParseError

from common.api import ApiView
from config.api import MAX_JSON_DEPTH, PayloadTooLarge, StrictJSONParser
from tests.callers import Caller

PROJECTS = "/api/projects/"

HOSTILE = {
    "NUL": b'{"name": "a\\u0000b"}',
    "NUL in a name": b'{"na\\u0000me": "a"}',
    "raw NUL": b'{"name": "a\x00b"}',
    "high surrogate": b'{"name": "\\ud800"}',
    "low surrogate": b'{"name": "x\\udfff"}',
    "surrogate in a name": b'{"\\ud800": 1}',
    "nested surrogate": b'{"name": "p", "keywords": [["\\udc00"]]}',
    "1e400": b'{"name": 1e400}',
    "-1e400": b'{"name": -1e400}',
    "10^400": b'{"name": 1' + b"0" * 400 + b"}",
    "10^500000": b'{"name": 1' + b"0" * 500_000 + b"}",
    "2^63": b'{"name": 9223372036854775808}',
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "depth 1e5": b"[" * 100_000,
    "depth 1e5 closed": b"[" * 100_000 + b"]" * 100_000,
    "depth 1e5 of objects": b'{"a":' * 100_000,
    "depth 33": b"[" * (MAX_JSON_DEPTH + 1) + b"1" + b"]" * (MAX_JSON_DEPTH + 1),
    "duplicate keys": b'{"name": "a", "name": "b"}',
    "nested duplicate keys": b'{"name": "a", "x": [{"y": 1, "y": 1}]}',
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "two values": b'{"name": "a"} {}',
    "single quotes": b"{'name': 'a'}",
    "trailing comma": b'{"name": "a",}',
    "nothing but space": b" ",
    "truncated": b'{"name": "a',
}


def parse(body: bytes) -> Any:
    return StrictJSONParser().parse(BytesIO(body))


class TestStrictJSONParser:
    @pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
    def test_x16_refuses_what_parsers_and_databases_disagree_on(self, body: bytes) -> None:
        with pytest.raises(ParseError):
            parse(body)

    def test_x16_refuses_a_body_longer_than_any_of_ours(self) -> None:
        with pytest.raises(PayloadTooLarge):
            parse(b'"' + b"x" * 1_048_576 + b'"')

    @pytest.mark.parametrize(
        ("body", "value"),
        [
            (
                b'{"a": [1, -1.5e3, true, null, "\\ud83d\\ude00"]}',
                {"a": [1, -1500.0, True, None, "😀"]},
            ),
            (b"9223372036854775807", 2**63 - 1),
            (b"-9223372036854775807", -(2**63) + 1),
            (b"[" * 20 + b"]" * 20, None),
            (b'{"": ""}', {"": ""}),
        ],
    )
    def test_reads_the_rest(self, body: bytes, value: Any) -> None:
        assert parse(body) == value or value is None


class TestHostileBodies:
    @pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
    def test_x16_are_answered_with_400(self, owner: Caller, body: bytes) -> None:
        answer = owner.call("POST", PROJECTS, body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "parse_error"

    def test_x16_a_body_of_50_mb_is_answered_with_413(self, owner: Caller) -> None:
        answer = owner.call("POST", PROJECTS, b'{"name": "' + b"x" * 50_000_000 + b'"}')
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["code"] == "request_too_large"

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/xml", "multipart/form-data"]
    )
    def test_other_content_types_are_answered_with_415(
        self, owner: Caller, content_type: str
    ) -> None:
        answer = owner.call("POST", PROJECTS, '{"name": "p"}', content_type=content_type)
        assert answer.status_code == 415
        assert answer.json()["type"] == "client_error"

    @pytest.mark.parametrize("query", ["cursor=%00", "cursor=%FF%FE", "page_size=%00", "%00=1"])
    def test_x16_reach_no_query_either(self, owner: Caller, query: str) -> None:
        assert owner.get(f"{PROJECTS}?{query}").status_code == 400

    def test_bodies_without_a_length_are_read(self) -> None:
        headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        view = ApiView()
        view.setup(request := ASGIRequest(scope, BytesIO(b'{"name": "p"}')))
        assert view.initialize_request(request).data == {"name": "p"}
