"""The same seed gives the same bytes, in any order of asking."""

from __future__ import annotations

from data_provider.sandbox import create_app

from .conftest import Client, names

PATHS = (
    "/r/python/new.json?limit=100",
    "/r/cooking/hot.json?limit=100",
    "/r/oddities/top.json?limit=100&t=all",
    "/r/gaming/search.json?q=the&restrict_sr=on",
    "/subreddits/popular.json?limit=100",
    "/r/pets/about.json",
)


class TestSeed:
    async def test_same_seed_gives_the_same_bytes(self) -> None:
        one, two = Client(create_app(seed=7)), Client(create_app(seed=7))
        for path in PATHS:
            assert (await one.http.get(path)).content == (await two.http.get(path)).content

    async def test_another_seed_gives_other_posts(self) -> None:
        one, two = Client(create_app(seed=1)), Client(create_app(seed=2))
        assert (await one.http.get(PATHS[0])).content != (await two.http.get(PATHS[0])).content

    async def test_order_of_requests_does_not_matter(self) -> None:
        one, two = Client(create_app()), Client(create_app())
        forward = {path: (await one.http.get(path)).content for path in PATHS}
        backward = {path: (await two.http.get(path)).content for path in reversed(PATHS)}
        assert forward == backward


class TestRandomAccess:
    async def test_page_behind_any_post_is_that_slice_of_the_chain(self, client: Client) -> None:
        pages = await client.chain("/r/science/top.json", limit=100, t="all")
        chain = [child for page in pages for child in page["children"]]
        for start in (3, 250, 777, 999):
            after = chain[start - 1]["data"]["name"]
            page = await client.page("/r/science/top.json", limit=40, t="all", after=after)
            assert page["children"] == chain[start : start + 40]

    async def test_a_post_is_the_same_on_every_route(self, client: Client) -> None:
        listed = (await client.page("/r/music/new.json"))["children"]
        fullnames = ",".join(child["data"]["name"] for child in listed)
        info = await client.page("/api/info.json", id=fullnames)
        assert info["children"] == listed
        thread = await client.json(f"/comments/{listed[0]['data']['id']}.json")
        shown = thread[0]["data"]["children"][0]["data"]
        assert shown.pop("num_duplicates") == 0
        assert shown == listed[0]["data"]

    async def test_info_leaves_out_what_is_not_there(self, client: Client) -> None:
        known = names(await client.page("/r/tiny/new.json"))[0]
        listing = await client.page("/api/info.json", id=f"{known},t3_zzzzzzz,t1_x,t5_0,junk")
        assert names(listing) == [known]
