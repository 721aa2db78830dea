"""Fixtures for every test: the recordings, and real stacks of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from config.preparation import collect_static
from tests.plugin import SERVICES
from tests.recordings import recordings_folder
from tests.stack import EmbeddedStack, ServerStack, Stack
from tests.threads import close_lasting_connections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import Services


class StartStack(Protocol):
    """`stack(TEPPAN_X="1")` starts `manage.py up`; `launch=False` leaves it to the test."""

    def __call__(self, *, launch: bool = True, **environment: str) -> EmbeddedStack: ...


class StartServers(Protocol):
    """`servers(web=2, workers=2, TEPPAN_X="1")` starts server mode's processes."""

    def __call__(self, *, web: int = 1, workers: int = 1, **environment: str) -> ServerStack: ...


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Services:
    """The database and the broker of this run."""
    return request.config.stash[SERVICES]


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> None:
    """Collect the static files, as every start of the stack does: pages name them."""
    collect_static()


@pytest.fixture(scope="session")
def engine(services: Services) -> str:
    """`sqlite` or `postgres`."""
    return services.engine


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded answers of Reddit (TEPPAN_RECORDINGS)."""
    return recordings_folder()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The test database, without the connections that would keep it from being dropped."""
    yield
    with django_db_blocker.unblock():
        close_lasting_connections()


@pytest.fixture
def stack(services: Services) -> Iterator[StartStack]:
    """Start embedded stacks; afterwards none of their processes may be left."""
    started: list[Stack] = []

    def start(*, launch: bool = True, **environment: str) -> EmbeddedStack:
        one = EmbeddedStack(services, environment)
        started.append(one)
        if launch:
            one.start()
        return one

    yield start
    _tear_down(started)


@pytest.fixture
def servers(services: Services) -> Iterator[StartServers]:
    """Start server mode's processes; afterwards none of them may be left."""
    started: list[Stack] = []

    def start(*, web: int = 1, workers: int = 1, **environment: str) -> ServerStack:
        one = ServerStack(services, environment, web=web, workers=workers)
        started.append(one)
        one.start()
        return one

    yield start
    _tear_down(started)


def _tear_down(started: list[Stack]) -> None:
    left = [line for one in reversed(started) for line in one.tear_down()]
    if left:
        pytest.fail("Processes were left running:\n" + "\n".join(left))
