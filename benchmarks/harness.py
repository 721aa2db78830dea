"""What the benchmarks share: a running stack with an account, percentiles, and the JSON line."""

import contextlib
import json
import os
import platform
import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from tests.plugin import blank_environment
from tests.services import Services
from tests.stack import ServerStack, Stack

_KEY = "benchmarks-only-0123456789-0123456789-0123456789"
_PASSWORD = "a long benchmark phrase"


def chosen_engine(description: str | None) -> str:
    """Return `sqlite` or `postgres` as named on the command line."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    engine: str = parser.parse_args().engine
    return engine


@contextlib.contextmanager
def running_servers(engine: str, *, workers: int, **environment: str) -> Iterator[ServerStack]:
    """Run a web process, workers and the simulated Reddit; this process sees their database."""
    os.environ.update(blank_environment())
    os.environ.update(TEPPAN_SECRET_KEY=_KEY, TEPPAN_THROTTLE="off")
    services = Services(engine)
    if services.postgres is not None:
        services.postgres.initialise()
        services.postgres.start()
    # One key for all, so that each can open what another has sealed.
    environment = {"TEPPAN_SECRET_KEY": _KEY, **environment}
    stack = ServerStack(services, environment, web=1, workers=workers)
    try:
        stack.start()
        names = ("TEPPAN_DATA_DIR", "DATABASE_URL", "REDIS_URL", "TEPPAN_SANDBOX_URL")
        os.environ.update({name: stack.environment[name] for name in names})
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        yield stack
    finally:
        stack.tear_down()
        services.stop()


def sign_in(stack: Stack) -> tuple[httpx.Client, int]:
    """Create the first account, an API token and a project; a client that uses the token."""
    account = {"username": "bench", "password": _PASSWORD}
    stack.client.post("/api/auth/register/", json=account).raise_for_status()
    access = stack.client.post("/api/auth/token/", json=account).json()["access"]
    bearer = {"Authorization": f"Bearer {access}"}
    token = stack.client.post("/api/auth/api-tokens/", json={"name": "bench"}, headers=bearer)
    headers = {"Authorization": f"Bearer {token.json()['token']}"}
    client = httpx.Client(base_url=stack.url, headers=headers, timeout=30)
    project = client.post("/api/projects/", json={"name": "Benchmark"}).json()["id"]
    return client, project


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and the maximum, in the values' unit."""
    return {
        "p50": round(statistics.median(values), 2),
        "p95": round(percentile(values, 0.95), 2),
        "p99": round(percentile(values, 0.99), 2),
        "max": round(max(values), 2),
    }


def print_line(name: str, *, passed: bool, **figures: Any) -> None:
    """Print the JSON line of one figure."""
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    verdict = "pass" if passed else "fail"
    line = {"benchmark": name, **figures, "verdict": verdict, "machine": machine}
    print(json.dumps(line), flush=True)


def report(name: str, *, passed: bool, **figures: Any) -> None:
    """Print the JSON line and end the process: 0 when the target is met, else 1."""
    print_line(name, passed=passed, **figures)
    sys.exit(0 if passed else 1)
