"""What the tests' own services promise each other."""

from __future__ import annotations

import socket

from tests.services import _EPHEMERAL, free_port


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
