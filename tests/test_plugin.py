"""The test run's own promises: its services, its environment, its limits."""

from __future__ import annotations

import socket

import pytest
from django.conf import settings
from django.db import connection

from tests.plugin import OffLoopbackError


class TestEnvironment:
    @pytest.mark.django_db
    def test_it_uses_the_chosen_engine(self, engine: str) -> None:
        assert connection.vendor == {"sqlite": "sqlite", "postgres": "postgresql"}[engine]

    def test_it_has_a_broker_of_its_own(self, services, engine: str) -> None:
        assert services.valkey.url == settings.REDIS_URL

    def test_nothing_of_the_shell_leaks_in(self) -> None:
        assert settings.ENV.TEPPAN_REDDIT_CLIENT_ID == ""
        assert settings.ENV.TEPPAN_SANDBOX_URL is None


class TestSockets:
    @pytest.mark.parametrize("host", ["192.0.2.1", "169.254.169.254"])
    def test_another_machine_is_refused(self, host: str) -> None:
        with socket.socket() as client, pytest.raises(OffLoopbackError):
            client.connect((host, 80))

    def test_this_machine_is_reached(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
