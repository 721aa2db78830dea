"""Listings page by the rules of Reddit: limit, wall, cursors, stickied extras."""

from __future__ import annotations

import pytest

from .conftest import Client, names


class TestLimit:
    async def test_is_25_when_absent(self, client: Client) -> None:
        page = await client.page("/r/python/new.json")
        assert len(page["children"]) == page["dist"] == 25

    async def test_is_clamped_at_100(self, client: Client) -> None:
        assert (await client.page("/r/python/new.json", limit=1024))["dist"] == 100

    @pytest.mark.parametrize("limit", ["0", "-3", "many", ""])
    async def test_counts_as_absent_when_it_makes_no_sense(
        self, client: Client, limit: str
    ) -> None:
        assert (await client.page("/r/python/new.json", limit=limit))["dist"] == 25


class TestChain:
    async def test_ends_with_after_null_and_a_short_page(self, client: Client) -> None:
        page = await client.page("/r/tiny/new.json", limit=5)
        rest = await client.page("/r/tiny/new.json", limit=5, after=page["after"])
        assert (rest["dist"], rest["after"]) == (2, None)

    async def test_ends_with_after_null_on_a_full_last_page(self, client: Client) -> None:
        page = await client.page("/r/tiny/new.json", limit=7)
        assert (page["dist"], page["after"]) == (7, None)

    @pytest.mark.parametrize("sort", ["new", "top", "controversial"])
    async def test_stops_at_the_wall_without_repeating(self, client: Client, sort: str) -> None:
        pages = await client.chain(f"/r/python/{sort}.json", limit=100, t="all")
        seen = [name for page in pages for name in names(page)]
        assert len(seen) == len(set(seen)) == 1000

    async def test_is_the_same_whatever_the_page_size(self, client: Client) -> None:
        small = await client.chain("/r/deleted_anchor/hot.json", limit=24)
        large = await client.chain("/r/deleted_anchor/hot.json", limit=97)
        assert [n for p in small for n in names(p)] == [n for p in large for n in names(p)]

    async def test_new_runs_from_the_newest_to_the_oldest(self, client: Client) -> None:
        page = await client.page("/r/cooking/new.json", limit=100)
        times = [child["data"]["created_utc"] for child in page["children"]]
        assert times == sorted(times, reverse=True)

    async def test_top_runs_from_the_highest_score(self, client: Client) -> None:
        page = await client.page("/r/cooking/top.json", limit=50, t="all")
        scores = [child["data"]["score"] for child in page["children"]]
        fair = [score for score in scores if score > 0]
        assert fair == sorted(fair, reverse=True)

    async def test_top_keeps_to_its_period(self, client: Client) -> None:
        newest = (await client.page("/r/travel/new.json", limit=1))["children"][0]["data"]
        page = await client.page("/r/travel/top.json", limit=100, t="week")
        times = [child["data"]["created_utc"] for child in page["children"]]
        assert times
        assert min(times) >= newest["created_utc"] - 8 * 86_400


class TestHuge:
    @pytest.mark.parametrize("sort", ["new", "hot"])
    async def test_goes_on_behind_the_wall(self, client: Client, sort: str) -> None:
        after, seen = "", []
        for _ in range(12):
            page = await client.page(f"/r/huge/{sort}.json", limit=100, after=after)
            seen += names(page)
            after = page["after"]
        assert len(set(seen)) == 1200

    async def test_ends_after_a_million(self, client: Client) -> None:
        first = names(await client.page("/r/huge/new.json", limit=1))[0]
        oldest = int(first[3:], 36) - 999_999
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"
        anchor = oldest + 5
        text = ""
        while anchor:
            anchor, digit = divmod(anchor, 36)
            text = digits[digit] + text
        page = await client.page("/r/huge/new.json", limit=100, after="t3_" + text)
        assert (page["dist"], page["after"]) == (5, None)


class TestBefore:
    async def test_returns_the_page_just_above(self, client: Client) -> None:
        first = await client.page("/r/python/new.json", limit=10)
        second = await client.page("/r/python/new.json", limit=10, after=first["after"])
        back = await client.page("/r/python/new.json", limit=10, before=names(second)[0])
        assert names(back) == names(first)

    async def test_appears_only_when_items_are_counted(self, client: Client) -> None:
        first = await client.page("/r/python/new.json", limit=10, count=10)
        after = first["after"]
        plain = await client.page("/r/python/new.json", limit=10, after=after)
        counted = await client.page("/r/python/new.json", limit=10, after=after, count=10)
        assert (first["before"], plain["before"]) == (None, None)
        assert counted["before"] == names(counted)[0]


class TestHot:
    async def test_holds_stickied_posts_on_top_of_the_limit_on_page_one_only(
        self, client: Client
    ) -> None:
        extras = {}
        for name in ("python", "cooking", "travel", "gardening", "science", "pets"):
            page = await client.page(f"/r/{name}/hot.json", limit=10)
            stickied = [child for child in page["children"] if child["data"]["stickied"]]
            assert page["dist"] == 10 + len(stickied)
            assert page["children"][: len(stickied)] == stickied
            rest = await client.page(f"/r/{name}/hot.json", limit=10, after=page["after"])
            assert rest["dist"] == 10
            assert not any(child["data"]["stickied"] for child in rest["children"])
            extras[name] = len(stickied)
        assert set(extras.values()) == {0, 1, 2}

    async def test_is_what_a_bare_subreddit_shows(self, client: Client) -> None:
        assert await client.page("/r/python.json") == await client.page("/r/Python/hot.json")


class TestLostAnchor:
    async def test_gives_an_empty_page(self, client: Client) -> None:
        for anchor in ("t3_zzzzzzz", "nonsense", "t3_"):
            page = await client.page("/r/python/new.json", after=anchor)
            assert (page["dist"], page["after"]) == (0, None)

    async def test_of_another_subreddit_gives_an_empty_page(self, client: Client) -> None:
        other = names(await client.page("/r/rust/new.json"))[0]
        assert (await client.page("/r/python/new.json", after=other))["dist"] == 0


class TestMoving:
    async def test_gains_posts_and_repeats_items_between_pages(self, client: Client) -> None:
        first = await client.page("/r/moving/new.json", limit=10)
        second = await client.page("/r/moving/new.json", limit=10, after=first["after"])
        again = await client.page("/r/moving/new.json", limit=10)
        assert set(names(first)) & set(names(second))
        assert names(again)[0] not in names(first)
        assert names(again)[2:] == names(first)[:8]

    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_still_comes_to_an_end(self, client: Client, limit: int) -> None:
        after, seen = "", set()
        for _ in range(1200):
            page = await client.page("/r/moving/new.json", limit=limit, after=after)
            seen |= set(names(page))
            after = page["after"]
            if after is None:
                break
        assert after is None
        # Each page adds a post on top, so slow readers lose the oldest behind the wall.
        assert len(seen) >= 500
