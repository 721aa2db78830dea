"""Server mode by `docker-compose.yml`: its commands and nginx's configuration, on loopback."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.celery import QUEUES
from config.env import ROOT
from data_provider.sandbox.testing import running_sandbox
from tests.chaos.line import Person, posts
from tests.compose import FILE, NGINX_READ_SECONDS, ComposeStack, read_services
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services import Services

VARIABLES = {"TEPPAN_SECRET_KEY": "k" * 40, "POSTGRES_PASSWORD": "p"}
# Promised within a second, with nginx in between; a busy machine gets three.
FIRST_EVENT_SECONDS = 3


class TestFile:
    def test_is_what_compose_reads(self) -> None:
        checker = Path(sys.executable).with_name("check-jsonschema")
        command = [str(checker), "--builtin-schema", "vendor.compose-spec", str(FILE)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout

    def test_demands_its_secrets(self) -> None:
        for name in VARIABLES:
            with pytest.raises(KeyError, match=name):
                read_services({**VARIABLES, name: ""})

    def test_has_a_worker_for_each_queue(self) -> None:
        services = read_services(VARIABLES)
        for queue in QUEUES:
            command = services[f"worker-{queue}"]["command"]
            assert command[command.index("--queues") + 1] == queue

    def test_builds_from_what_is_there(self) -> None:
        lines = (ROOT / "Dockerfile").read_text().splitlines()
        copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
        sources = [name for names in copied for name in names if not name.startswith("--from")]
        missing = [
            name for name in sources if not name.startswith("/") and not (ROOT / name).exists()
        ]
        assert missing == []


@pytest.fixture(scope="module")
def compose(services: Services) -> Iterator[ComposeStack]:
    if services.engine != "postgres":
        pytest.skip("server mode runs on PostgreSQL")
    with running_sandbox() as reddit:
        stack = ComposeStack(
            services,
            {
                "TEPPAN_SANDBOX_URL": reddit.url,
                "TEPPAN_TIME_SCALE": "0.1",
                "TEPPAN_THROTTLE": "off",
                "TEPPAN_REGISTRATION": "open",
            },
        )
        try:
            stack.start()
            yield stack
        finally:
            left = stack.tear_down()
    assert left == []


@pytest.fixture(scope="module")
def visitor(compose: ComposeStack) -> Person:
    person = Person([compose.url], "visitor")
    person.register()
    return person


class TestServices:
    def test_all_stay_up(self, compose: ComposeStack, visitor: Person) -> None:
        for name in compose.names():
            assert compose._running[name].poll() is None, compose.log(name)

    def test_the_first_post_arrives_live_through_nginx(self, visitor: Person) -> None:
        job = visitor.start("python", limit=30)
        with visitor.stream(job) as stream:
            messages = [next(stream.messages())]
            assert messages[0].event == "snapshot"
        assert len(posts(visitor.watch(job))) == 30

    def test_bulk_jobs_are_done_by_their_worker(self, visitor: Person) -> None:
        job = visitor.start("tiny", mode="bulk", subreddits=["tiny", "empty"])
        assert visitor.wait(job, "completed")["posts_scraped"] == 7

    def test_s31_the_first_event_is_quick_and_an_idle_stream_is_not_cut(
        self, visitor: Person
    ) -> None:
        job = visitor.start("stalled")
        asked_at = time.monotonic()
        with visitor.stream(job) as stream:
            (first,) = stream.take(1)
            assert first.event == "snapshot"
            assert time.monotonic() - asked_at < FIRST_EVENT_SECONDS
            # Silent for longer than nginx waits for an answer's next byte, but for keepalives.
            deadline = time.monotonic() + NGINX_READ_SECONDS * 1.2
            while time.monotonic() < deadline:
                assert stream.pump(), "the stream was cut"
            visitor.cancel(job)
            assert list(stream.messages())[-1].event == "cancelled"

    def test_a_worker_that_is_killed_is_replaced_by_the_next(
        self, compose: ComposeStack, visitor: Person
    ) -> None:
        job = visitor.start("slow", mode="bulk", limit=300)
        wait_until(lambda: visitor.job(job)["posts_scraped"] > 0, "Nothing was stored")
        compose.kill("worker-scrape")
        compose._running["worker-scrape"].wait()
        compose.start_process("worker-scrape")
        shown = visitor.wait(job, "completed")
        assert (shown["posts_scraped"], shown["attempt"]) == (300, 2)
