"""The headers that protect every class of answer."""

import re
from typing import Any

import pytest

from tests.callers import Caller

ANSWERS = [
    ("GET", "/api/projects/", 200),
    ("POST", "/api/projects/", 400),
    ("PUT", "/api/projects/", 405),
    ("GET", "/api/projects/7/", 404),
    ("GET", "/api/nothing/", 404),
    ("GET", "/api/schema/", 200),
    ("GET", "/api/docs/", 200),
    ("GET", "/healthz", 200),
    ("GET", "/metrics", 200),
    ("GET", "/django-admin/login/", 200),
]


class TestHeaders:
    @pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
    def test_x24_are_on_every_class_of_answer(
        self, owner: Caller, method: str, path: str, status: int
    ) -> None:
        answer = owner.call(method, path, {} if method == "POST" else None)
        assert answer.status_code == status
        policy = answer["Content-Security-Policy"]
        for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert directive in policy
        assert "unsafe" not in policy
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"
        assert "camera=()" in answer["Permissions-Policy"]
        assert "X-Request-ID" in answer

    @pytest.mark.parametrize("path", ["/api/projects/", "/api/auth/me/", "/api/projects/7/"])
    def test_x24_private_json_is_never_stored(self, owner: Caller, path: str) -> None:
        assert owner.get(path)["Cache-Control"] == "no-store"

    def test_x24_nobodys_refusal_is_not_stored_either(self, anonymous: Caller, db: None) -> None:
        assert anonymous.get("/api/projects/")["Cache-Control"] == "no-store"

    def test_x24_tokens_are_never_stored(self, owner: Caller) -> None:
        answer = owner.post("/api/auth/api-tokens/", {"name": "script"})
        assert answer["Cache-Control"] == "no-store"


class TestApiDocs:
    def test_carry_nothing_inline(self, anonymous: Caller, db: None) -> None:
        page = anonymous.get("/api/docs/").text
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
        assert len(scripts) == 3
        assert all("src=" in attributes and not body for attributes, body in scripts)
        assert "<style" not in page
        assert not re.search(r"\son\w+=|\sstyle=", page)

    def test_load_everything_from_here(self, anonymous: Caller, db: None) -> None:
        page = anonymous.get("/api/docs/").text
        for address in re.findall(r'(?:src|href)="([^"]+)"', page):
            assert address.startswith("/"), address

    def test_start_from_a_script_of_their_own(self, anonymous: Caller, db: None) -> None:
        page = anonymous.get("/api/docs/").text
        (script,) = [src for src in re.findall(r'<script src="([^"]+)"', page) if "script" in src]
        answer: Any = anonymous.get(script)
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("application/javascript")
        assert "/api/schema/" in answer.text
