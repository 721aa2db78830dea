"""Loaded before anything of Django: chooses the engine, starts the services, names them in the
environment, keeps sockets on this machine, and keeps the ledger of scenarios.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from config.env import ROOT, Environment
from data_provider import BACKENDS
from tests.services import Services

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SERVICES = pytest.StashKey[Services]()

# Retries and keepalives become short enough to wait for, and stay long enough to tell apart.
TIME_SCALE = "0.1"

# Folders whose tests know no database: the whole suite runs them once, with its first engine.
WITHOUT_DATABASE = ("architecture", "contract", "data_provider", "sandbox")

_SCENARIO = re.compile(r"(?<=_)([swjx]\d\d)(?=_|\[|$)")
_outcomes: dict[str, dict[str, str]] = {}


class OffLoopbackError(RuntimeError):
    """A test tried to reach another machine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("sqlite", "postgres"),
        default="sqlite",
        help="the database the tests run on",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A run in the background ignores Ctrl-C, and so would every program that a test starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    services = Services(early_config.known_args_namespace.engine)
    early_config.add_cleanup(services.stop)
    services.start()
    early_config.stash[SERVICES] = services
    os.environ.update(blank_environment())
    os.environ.update(environment_of(services))
    sys.addaudithook(_refuse_off_loopback)
    return (yield)


def _leaves_out_repeats(config: pytest.Config) -> bool:
    """Tell whether this is the whole suite on the second engine; what is named is always run."""
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return is_whole and config.getoption("engine") == "postgres"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    in_tests = collection_path.parent == ROOT / "tests"
    if in_tests and collection_path.name in WITHOUT_DATABASE and _leaves_out_repeats(config):
        return True
    return None


def pytest_report_header(config: pytest.Config) -> str | None:
    if _leaves_out_repeats(config):
        return f"run with SQLite already, since no database is in it: {', '.join(WITHOUT_DATABASE)}"
    return None


def blank_environment() -> dict[str, str]:
    """Every setting of Teppan as if it were not set, whatever the shell or `.env` say."""
    paces = (f"TEPPAN_REQUESTS_PER_MINUTE_{name.upper()}" for name in BACKENDS)
    names = {name for name in Environment.model_fields if name.isupper()}
    return dict.fromkeys((*names, *paces), "")


def environment_of(services: Services) -> dict[str, str]:
    return {
        "TEPPAN_DATA_DIR": str(services.data_dir),
        "DATABASE_URL": services.postgres.url() if services.postgres else "",
        "REDIS_URL": services.valkey.url,
        "TEPPAN_SECRET_KEY": "tests-only-0123456789-0123456789-0123456789",
        "TEPPAN_THROTTLE": "off",
        "TEPPAN_TIME_SCALE": TIME_SCALE,
    }


def _refuse_off_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    if isinstance(address, tuple) and not _is_loopback(str(address[0])):
        raise OffLoopbackError(f"A test tried to reach {address[0]}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid.rpartition("::")[2]
    scenarios = _SCENARIO.findall(name.partition("[")[0])
    if scenarios and (report.when == "call" or report.outcome != "passed"):
        worst = "passed" if report.outcome == "passed" else report.outcome
        for scenario in scenarios:
            tests = _outcomes.setdefault(scenario.upper(), {})
            if tests.get(report.nodeid, "passed") == "passed":
                tests[report.nodeid] = worst


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not _outcomes:
        return
    engine = session.config.getoption("engine")
    file = ROOT / "var" / f"scenarios-{engine}.json"
    file.parent.mkdir(exist_ok=True)
    known = json.loads(file.read_text()) if file.exists() else {}
    for scenario, tests in _outcomes.items():
        known.setdefault(scenario, {}).update(tests)
    file.write_text(json.dumps(known, indent=1, sort_keys=True))
