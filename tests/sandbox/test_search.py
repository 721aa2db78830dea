"""Searches and subreddit pages."""

from __future__ import annotations

from .conftest import Client, names


class TestSearchPosts:
    async def test_keeps_to_the_subreddit_and_the_words(self, client: Client) -> None:
        page = await client.page("/r/python/search.json", q="CI pipeline", restrict_sr="on")
        posts = [child["data"] for child in page["children"]]
        assert posts
        assert {post["subreddit"] for post in posts} == {"python"}
        assert page["facets"] == {}

    async def test_pages_without_repeating(self, client: Client) -> None:
        pages = await client.chain("/r/python/search.json", q="the", restrict_sr="on", limit=100)
        seen = [name for page in pages for name in names(page)]
        assert len(seen) == len(set(seen)) > 100

    async def test_looks_everywhere_when_not_restricted(self, client: Client) -> None:
        page = await client.page("/r/python/search.json", q="the", limit=100)
        assert len({child["data"]["subreddit"] for child in page["children"]}) > 10

    async def test_sorts_by_date(self, client: Client) -> None:
        page = await client.page("/r/music/search.json", q="the", restrict_sr="on", sort="new")
        times = [child["data"]["created_utc"] for child in page["children"]]
        assert times == sorted(times, reverse=True)

    async def test_finds_nothing_for_nonsense(self, client: Client) -> None:
        page = await client.page("/r/python/search.json", q="qwertzuiop", restrict_sr="on")
        assert (page["dist"], page["after"]) == (0, None)


class TestSubreddits:
    async def test_search_puts_the_very_name_first(self, client: Client) -> None:
        page = await client.page("/subreddits/search.json", q="cooking")
        found = [child["data"]["display_name"] for child in page["children"]]
        assert found[0] == "cooking"
        assert "slowcooking" in found
        assert {child["kind"] for child in page["children"]} == {"t5"}

    async def test_search_looks_at_descriptions(self, client: Client) -> None:
        page = await client.page("/subreddits/search.json", q="sourdough starter", limit=100)
        assert len(page["children"]) > 1

    async def test_search_of_a_missing_name_is_empty(self, client: Client) -> None:
        assert (await client.page("/subreddits/search.json", q="nosuchsubreddit"))["dist"] == 0

    async def test_popular_runs_from_the_largest_and_pages_to_the_end(self, client: Client) -> None:
        pages = await client.chain("/subreddits/popular.json", limit=100)
        sizes = [child["data"]["subscribers"] for page in pages for child in page["children"]]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) > 300

    async def test_about_knows_who_is_online_and_lists_do_not(self, client: Client) -> None:
        about = (await client.json("/r/Python/about.json"))["data"]
        page = await client.page("/subreddits/search.json", q="python")
        listed = page["children"][0]["data"]
        assert about["display_name"] == listed["display_name"] == "python"
        assert about["active_user_count"] > 0
        assert listed["active_user_count"] is None
