"""Everything in this folder starts real processes and takes its time."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data_provider.sandbox.requests import LOG_IN_PATH
from data_provider.sandbox.testing import running_sandbox
from tests.chaos.inside import Inside
from tests.chaos.line import Line, Person
from tests.chaos.mail import ENVIRONMENT, Mail
from tests.chaos.upstream import running_upstream
from tests.stack import READY_SECONDS, EmbeddedStack, ServerStack, Stack
from tests.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.services import Services

    StartLine = Callable[..., AbstractContextManager[Line]]

# A start of a whole stack, twice, on a machine that does other things as well.
TIMEOUT_SECONDS = 240

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.processes)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.fixture(scope="session")
def start_line(services: Services) -> StartLine:
    """`with start_line(webs=2, TEPPAN_X="1") as line`: a live line with its two Reddits.

    With `reads_reddit` the sources of the real Reddit read the simulated one, else the scripted.
    """

    @contextmanager
    def start(
        webs: int | None = None,
        workers: int = 1,
        *,
        reads_reddit: bool = False,
        **environment: str,
    ) -> Iterator[Line]:
        with ExitStack() as open_things:
            reddit = open_things.enter_context(running_sandbox())
            upstream = open_things.enter_context(running_upstream())
            variables = {
                "TEPPAN_REGISTRATION": "open",
                "TEPPAN_SANDBOX_URL": reddit.url,
                "TEPPAN_REDDIT_WWW_URL": reddit.url if reads_reddit else upstream.url,
                "TEPPAN_REDDIT_OAUTH_URL": reddit.url,
                "TEPPAN_REDDIT_TOKEN_URL": f"{reddit.url}{LOG_IN_PATH}",
                **environment,
            }
            one = _build(services, variables, webs, workers)
            open_things.callback(_tear_down, one)
            one.start()
            one.wait_for_worker(READY_SECONDS)
            urls = one.urls if isinstance(one, ServerStack) else [one.url]
            yield Line(one, urls, reddit, upstream)

    return start


@pytest.fixture(scope="session")
def shared_line(start_line: StartLine) -> Iterator[Line]:
    """One line for all tests that leave it as it was; access tokens live for 5 s."""
    with start_line(TEPPAN_ACCESS_TOKEN_SECONDS="5") as line:
        yield line


@pytest.fixture
def line(shared_line: Line) -> Iterator[Line]:
    """The shared line, its simulated Reddit without faults and without memories."""
    yield shared_line
    shared_line.reddit.clear_faults()
    shared_line.reddit.clear_requests()


@pytest.fixture(scope="module")
def person(shared_line: Line) -> Person:
    """Somebody who uses the shared line."""
    return shared_line.person()


@pytest.fixture(scope="session")
def fragile(start_line: StartLine) -> Iterator[Line]:
    """A line whose processes are killed: short leases, any number of streams per user."""
    with start_line(TEPPAN_MAX_STREAMS_PER_USER="1000", TEPPAN_LEASE_SECONDS="30") as line:
        yield line


@pytest.fixture(scope="session")
def crew(start_line: StartLine) -> Iterator[Line]:
    """Server mode's processes on either engine: two workers with short leases, a broker to stop."""
    with start_line(webs=1, workers=2, TEPPAN_LEASE_SECONDS="30") as line:
        yield line


@pytest.fixture(scope="session")
def pair(engine: str, request: pytest.FixtureRequest, start_line: StartLine) -> Iterator[Line]:
    """A line with two web processes, whatever the engine."""
    if engine == "postgres":
        yield request.getfixturevalue("fragile")
        return
    with start_line(webs=2) as line:
        yield line


@pytest.fixture(scope="module")
def mail(engine: str, start_line: StartLine) -> Iterator[Mail]:
    """A line that sends webhooks to a receiver here; two workers where that is possible."""
    workers = 1 if engine == "sqlite" else 2
    with (
        start_line(workers=workers, **ENVIRONMENT) as line,
        Inside(line.stack) as inside,
        Receiver() as receiver,
    ):
        yield Mail(line, inside, receiver)


def _build(
    services: Services, environment: dict[str, str], webs: int | None, workers: int
) -> Stack:
    """SQLite runs as the embedded stack unless several web processes are asked for."""
    if webs is None and services.engine == "sqlite":
        return EmbeddedStack(services, environment)
    return ServerStack(services, environment, web=webs or 2, workers=workers)


def _tear_down(stack: Stack) -> None:
    if left := stack.tear_down():
        pytest.fail("Processes were left running:\n" + "\n".join(left))
