"""The code that receivers copy is run as they would run it, on requests good and bad."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.services import skip_or_fail
from tests.webhooks import test_signing as vector
from webhooks.signing import new_secret, sign
from webhooks.snippets import SNIPPETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Accepts = Callable[["Request"], bool]

BODY = '{"id":"evt_1","text":"ñ 🦊 \u2028","number":9007199254740993}'.encode()
TEXTS = {snippet.language: snippet for snippet in SNIPPETS}

_PYTHON = """
import base64, json, sys
from verify import is_genuine
r = json.load(sys.stdin)
sys.exit(0 if is_genuine(r["secret"], r["headers"], base64.b64decode(r["body"])) else 1)
"""
_JAVASCRIPT = """
import { readFileSync } from "node:fs";
import { isGenuine } from "./verify.mjs";
const r = JSON.parse(readFileSync(0, "utf8"));
process.exit(isGenuine(r.secret, r.headers, Buffer.from(r.body, "base64")) ? 0 : 1);
"""
_PHP = """<?php
require 'verify.php';
$r = json_decode(file_get_contents('php://stdin'), true);
exit(is_genuine($r['secret'], $r['headers'], base64_decode($r['body'])) ? 0 : 1);
"""
_DRIVERS = {
    "Python": (sys.executable, "try.py", _PYTHON),
    "JavaScript": ("node", "try.mjs", _JAVASCRIPT),
    "PHP": ("php", "try.php", _PHP),
}


@dataclass(frozen=True)
class Request:
    """What a receiver gets, and the secret that it has."""

    secret: str
    headers: dict[str, str]
    body: bytes = BODY
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def changed(self, **headers: str) -> Request:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **given})


def genuine(*secrets: str, age_seconds: int = 0) -> Request:
    timestamp = int(time.time()) - age_seconds
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secrets, "evt_1", timestamp, BODY),
    }
    return Request(secrets[-1], headers)


def run(command: list[str], folder: Path, given: bytes, environment: dict[str, str]) -> bool:
    ran = subprocess.run(
        command, cwd=folder, input=given, env=environment, capture_output=True, check=False
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert not ran.stderr, ran.stderr
    return ran.returncode == 0


@pytest.fixture(params=["Python", "JavaScript", "PHP", "Shell"])
def accepts(request: pytest.FixtureRequest, tmp_path: Path) -> Accepts:
    """Ask the snippet of a language, in its own interpreter."""
    snippet = TEXTS[request.param]
    (tmp_path / snippet.file_name).write_text(snippet.code, encoding="utf-8")
    if snippet.language == "Shell":
        return lambda asked: _ask_shell(asked, tmp_path)
    program, name, driver = _DRIVERS[snippet.language]
    if shutil.which(program) is None:
        skip_or_fail(f"{program} is not installed")
    (tmp_path / name).write_text(driver)

    def ask(asked: Request) -> bool:
        body = base64.b64encode(asked.body).decode()
        given = {"secret": asked.secret, "headers": asked.headers, "body": body}
        return run([program, name], tmp_path, json.dumps(given).encode(), asked.environment)

    return ask


def _ask_shell(asked: Request, folder: Path) -> bool:
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    values = [asked.headers.get(name, "") for name in names]
    environment = {**asked.environment, "WEBHOOK_SECRET": asked.secret}
    return run(["sh", "verify.sh", *values], folder, asked.body, environment)


class TestEachSnippet:
    def test_accepts_what_is_genuine(self, accepts: Accepts) -> None:
        assert accepts(genuine(new_secret()))
        assert accepts(genuine(new_secret(), age_seconds=290))
        assert accepts(genuine(new_secret(), age_seconds=-290))

    def test_w06_accepts_either_secret_while_rotating(self, accepts: Accepts) -> None:
        both = genuine(new_secret(), old := new_secret())
        assert accepts(both)
        assert accepts(replace(both, secret=old))

    def test_rejects_what_was_tampered_with(self, accepts: Accepts) -> None:
        good = genuine(new_secret())
        assert not accepts(replace(good, body=BODY + b" "))
        assert not accepts(replace(good, body=BODY.replace(b"993", b"994")))
        assert not accepts(good.changed(webhook_id="evt_2"))
        assert not accepts(replace(good, secret=new_secret()))

    @pytest.mark.parametrize("age_seconds", [310, -310])
    def test_rejects_what_is_stale(self, accepts: Accepts, age_seconds: int) -> None:
        assert not accepts(genuine(new_secret(), age_seconds=age_seconds))

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_rejects_a_missing_header(self, accepts: Accepts, name: str) -> None:
        good = genuine(new_secret())
        kept = {key: value for key, value in good.headers.items() if key != name}
        assert not accepts(replace(good, headers=kept))

    @pytest.mark.parametrize("timestamp", ["now", "-1", "1e9", "1 or 1", "99999999999"])
    def test_rejects_a_timestamp_that_is_none(self, accepts: Accepts, timestamp: str) -> None:
        assert not accepts(genuine(new_secret()).changed(webhook_timestamp=timestamp))

    @pytest.mark.parametrize("signature", ["v1,", "v1", "*", "v1,* ", "v2,abc", "v1,ñ"])
    def test_rejects_a_signature_that_is_none(self, accepts: Accepts, signature: str) -> None:
        assert not accepts(genuine(new_secret()).changed(webhook_signature=signature))


class TestGo:
    def test_carries_the_published_vector_for_whoever_runs_it(self) -> None:
        text = TEXTS["Go"].code
        for part in (vector.SECRET, vector.MESSAGE_ID, str(vector.TIMESTAMP), vector.SIGNATURE):
            assert part in text
        assert vector.BODY.decode() in text

    def test_checks_what_the_others_check(self) -> None:
        text = TEXTS["Go"].code
        for part in ("hmac.Equal", "sha256.New", "5 * time.Minute", '"v1,"', "StdEncoding"):
            assert part in text
        assert re.search(r'"%s\.%s\."', text)
