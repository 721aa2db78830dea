from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_provider.sandbox.testing import SandboxServer, running_sandbox
from data_provider.testing import ManualClock
from tests.data_provider.scripted_server import ScriptedServer, scripted_server
from tests.recordings import recordings_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Recording:
    """One recorded body with what the manifest knows of its exchange."""

    name: str
    body: bytes
    status: int
    headers: dict[str, str]
    url: str

    @property
    def raw_json(self) -> bool:
        if self.url:
            return "raw_json=1" in self.url
        # Saved without its request: an escaped body shows it in every selftext_html and address.
        return b"&lt;" not in self.body and b"&amp;" not in self.body

    @property
    def value(self) -> Any:
        return json.loads(self.body)


class Recordings:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
        self._entries = [json.loads(line) for line in lines]

    def of_kind(self, *kinds: str) -> list[Recording]:
        found = [self._load(entry) for entry in self._entries if entry["kind"] in kinds]
        assert found, f"no recordings of {kinds}"
        return found

    @property
    def names(self) -> list[str]:
        return [entry["file"] for entry in self._entries]

    def named(self, name: str) -> Recording:
        return next(self._load(entry) for entry in self._entries if entry["file"] == name)

    def _load(self, entry: dict[str, Any]) -> Recording:
        return Recording(
            name=entry["file"],
            body=(self._folder / entry["file"]).read_bytes(),
            status=entry.get("status") or 200,
            headers=entry.get("headers") or {},
            url=(entry.get("request") or {}).get("url") or "",
        )


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    return Recordings(recordings_folder())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def reddit(sandbox: SandboxServer) -> SandboxServer:
    """The simulated Reddit, without faults and without memories."""
    sandbox.clear_faults()
    sandbox.clear_requests()
    return sandbox


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with scripted_server() as running:
        yield running
