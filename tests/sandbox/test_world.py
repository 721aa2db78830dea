"""The posts and subreddits of the world are such as Reddit could have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from data_provider.sandbox.world import NEWEST_AT, World

if TYPE_CHECKING:
    from .conftest import Client

SAMPLE = ("python", "cooking", "photography", "weather", "longthreads", "oddities")


@pytest.fixture
async def posts(client: Client) -> list[dict[str, Any]]:
    pages = [
        page for name in SAMPLE for page in await client.chain(f"/r/{name}/new.json", limit=100)
    ]
    return [child["data"] for page in pages for child in page["children"]]


class TestPosts:
    async def test_never_score_below_zero(self, posts: list[dict[str, Any]]) -> None:
        assert all(post["ups"] == post["score"] >= 0 for post in posts)
        assert max(post["score"] for post in posts) > 1000

    async def test_are_not_from_the_future(self, posts: list[dict[str, Any]]) -> None:
        assert all(post["created_utc"] == post["created"] <= NEWEST_AT for post in posts)

    async def test_that_are_deleted_have_lost_what_they_showed(
        self, posts: list[dict[str, Any]]
    ) -> None:
        gone = [post for post in posts if post["selftext"] in {"[deleted]", "[removed]"}]
        assert {post["selftext"] for post in gone} == {"[deleted]", "[removed]"}
        for post in gone:
            assert post["removed_by_category"]
            assert not {"preview", "media_metadata", "poll_data", "crosspost_parent"} & set(post)
            assert (post["media"], post["is_video"]) == (None, False)

    async def test_come_in_every_kind(self, posts: list[dict[str, Any]]) -> None:
        kinds = {
            "text": lambda post: post["is_self"] and post["selftext"],
            "bare title": lambda post: post["is_self"] and not post["selftext"],
            "link": lambda post: post.get("post_hint") == "link",
            "image": lambda post: post["domain"] == "i.redd.it",
            "gif": lambda post: post["url"].endswith(".gif"),
            "gallery": lambda post: post.get("gallery_data"),
            "gallery without data": lambda post: (
                post.get("is_gallery") and post["gallery_data"] is None
            ),
            "video": lambda post: post["is_video"],
            "embed": lambda post: "oembed" in (post["media"] or {}),
            "poll": lambda post: post.get("poll_data"),
            "running poll": lambda post: any(
                "vote_count" not in option
                for option in (post.get("poll_data") or {"options": []})["options"]
            ),
            "crosspost": lambda post: post.get("crosspost_parent_list"),
            "crosspost of nothing": lambda post: post.get("crosspost_parent_list") == [],
            "adult": lambda post: post["over_18"],
            "hidden score": lambda post: post["hide_score"],
            "edited": lambda post: post["edited"],
            "flair": lambda post: post["link_flair_text"],
        }
        assert [kind for kind, fits in kinds.items() if not any(fits(post) for post in posts)] == []

    async def test_crosspost_points_at_a_post_that_exists(
        self, client: Client, posts: list[dict[str, Any]]
    ) -> None:
        crosspost = next(post for post in posts if post.get("crosspost_parent_list"))
        listing = await client.page("/api/info.json", id=crosspost["crosspost_parent"])
        assert listing["children"][0]["data"] == crosspost["crosspost_parent_list"][0]
        assert crosspost["selftext"] == ""

    async def test_words_are_filled_in_everywhere(self, posts: list[dict[str, Any]]) -> None:
        text = " ".join(post["title"] + post["selftext"] for post in posts)
        assert not re.search(r"\{(thing|Thing|place|sentence|detail|flair)\}", text)


class TestSubreddits:
    def test_have_names_that_reddit_allows(self) -> None:
        names = [subreddit.name for subreddit in World().subreddits()]
        assert len(names) == len({name.lower() for name in names}) > 300
        assert [n for n in names if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}", n)] == []

    def test_hold_hundreds_of_thousands_of_posts(self) -> None:
        sizes = [subreddit.post_count for subreddit in World().ordinary]
        assert sum(sizes) > 300_000
        assert min(sizes) < 1000 < max(sizes)

    def test_keep_their_ids_whatever_the_seed(self) -> None:
        one, two = World(1), World(2)
        assert [s.fullname for s in one.subreddits()] == [s.fullname for s in two.subreddits()]
