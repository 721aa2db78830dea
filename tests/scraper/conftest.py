"""A simulated Reddit for the tests of scraping, and the installation that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.conf import settings

from data_provider.sandbox.testing import SandboxServer, running_sandbox
from scraper import pace, source_health
from scraper.pace import Ledger
from scraper.source_health import SharedHealth
from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]


# On a machine at its limits Redis answers late; nobody's verdict depends on how late.
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="package", autouse=True)
def patient_books() -> None:
    """Let this process wait for Redis, rather than go on without it after a quarter second."""
    scale = settings.TEPPAN["TIME_SCALE"]
    pace._shared = Ledger(settings.REDIS_URL, scale, PATIENCE_SECONDS)
    source_health._book = SharedHealth(settings.REDIS_URL, scale, PATIENCE_SECONDS)


@pytest.fixture(autouse=True)
def clean_health() -> None:
    """Forget how the sources fared in earlier tests, and what they were told to wait."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    with client:
        for pattern in ("teppan:source-health:*", "teppan:pace:*"):
            for key in client.scan_iter(pattern):
                client.delete(key)


@pytest.fixture(scope="package")
def sandbox_server() -> Iterator[SandboxServer]:
    with running_sandbox() as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: SandboxServer, settings: Any) -> SandboxServer:
    """The simulated Reddit, without faults of an earlier test, configured as this one's."""
    sandbox_server.clear_faults()
    sandbox_server.clear_requests()
    update = {"TEPPAN_SANDBOX_URL": sandbox_server.url}
    settings.ENV = settings.ENV.model_copy(update=update)
    return sandbox_server
