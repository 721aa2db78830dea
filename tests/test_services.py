"""What the tests' own services promise each other."""

from __future__ import annotations

import socket

import pytest

from tests.services import _EPHEMERAL, free_port, skip_or_fail


class TestFreePort:
    def test_is_never_handed_out_twice(self) -> None:
        ports = [free_port() for _ in range(50)]
        assert len(set(ports)) == 50

    def test_is_none_from_which_connections_leave(self) -> None:
        lowest = int(_EPHEMERAL.read_text().split()[0])
        assert all(1024 < free_port() < lowest for _ in range(20))

    def test_passes_over_what_is_in_use(self) -> None:
        port = free_port()
        with socket.create_server(("127.0.0.1", port + 1)):
            assert free_port() != port + 1


class TestSkipOrFail:
    @pytest.mark.parametrize(
        ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
    )
    def test_fails_only_where_everything_must_be_there(
        self, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
    ) -> None:
        monkeypatch.setenv("CI", ci)
        with pytest.raises(outcome, match="no clock"):
            skip_or_fail("no clock")
