from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING

import pytest

from data_provider.parsing.reddit_json import parse_thread
from tests.recordings import recordings_folder

if TYPE_CHECKING:
    from .conftest import Client

ATOM = "{http://www.w3.org/2005/Atom}"
TAGS = re.compile(r"<!--[^>]*-->|</?[a-z]+")


def read(text: str) -> ET.Element:
    return ET.fromstring(text.encode())  # noqa: S314 - recorded or our own


def shapes(feed: ET.Element) -> Counter[str]:
    """Each element with its attributes and its order of children, as text."""
    return Counter(
        f"{node.tag} {sorted(node.attrib)} {[child.tag for child in node]}"
        for node in feed.iter()
        if node is not feed
    )


def ids(feed: ET.Element) -> list[str | None]:
    return [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]


def comment_shapes(feed: ET.Element) -> set[str]:
    """The ways in which entries of comments are built."""
    entries = feed.findall(f"{ATOM}entry")
    comments = [entry for entry in entries if (entry.findtext(f"{ATOM}id") or "").startswith("t1")]
    return {str([(node.tag, sorted(node.attrib)) for node in entry.iter()]) for entry in comments}


class TestFeed:
    async def test_is_built_like_a_recorded_one(self, client: Client) -> None:
        recorded = read((recordings_folder() / "rss" / "listing.rss").read_text("utf-8"))
        answer = await client.get("/r/photography/top.rss", t="year")
        simulated = read(answer.text)
        assert answer.headers["content-type"] == "application/atom+xml; charset=UTF-8"
        whole = {shape for shape in shapes(recorded) if "entry" not in shape}
        ours = set(shapes(simulated))
        assert whole <= ours
        entries = [[child.tag for child in entry] for entry in simulated.iter(f"{ATOM}entry")]
        (order,) = {tuple(child.tag for child in entry) for entry in recorded.iter(f"{ATOM}entry")}
        for entry in entries:
            assert entry == [tag for tag in order if tag in entry]
        assert list(order) in entries
        top = [child.tag for child in recorded if child.tag != f"{ATOM}entry"]
        assert [child.tag for child in simulated if child.tag != f"{ATOM}entry"] == top

    async def test_marks_its_content_up_as_recorded(self, client: Client) -> None:
        folder = recordings_folder() / "rss"
        recorded = "".join(file.read_text("utf-8") for file in folder.glob("*.rss"))
        simulated = (await client.get("/r/photography/top.rss", t="year")).text
        known = set(TAGS.findall(unescape(recorded)))
        assert set(TAGS.findall(unescape(simulated))) - known == set()
        form = r'submitted by &#32; <a href="[^"]*"> /u/\S+ </a> <br/> <span><a href="[^"]*">\[link'
        for text in (recorded, simulated):
            assert re.search(form, unescape(text))

    async def test_holds_25_entries_whatever_is_asked_for(self, client: Client) -> None:
        for limit in (1, 25, 100):
            feed = read((await client.get("/r/python/new.rss", limit=limit)).text)
            assert len(ids(feed)) == 25

    @pytest.mark.parametrize("sort", ["hot", "new", "top", "rising", "controversial"])
    async def test_holds_the_posts_of_the_listing(self, client: Client, sort: str) -> None:
        listing = await client.page(f"/r/python/{sort}.json", limit=25, t="all")
        feed = read((await client.get(f"/r/python/{sort}.rss", t="all")).text)
        assert ids(feed) == [child["data"]["name"] for child in listing["children"]]
        after = listing["after"]
        rest = read((await client.get(f"/r/python/{sort}.rss", t="all", after=after)).text)
        following = await client.page(f"/r/python/{sort}.json", limit=25, t="all", after=after)
        assert ids(rest) == [child["data"]["name"] for child in following["children"]]

    async def test_ends_in_an_empty_feed(self, client: Client) -> None:
        tiny = ids(read((await client.get("/r/tiny/new.rss")).text))
        assert len(tiny) == 7
        assert ids(read((await client.get("/r/tiny/new.rss", after=tiny[-1])).text)) == []

    async def test_is_readable_whatever_the_posts_hold(self, client: Client) -> None:
        for name in ("oddities", "surrogates"):
            assert len(ids(read((await client.get(f"/r/{name}/new.rss")).text))) == 25


class TestThread:
    async def test_is_built_like_a_recorded_one(self, client: Client) -> None:
        recorded = read((recordings_folder() / "rss" / "thread.rss").read_text("utf-8"))
        post = (await client.page("/r/longthreads/new.json"))["children"][0]["data"]
        simulated = read((await client.get(f"{post['permalink']}.rss")).text)
        real, ours = (comment_shapes(feed) for feed in (recorded, simulated))
        assert ours == real
        top = [
            [child.tag for child in feed if child.tag != f"{ATOM}entry"]
            for feed in (recorded, simulated)
        ]
        assert top[0] == top[1]

    async def test_holds_the_comments_that_its_page_shows(self, client: Client) -> None:
        post = (await client.page("/r/longthreads/new.json"))["children"][0]["data"]
        for path in (f"/comments/{post['id']}", post["permalink"].rstrip("/")):
            for limit in (7, 500):
                body = await client.get(f"{path}.json", limit=limit, raw_json=1)
                shown = [comment.id for comment in parse_thread(body.content).comments]
                feed = read((await client.get(f"{path}.rss", limit=limit)).text)
                assert ids(feed) == [post["name"], *shown]
                assert len(shown) in range(min(limit, 200), limit + 1)

    async def test_of_no_post_is_not_found(self, client: Client) -> None:
        assert (await client.get("/comments/zzzzzzz.rss")).status_code == 404


class TestSpecials:
    @pytest.mark.parametrize(("name", "status"), [("private", 403), ("walled", 403), ("tiny", 200)])
    async def test_behave_as_in_other_dialects(
        self, client: Client, name: str, status: int
    ) -> None:
        assert (await client.get(f"/r/{name}/new.rss")).status_code == status

    async def test_change_the_layout_within_xml(self, client: Client) -> None:
        assert read((await client.get("/r/relayout/new.rss")).text).tag == "rss"
        assert ids(read((await client.get("/r/cursorlost/new.rss", after="t3_1")).text)) == []

    async def test_send_a_missing_subreddit_to_the_search(self, client: Client) -> None:
        answer = await client.get("/r/no_such_place/new.rss")
        assert answer.headers["location"].endswith("/subreddits/search.rss?q=no_such_place")

    async def test_have_no_feed_of_other_pages(self, client: Client) -> None:
        assert (await client.get("/r/tiny/about.rss")).status_code == 404
