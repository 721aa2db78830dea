"""What Reddit once answered goes through a live job and comes out by REST, field by field."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.chaos.line import posts
from tests.chaos.upstream import page_of
from tests.data_provider import oracle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.chaos.line import Line, Person

CHAIN_PAGES = 11
LEAST_POSTS = 20


def wanted(data: dict[str, Any]) -> dict[str, Any]:
    """Return the post that REST has to show for a raw one."""
    post = oracle.post(data, raw_json=True)
    for name in ("edited_at", "created_at"):
        post[name] = post[name] and post[name].strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**post, "post_type": post_type(data), "backend": "native_json"}


def post_type(data: dict[str, Any]) -> str:
    if data.get("crosspost_parent"):
        return "crosspost"
    for name, key in (("poll", "poll_data"), ("gallery", "is_gallery"), ("video", "is_video")):
        if data.get(key):
            return name
    if data["is_self"]:
        return "text"
    shows = data.get("post_hint") == "image" or re.search(
        r"\.(jpe?g|png|gif|webp)$", urlsplit(data["url"]).path, re.IGNORECASE
    )
    return "image" if shows else "link"


def media_in(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a raw post shows: a gallery in its order, else its film, else its picture."""
    if data.get("media_metadata"):
        found = gallery_in(data)
    else:
        film = (data.get("media") or data.get("secure_media") or {}).get("reddit_video")
        found = [shown(film, film.get("is_gif"), "fallback_url")] if film else picture_in(data)
    originals = data.get("crosspost_parent_list")
    if not found and originals:
        return media_in({**originals[0], "crosspost_parent_list": []})
    return found


def shown(film: dict[str, Any], is_gif: object, address: str) -> dict[str, Any]:
    return item("gif" if is_gif else "video", film[address], film.get("width"), film.get("height"))


def gallery_in(data: dict[str, Any]) -> list[dict[str, Any]]:
    known = data["media_metadata"]
    order = [one["media_id"] for one in (data.get("gallery_data") or {}).get("items", ())]
    found = []
    for one in (known[name] for name in order or known if "s" in known[name]):
        source = one["s"]
        kind = "gif" if one["e"] == "AnimatedImage" else "image"
        found.append(item(kind, source.get("u") or source["gif"], source["x"], source["y"]))
    return found


def picture_in(data: dict[str, Any]) -> list[dict[str, Any]]:
    if post_type({**data, "crosspost_parent": None}) != "image":
        return []
    images = (data.get("preview") or {}).get("images") or [{"source": {}}]
    source = images[0]["source"]
    is_gif = urlsplit(data["url"]).path.lower().endswith(".gif")
    return [
        item("gif" if is_gif else "image", data["url"], source.get("width"), source.get("height"))
    ]


def item(kind: str, address: str, width: int | None, height: int | None) -> dict[str, Any]:
    url = oracle.text(address, raw_json=True)
    return {"type": kind, "url": url, "width": width, "height": height}


def recorded_posts(folder: Path, *kinds: str) -> dict[str, list[dict[str, Any]]]:
    """Return the posts of each recorded listing that holds nothing but posts."""
    found = {}
    for file in sorted(path for kind in kinds for path in (folder / kind).glob("*.json")):
        value = json.loads(file.read_bytes())
        children = value.get("data", {}).get("children", []) if isinstance(value, dict) else []
        if children and {child["kind"] for child in children} == {"t3"}:
            found[file.name] = [child["data"] for child in children]
    return found


def scrape(person: Person, subreddit: str, limit: int) -> tuple[int, dict[str, dict[str, Any]]]:
    """Scrape it live into a project of its own; the job, and the stored posts by name."""
    project = person.new_project()
    job = person.start(subreddit, project=project, backend="native_json", limit=limit)
    messages = person.watch(job)
    assert messages[-1].json()["status"] == "completed", messages[-1]
    stored = {
        post["id"]: post for post in person.listed(f"/api/projects/{project}/posts/?page_size=200")
    }
    assert posts(messages) == [post["id"] for post in seen_by(person, job)]
    assert set(posts(messages)) == set(stored)
    return job, stored


def seen_by(person: Person, job: int) -> Iterable[dict[str, Any]]:
    return person.listed(f"/api/scraper/jobs/{job}/posts/?page_size=200")


def check(stored: dict[str, dict[str, Any]], raw: Iterable[dict[str, Any]]) -> None:
    """Compare every field with the recording."""
    unseen = dict(stored)
    for data in raw:
        post = unseen.pop(data["name"])
        media, fetched_at = post.pop("media"), post.pop("fetched_at")
        assert [post.pop(f"comments_{what}") for what in ("fetched", "expected", "fetched_at")] == (
            [None] * 3
        )
        assert post == wanted(data)
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", fetched_at)
        assert media == media_in(data)
    assert unseen == {}


class TestRecordedListings:
    def test_are_stored_field_by_field(self, line: Line, person: Person, recordings: Path) -> None:
        listings = recorded_posts(recordings, "listing", "search_posts")
        large = {name: raw for name, raw in listings.items() if len(raw) >= LEAST_POSTS}
        assert len(large) >= 6
        for number, raw in enumerate(large.values()):
            line.upstream.lay(f"listing{number}", [page_of(raw)])
            _, stored = scrape(person, f"listing{number}", 1000)
            check(stored, raw)

    def test_of_eleven_pages_are_followed_by_their_own_cursors(
        self, line: Line, person: Person, recordings: Path
    ) -> None:
        files = sorted((recordings / "pagination_chain").glob("*.json"))
        chain = [json.loads(file.read_bytes())["data"] for file in files]
        assert len(chain) == CHAIN_PAGES
        pages = filled(chain, recorded_posts(recordings, "listing", "search_posts"))
        bodies = [page_of(page, link["after"]) for page, link in zip(pages, chain, strict=True)]
        line.upstream.lay("chain", bodies)
        job, stored = scrape(person, "chain", 1000)
        asked = line.upstream.asked("chain")
        assert len(asked) == CHAIN_PAGES
        for address, link in zip(asked[1:], chain, strict=False):
            assert f"after={link['after']}&" in address
        raw = [data for page in pages for data in page]
        assert [post["id"] for post in seen_by(person, job)] == [data["name"] for data in raw]
        check(stored, raw)


def filled(
    chain: list[dict[str, Any]], listings: dict[str, list[dict[str, Any]]]
) -> list[list[dict[str, Any]]]:
    """Return the chain's pages with recorded posts where they held a user's comments.

    The only long chain that was recorded is a user's, who wrote comments for the most part; a
    subreddit's listing has none.
    """
    own = [[child["data"] for child in page["children"] if child["kind"] == "t3"] for page in chain]
    known = {data["name"] for page in own for data in page}
    spare = {data["name"]: data for raw in listings.values() for data in raw}
    fillers = [data for name, data in spare.items() if name not in known]
    each = len(fillers) // len(own)
    return [[*page, *fillers[n * each : (n + 1) * each]] for n, page in enumerate(own)]
