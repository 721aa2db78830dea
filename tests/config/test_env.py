"""A wrong setting stops the start with its name and what it should be."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import data_provider
from config import env
from config.env import ROOT, Environment, SettingError, make_data_dir, read_environment

if TYPE_CHECKING:
    from pathlib import Path

KEY = {"TEPPAN_SECRET_KEY": "k" * 40}

WRONG = {
    "DATABASE_URL": ["postgres://h:x/y", "postgres://h", "mysql://h/y", "y", "postgres://[/y"],
    "REDIS_URL": ["redis://h:notaport/", "redis://", "unix://", "http://h", "redis://[/"],
    "TEPPAN_PORT": ["x", "-1", "65536"],
    "TEPPAN_PUBLIC_URL": ["teppan.example", "ftp://h", "http://h:x"],
    "TEPPAN_REGISTRATION": ["maybe"],
    "TEPPAN_THROTTLE": ["perhaps"],
    "TEPPAN_MAX_STREAMS_PER_USER": ["0", "many", "1e9"],
    "TEPPAN_LEASE_SECONDS": ["inf", "nan", "0", "-inf", "1e300"],
    "TEPPAN_ACCESS_TOKEN_SECONDS": ["1e17", "100000000000000000", "4", "2592000"],
    "TEPPAN_JOB_TIME_LIMIT_SECONDS": ["inf", "nan", "1e17"],
    "TEPPAN_EXPORT_KEPT_SECONDS": ["inf", "nan", "1e17"],
    "TEPPAN_REDDIT_WWW_URL": ["http://[", "http://h?x=1", "http://h#x", "http://:80", "//h"],
    "TEPPAN_PROXY_URL": ["http://x:notaport", "socks5://h:1", "h:3128"],
    "TEPPAN_REDDIT_COOKIES_FILE": ["/nonexistent", "/"],
    "TEPPAN_AUTO_ORDER": [",", "gopher", "oauth,gopher"],
    "TEPPAN_REQUESTS_PER_MINUTE_RSS": ["-5", "nan", "inf", "x"],
    "TEPPAN_REQUESTS_PER_MINUTE_GOPHER": ["1"],
    "TEPPAN_CHROMIUM": ["/nonexistent", str(ROOT / "pyproject.toml")],
    "TEPPAN_WEBHOOK_SCHEDULE_SECONDS": [",", "inf", "0", "60,x"],
    "TEPPAN_WEBHOOK_TIMEOUT_SECONDS": ["inf", "nan", "0"],
    "TEPPAN_OUTBOUND_ALLOWED_NETWORKS": ["10.0.0.0/33", "localhost"],
    "TEPPAN_STOP_SECONDS": ["inf", "nan", "1"],
    "TEPPAN_TIME_SCALE": ["inf", "nan", "0", "-1"],
}
RIGHT = {
    "DATABASE_URL": ["postgres://u:p@h:5432/d", "postgresql:///d", "postgres://u@%2Frun%2Fpg/d"],
    "REDIS_URL": ["redis://h", "rediss://u:p@[::1]:6380/1", "unix:///run/valkey.sock"],
    "TEPPAN_REDDIT_WWW_URL": ["http://h:1/www", "https://www.reddit.com/"],
    "TEPPAN_PROXY_URL": ["http://u:p@h:3128"],
    "TEPPAN_REDDIT_COOKIES_FILE": [__file__],
    "TEPPAN_AUTO_ORDER": ["oauth", " oauth , rss "],
    "TEPPAN_REQUESTS_PER_MINUTE_RSS": ["0", "0.5"],
    "TEPPAN_CHROMIUM": [sys.executable],
    "TEPPAN_WEBHOOK_SCHEDULE_SECONDS": ["60,300"],
}


def pairs(values: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, several in values.items() for value in several]


class TestSources:
    def test_are_those_of_data_provider(self) -> None:
        assert set(env.BACKENDS) == set(data_provider.BACKENDS)
        assert env.AUTO_ORDER == data_provider.AUTO_ORDER

    def test_are_known_before_data_provider_is_loaded(self) -> None:
        code = "import sys, config.env; sys.exit('data_provider' in sys.modules)"
        loading = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
        assert loading.returncode == 0


class TestReadEnvironment:
    @pytest.mark.parametrize(("name", "value"), pairs(WRONG))
    def test_names_a_wrong_setting_and_what_it_should_be(self, name: str, value: str) -> None:
        with pytest.raises(SettingError, match=rf"^{name}: .*should") as refused:
            read_environment({**KEY, name: value})
        assert refused.value.refusal.startswith("Teppan cannot start, a setting is wrong:\n")

    @pytest.mark.parametrize(("name", "value"), pairs(RIGHT))
    def test_takes_what_is_meant(self, name: str, value: str) -> None:
        assert isinstance(read_environment({**KEY, name: value}), Environment)

    def test_names_every_wrong_setting_at_once(self) -> None:
        with pytest.raises(SettingError) as refused:
            read_environment({"TEPPAN_PORT": "x", "TEPPAN_AUTO_ORDER": ",", "REDIS_URL": "x"})
        names = [line.partition(":")[0] for line in str(refused.value).splitlines()]
        assert names == ["REDIS_URL", "TEPPAN_PORT", "TEPPAN_AUTO_ORDER"]

    def test_demands_a_key_for_server_mode(self) -> None:
        with pytest.raises(SettingError, match=r"^TEPPAN_SECRET_KEY: should"):
            read_environment({"DATABASE_URL": "postgres://h/d", "TEPPAN_SECRET_KEY": "short"})


class TestMakeDataDir:
    def test_makes_it_private(self, tmp_path: Path) -> None:
        wanted = tmp_path / "a" / "b"
        assert make_data_dir(read_environment({"TEPPAN_DATA_DIR": str(wanted)})) == wanted
        assert wanted.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("folder", ["/proc/x", "/etc/hostname", "/dev/null/x"])
    def test_names_the_setting_where_none_can_be(self, folder: str) -> None:
        with pytest.raises(SettingError, match=r"^TEPPAN_DATA_DIR: should"):
            make_data_dir(read_environment({"TEPPAN_DATA_DIR": folder}))


class TestStart:
    @pytest.mark.parametrize(
        "command",
        [["manage.py", "up"], ["manage.py", "migrate"], ["-m", "config.web"]],
        ids=" ".join,
    )
    @pytest.mark.parametrize(
        ("name", "value"), [("TEPPAN_DATA_DIR", "/proc/x"), ("TEPPAN_LEASE_SECONDS", "inf")]
    )
    def test_ends_in_a_sentence(self, command: list[str], name: str, value: str) -> None:
        ended = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, name: value},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert ended.stderr.startswith("Teppan cannot start, a setting is wrong:\n" + name)
