"""A client that calls the simulated Reddit in-process, on a clock that nobody waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from data_provider.sandbox import create_app
from data_provider.sandbox.faults import Timing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class FakeTime:
    """A clock that moves when somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def timing(self) -> Timing:
        return Timing(monotonic=lambda: self.now, sleep=self.sleep)


class Client:
    """GETs as JSON; redirects are not followed."""

    def __init__(self, app: Any) -> None:
        transport = httpx.ASGITransport(app=app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://reddit.test")

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params)

    async def json(self, path: str, **params: Any) -> Any:
        answer = await self.get(path, raw_json=1, **params)
        assert answer.status_code == 200, answer.text[:300]
        return answer.json()

    async def page(self, path: str, **params: Any) -> dict[str, Any]:
        listing = await self.json(path, **params)
        assert listing["kind"] == "Listing"
        data: dict[str, Any] = listing["data"]
        return data

    async def chain(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Follow `after` to the end and return the pages."""
        pages = [await self.page(path, **params)]
        while pages[-1]["after"]:
            pages.append(await self.page(path, **params, after=pages[-1]["after"]))
        return pages

    async def add_faults(self, *rules: dict[str, Any]) -> None:
        answer = await self.http.post("/_sandbox/faults", json=list(rules))
        assert answer.status_code == 200, answer.text


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def client(fake_time: FakeTime) -> AsyncIterator[Client]:
    made = Client(create_app(timing=fake_time.timing()))
    yield made
    await made.http.aclose()


def names(page: dict[str, Any]) -> list[str]:
    """Return the fullnames on a page."""
    return [child["data"]["name"] for child in page["children"]]
