"""The simulator against real recordings, so that parsers are not tested on our inventions alone."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import pytest

from data_provider.sandbox import create_app
from tests.recordings import recordings_folder

from .conftest import Client, names
from .recordings import Shapes, manifest, recorded_shapes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# Types that no recording happens to show, from a census of 46 million posts of January 2026.
NAMED_ODDITIES = {
    "t3": {
        ("created_utc", "int"),
        ("edited", "int"),
        ("upvote_ratio", "int"),
        ("thumbnail", "null"),
        ("gallery_data", "null"),
        ("poll_data", "bool"),
    },
    "t1": {("edited", "bool")},
}


@pytest.fixture(scope="module")
def folder() -> Path:
    return recordings_folder()


@pytest.fixture(scope="module")
def recorded(folder: Path) -> Shapes:
    return recorded_shapes(folder)


@pytest.fixture(scope="module")
def simulated() -> Shapes:
    return asyncio.run(_collect_shapes())


async def _collect_shapes() -> Shapes:
    client = Client(create_app())
    shapes = Shapes()
    for name in ("python", "cooking", "photography", "travel", "oddities"):
        for page in await client.chain(f"/r/{name}/new.json", limit=100):
            shapes.add({"kind": "Listing", "data": page})
    for name in ("longthreads", "pets"):
        listing = await client.page(f"/r/{name}/new.json", limit=40)
        for child in listing["children"]:
            shapes.add(await client.json(f"/comments/{child['data']['id']}.json", limit=50))
    shapes.add(await client.json("/r/python/about.json"))
    shapes.add(await client.json("/subreddits/popular.json", limit=100))
    shapes.add(await client.json("/subreddits/search.json", q="python"))
    shapes.add(await client.json("/r/python/search.json", q="the", restrict_sr="on"))
    await client.http.aclose()
    return shapes


@pytest.fixture
async def simulator() -> AsyncIterator[Client]:
    client = Client(create_app())
    yield client
    await client.http.aclose()


class TestThings:
    @pytest.mark.parametrize("kind", ["t3", "t1", "t5", "more", "Listing"])
    def test_have_no_key_that_reddit_lacks(
        self, recorded: Shapes, simulated: Shapes, kind: str
    ) -> None:
        assert simulated.totals[kind] > 0
        assert set(simulated.keys[kind]) - set(recorded.keys[kind]) == set()

    @pytest.mark.parametrize("kind", ["t3", "t5", "more", "Listing"])
    def test_have_every_key_that_nearly_all_real_ones_have(
        self, recorded: Shapes, simulated: Shapes, kind: str
    ) -> None:
        always = simulated.keys_in_share(kind, 1)
        assert recorded.keys_in_share(kind, 0.99) - always == set()

    def test_comments_have_every_key_too(self, recorded: Shapes, simulated: Shapes) -> None:
        assert recorded.keys_in_share("t1", 0.99) - simulated.keys_in_share("t1", 1) == set()

    @pytest.mark.parametrize("kind", ["t3 without account", "t1 without account"])
    def test_of_deleted_accounts_lack_the_same_keys(
        self, recorded: Shapes, simulated: Shapes, kind: str
    ) -> None:
        assert recorded.totals[kind] > 0
        always = recorded.keys_in_share(kind[:2], 0.99)
        gone = always - set(recorded.keys[kind])
        assert "author_fullname" in gone
        assert gone & set(simulated.keys[kind]) == set()
        assert always - simulated.keys_in_share(kind, 1) == gone

    @pytest.mark.parametrize("kind", ["t3", "t1", "t5", "more", "Listing"])
    def test_have_the_types_of_the_recordings_and_the_census(
        self, recorded: Shapes, simulated: Shapes, kind: str
    ) -> None:
        invented = {
            (path, found)
            for path, types in simulated.types[kind].items()
            for found in types - recorded.types[kind].get(path, set())
        }
        assert invented - NAMED_ODDITIES.get(kind, set()) == set()

    def test_show_the_oddities_of_the_census(self, simulated: Shapes) -> None:
        shown = {(path, t) for path, types in simulated.types["t3"].items() for t in types}
        assert NAMED_ODDITIES["t3"] <= shown


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "file"),
        [
            ("/comments/zzzzzzz.json", "2020_TestRedditors.test_partial_redditors__not_found_1"),
            ("/api/morechildren.json", "2025_TestInbox.test_message__unauthorized_1"),
        ],
    )
    async def test_have_the_recorded_bodies(
        self, folder: Path, simulator: Client, path: str, file: str
    ) -> None:
        expected = json.loads((folder / "error" / f"{file}.json").read_bytes())
        answer = await simulator.get(path)
        assert answer.json() == expected
        assert answer.status_code == expected["error"]

    async def test_429_has_the_recorded_body(self, folder: Path, simulator: Client) -> None:
        found = next((folder / "error").glob("prawcore*429.json"))
        await simulator.get("/r/ratelimited/new.json")
        answer = await simulator.get("/r/ratelimited/new.json")
        assert answer.json() == json.loads(found.read_bytes())

    async def test_redirect_has_the_recorded_body(self, folder: Path, simulator: Client) -> None:
        body = (folder / "redirect" / "2015_test_create_subreddit_2.html").read_text()
        answer = await simulator.get("/r/nosuchsubreddit/new.json")
        assert answer.status_code == 302
        pattern = r"https?://[^\"<]*"
        assert re.sub(pattern, "URL", answer.text).split() == re.sub(pattern, "URL", body).split()
        location = answer.headers["location"]
        assert location.endswith("/subreddits/search.json?q=nosuchsubreddit")

    @pytest.mark.parametrize(
        ("name", "file", "marks"),
        [
            (
                "walled",
                "old_network_policy_block_403.html",
                (
                    "<title>Blocked</title>",
                    "whoa there, pardner!",
                    "Your request has been blocked due to a network policy",
                ),
            ),
            (
                "challenge",
                "shreddit_js_challenge_200.html",
                ("<title>Reddit - Please wait for verification</title>", 'name="js_challenge"'),
            ),
        ],
    )
    async def test_walls_carry_the_marks_of_the_recorded_ones(
        self, folder: Path, simulator: Client, name: str, file: str, marks: tuple[str, ...]
    ) -> None:
        real = (folder / "error" / file).read_text("utf-8")
        answer = await simulator.get(f"/r/{name}/new.json")
        assert answer.status_code == int(file.rsplit("_", 1)[1][:3])
        for mark in marks:
            assert mark in real
            assert mark in answer.text


class TestHeaders:
    async def test_have_the_recorded_formats(self, folder: Path, simulator: Client) -> None:
        ours = (await simulator.get("/r/python/new.json")).headers
        formats = {
            "x-ratelimit-used": r"\d+",
            "x-ratelimit-remaining": r"\d+\.0",
            "x-ratelimit-reset": r"\d+",
            "content-type": r"application/json; charset=UTF-8",
        }
        seen = 0
        # In late 2023 the remaining number was whole for a while; since then it is a float again.
        for entry in manifest(folder, first_year=2024):
            headers = entry.get("headers") or {}
            if "x-ratelimit-used" in headers and entry["status"] == 200:
                seen += 1
                for name, pattern in formats.items():
                    assert re.fullmatch(pattern, headers[name])
        assert seen > 10
        for name, pattern in formats.items():
            assert re.fullmatch(pattern, ours[name])

    async def test_recorded_hot_page_shows_the_stickied_extras_too(self, folder: Path) -> None:
        sizes = set()
        for entry in manifest(folder):
            if entry["kind"] == "listing_top_daily":
                body = json.loads((folder / entry["file"]).read_bytes())
                stickied = [c for c in body["data"]["children"] if c["data"]["stickied"]]
                assert len(names(body["data"])) == 10 + len(stickied)
                sizes.add(len(stickied))
        assert sizes == {0, 1, 2}
