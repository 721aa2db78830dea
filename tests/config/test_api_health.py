"""Health, readiness, metrics, general limits and start-up checks."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config import checks, throttles
from config.presence import KEY_PREFIX, connect
from config.throttles import Buckets, Rate
from projects.services.accounts import create_api_token
from tests.callers import Caller, MakeUser, with_token

# From the range that documentation may use: never this machine.
ELSEWHERE = "192.0.2.7"


@pytest.fixture
def worker() -> Any:
    with connect() as client:
        client.set(f"{KEY_PREFIX}test", "alive", ex=15)
        yield client
        client.delete(f"{KEY_PREFIX}test")


class TestHealthz:
    def test_asks_nothing_of_the_database(self, anonymous: Caller) -> None:
        assert anonymous.get("/healthz").json() == {"status": "ok"}


class TestReadyz:
    def test_is_ready_when_everything_answers(
        self, anonymous: Caller, worker: Any, db: None
    ) -> None:
        answer = anonymous.get("/readyz")
        assert answer.json()["checks"] == dict.fromkeys(
            ("database", "migrations", "broker", "worker"), "ok"
        )
        assert answer.status_code == 200

    def test_names_a_missing_worker(self, anonymous: Caller, worker: Any, db: None) -> None:
        worker.delete(f"{KEY_PREFIX}test")
        answer = anonymous.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["worker"] != "ok"
        assert answer.json()["checks"]["broker"] == "ok"

    def test_names_a_broker_that_is_gone(self, anonymous: Caller, settings: Any, db: None) -> None:
        settings.REDIS_URL = "unix:///nowhere/broker.sock"
        answer = anonymous.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"]["broker"] == "ConnectionError"
        assert answer.json()["checks"]["database"] == "ok"
        assert "nowhere" not in answer.text

    def test_names_missing_migrations(self, anonymous: Caller, worker: Any, db: None) -> None:
        (latest,) = MigrationLoader(connection).graph.leaf_nodes("projects")
        MigrationRecorder(connection).record_unapplied(*latest)
        answer = anonymous.get("/readyz")
        assert answer.status_code == 503
        assert "not applied" in answer.json()["checks"]["migrations"]


class TestMetrics:
    def test_x42_are_for_this_machine(self, anonymous: Caller, db: None) -> None:
        answer = anonymous.get("/metrics")
        assert answer.status_code == 200
        assert b"python_info" in answer.content
        assert anonymous.get("/metrics", REMOTE_ADDR="::1").status_code == 200

    @pytest.mark.parametrize("name", ["x-forwarded-for", "x-real-ip", "forwarded"])
    def test_x42_are_not_for_whom_a_proxy_on_this_machine_serves(
        self, anonymous: Caller, name: str, db: None
    ) -> None:
        assert anonymous.get("/metrics", headers={name: "127.0.0.1"}).status_code == 401

    @pytest.mark.parametrize("address", [ELSEWHERE, "", "10.0.0.1", "127.0.0.1.evil"])
    def test_x42_are_not_for_others(self, anonymous: Caller, address: str, db: None) -> None:
        assert anonymous.get("/metrics", REMOTE_ADDR=address).status_code == 401

    def test_x42_are_for_a_superusers_token(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        caller = Caller(with_token(create_api_token(user, "prometheus")[1]))
        assert caller.get("/metrics", REMOTE_ADDR=ELSEWHERE).status_code == 403
        user.is_superuser = True
        user.save()
        assert caller.get("/metrics", REMOTE_ADDR=ELSEWHERE).status_code == 200


class TestThrottle:
    def test_lets_a_burst_through_and_then_the_rate(self) -> None:
        buckets, rate = Buckets(), Rate(per_second=2, burst=3)
        assert [buckets.take("a", rate, 0.0) for _ in range(3)] == [0, 0, 0]
        assert buckets.take("a", rate, 0.0) == pytest.approx(0.5)
        assert buckets.take("a", rate, 0.5) == 0
        assert buckets.take("b", rate, 0.0) == 0

    def test_answers_429_with_the_time_to_wait(
        self, owner: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "THROTTLE": True}
        monkeypatch.setattr(throttles, "USER_RATE", Rate(per_second=0.01, burst=2))
        monkeypatch.setattr(throttles, "_buckets", Buckets())
        answers = [owner.get("/api/auth/me/") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 90 < int(answers[-1]["Retry-After"]) <= 100
        assert answers[-1].json()["errors"][0]["code"] == "throttled"

    def test_forgets_the_caller_seen_longest_ago(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(throttles, "_MOST_CALLERS", 2)
        buckets, rate = Buckets(), Rate(per_second=0.01, burst=1)
        for caller in ("a", "b", "c"):
            buckets.take(caller, rate, 0.0)
        assert buckets.take("a", rate, 0.0) == 0
        assert buckets.take("c", rate, 0.0) > 0


class TestChecks:
    def test_x03_rotation_without_a_store_stops_the_start(self, settings: Any) -> None:
        assert checks.refresh_rotation_has_a_store() == []
        settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "ROTATE_REFRESH_TOKENS": True}
        assert "teppan.E002" in [message.id for message in run_checks()]

    def test_x03_rotation_with_a_store_is_accepted(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "BLACKLIST_AFTER_ROTATION": True}
        # Any installed application stands in: the list cannot be changed under a running Django.
        monkeypatch.setattr(checks, "_BLACKLIST", "projects")
        assert checks.refresh_rotation_has_a_store() == []

    def test_an_access_token_that_outlives_its_session_stops_the_start(self, settings: Any) -> None:
        settings.REFRESH_LIFETIME = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
        assert "teppan.E003" in [message.id for message in run_checks()]
