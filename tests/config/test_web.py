"""The web process binds its address and ends its streams before its connections."""

from __future__ import annotations

import signal

import pytest

from common import draining
from common.draining import Draining
from config.env import read_environment
from config.web import bind, build_server


class TestBind:
    def test_says_when_the_address_is_busy(self) -> None:
        with bind("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
            bind(*listener.getsockname())

    def test_can_be_inherited(self) -> None:
        with bind("127.0.0.1", 0) as listener:
            assert listener.get_inheritable()


class TestServer:
    def test_a_signal_starts_draining_before_the_shutdown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process = Draining()
        monkeypatch.setattr(draining, "start", process.start)
        server = build_server(read_environment({}))
        server.handle_exit(signal.SIGTERM, None)
        assert process.is_on()
        assert server.should_exit

    def test_forwarded_addresses_count_only_behind_a_configured_proxy(self) -> None:
        alone = build_server(read_environment({}))
        proxied = build_server(read_environment({"TEPPAN_PUBLIC_URL": "https://t.example"}))
        assert not alone.config.proxy_headers
        assert proxied.config.proxy_headers
        assert "127.0.0.1" in proxied.config.forwarded_allow_ips

    def test_writes_no_addresses_to_logs_and_no_server_header(self) -> None:
        config = build_server(read_environment({})).config
        assert not config.access_log
        assert not config.server_header
