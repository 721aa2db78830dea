"""One post from a click to a frame: docs/ARCHITECTURE.md's walk, as assertions."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from common.frames import START
from config.env import ROOT
from data_provider.registry import BACKENDS
from data_provider.sandbox.testing import SandboxServer, running_sandbox
from projects import runs
from projects.keeper import Guard
from projects.models import Event
from scraper import log, streaming_views
from scraper.models import ScrapingJob
from scraper.runner import run_job
from scraper.sources import open_source
from tests.architecture.sources import imports_of, modules, name_of
from tests.callers import Caller, make_user, owner, quick_and_unlimited
from tests.sse import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["make_user", "owner", "quick_and_unlimited"]

STEPS = 8
_ROW = re.compile(r"^\| (\d+) \| (.+?) \|", re.MULTILINE)
_PLACE = re.compile(r"`([\w/]+(?:\.py)?/?)(?:: (\w+))?`")


def steps() -> list[list[tuple[str, str]]]:
    """Return the (path, function) places of each step, in the order of the document."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    walk = text[text.index("## The walk") : text.index("There is no step back")]
    rows = {int(number): _PLACE.findall(places) for number, places in _ROW.findall(walk)}
    assert list(rows) == list(range(1, STEPS + 1))
    return list(rows.values())


def modules_of(places: list[tuple[str, str]]) -> set[str]:
    """Return the names of the modules at these places, all of a folder's."""
    found: set[str] = set()
    for path, _ in places:
        if path.endswith(".py"):
            found.add(name_of(Path(path)))
        else:
            found |= {name_of(one) for one in modules(f"data_provider/{Path(path).name}")}
    # Building blocks are used at every step.
    return {name for name in found if not name.startswith("common.")}


class TestDocument:
    def test_names_places_that_exist(self) -> None:
        for places in steps():
            assert places
            for path, function in places:
                assert (ROOT / path).exists() or (ROOT / "data_provider" / path).exists(), path
                if function:
                    assert callable(getattr(import_module(name_of(Path(path))), function))

    def test_knows_no_step_back(self) -> None:
        walk = [modules_of(places) for places in steps()]
        ways = {name_of(path): imports_of(path) for path in modules()}
        # Steps 7 and 8 are the way out, opened by a client of its own: they stand beside 1.
        inward, outward = walk[:6], walk[6:]
        for earlier, later in [
            *((inward[a], inward[b]) for b in range(len(inward)) for a in range(b)),
            (outward[1], outward[0]),
        ]:
            back = {(one, other) for one in later for other in ways[one] & earlier - later}
            assert back == set()

    def test_leads_from_each_step_to_the_next(self) -> None:
        ways = {name_of(path): imports_of(path) for path in modules()}
        walk = [modules_of(places) for places in steps()]
        for here, there in ((0, 1), (2, 3), (3, 5), (7, 6)):
            assert any(ways[one] & walk[there] for one in walk[here]), (here, there)
        assert "scraper.tasks" in reached_from("scraper.services", ways)
        assert "scraper.drives" in reached_from("scraper.streaming_views", ways)
        assert "data_provider.registry" in reached_from("scraper.sources", ways)
        assert {place.partition(":")[0] for place in BACKENDS.values()} <= walk[4]


def reached_from(name: str, ways: dict[str, set[str]]) -> set[str]:
    """Return every module that one imports, directly or not."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting |= ways.get(one, set()) - found
    return found


@pytest.fixture
def reddit(settings: Any) -> Iterator[SandboxServer]:
    with running_sandbox() as server:
        update = {"TEPPAN_SANDBOX_URL": server.url}
        settings.ENV = settings.ENV.model_copy(update=update)
        yield server


@pytest.mark.django_db(transaction=True)
class TestPost:
    async def test_walks_from_a_request_to_a_frame(
        self, reddit: SandboxServer, owner: Caller
    ) -> None:
        job_id = await sync_to_async(self.ask_for_a_job)(owner)
        assert await sync_to_async(types_of)(job_id) == ["job.queued"]
        assert reddit.requests() == []

        job = await sync_to_async(claim)(job_id)
        assert (job.status, job.fence, job.attempt) == ("running", 1, 1)

        pages = [page async for page in run_job(job, open_source, Guard())]
        assert [(page.posts_scraped, page.posts_new) for page in pages] == [(7, 7)]
        assert len(reddit.requests()) == 1

        batch = await sync_to_async(log.read_entries)(job_id, START)
        entries = [entry for entry in batch.entries if entry.type == "post"]
        assert [str(entry.position) for entry in entries] == [
            f"{pages[0].seq}:{n}" for n in range(1, 8)
        ]

        frames = (await streaming_views.JobLog(job_id).read(START)).frames
        messages = Parser().feed(b"".join(frame.content for frame in frames))
        shown = [message.json() for message in messages if message.event == "post"]
        assert [message.event for message in messages][-1] == "complete"
        listed = await sync_to_async(owner.get)(f"/api/scraper/jobs/{job_id}/posts/")
        assert shown == listed.json()["results"]
        assert all(post["permalink"].startswith("/r/tiny/comments/") for post in shown)

    @staticmethod
    def ask_for_a_job(owner: Caller) -> int:
        project = owner.post("/api/projects/", {"name": "walk"}).json()["id"]
        wish = {"project": project, "mode": "stream", "backend": "sandbox", "subreddits": ["tiny"]}
        answer = owner.post("/api/scraper/jobs/", wish)
        assert answer.status_code == 202
        return int(answer.json()["id"])


def types_of(job_id: int) -> list[str]:
    events = Event.objects.filter(stream=f"scraping:{job_id}").order_by("seq")
    return list(events.values_list("type", flat=True))


def claim(job_id: int) -> ScrapingJob:
    job = runs.take(ScrapingJob, job_id, "walker", when=runs.unattended(timezone.now()))
    assert job is not None
    return job
