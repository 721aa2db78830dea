from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data_provider.sandbox.archive import AUTO_LIMIT, SECOND_READ_SECONDS
from data_provider.sandbox.world import NEWEST_AT

if TYPE_CHECKING:
    from .conftest import Client

POSTS = "/api/posts/search"


async def ask(client: Client, path: str = POSTS, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, **params)
    assert answer.status_code == 200, answer.text[:300]
    body = answer.json()
    assert body.keys() == {"data"}
    data: list[dict[str, Any]] = body["data"]
    return data


class TestSearch:
    async def test_holds_the_posts_of_reddit(self, client: Client) -> None:
        listing = await client.page("/r/python/new.json", limit=100)
        reddit = [child["data"] for child in listing["children"]]
        records = await ask(client, subreddit="python", limit=100)
        assert [record["id"] for record in records] == [post["id"] for post in reddit]
        for record, post in zip(records, reddit, strict=True):
            assert record.keys() - {"_meta", "retrieved_on"} == post.keys() - {"selftext_html"}
            assert list(record) == sorted(record)
            assert type(record["created_utc"]) is int

    async def test_runs_either_way_between_two_seconds(self, client: Client) -> None:
        every = await ask(client, subreddit="tiny")
        assert [post["created_utc"] for post in every] == sorted(
            (post["created_utc"] for post in every), reverse=True
        )
        bounds = {"after": every[-1]["created_utc"], "before": every[0]["created_utc"]}
        for sort, inner in (("desc", every[1:-1]), ("asc", every[-2:0:-1])):
            assert await ask(client, subreddit="tiny", sort=sort, **bounds) == inner

    async def test_knows_numbers_after_its_second_reading(self, client: Client) -> None:
        records = await ask(client, subreddit="python", limit=100)
        young = [r for r in records if NEWEST_AT - r["created_utc"] < SECOND_READ_SECONDS]
        assert 0 < len(young) < len(records)
        for record in records:
            assert (record in young) == ("_meta" not in record)
        assert {(r["score"], r["num_comments"], r["upvote_ratio"]) for r in young} == {(1, 0, 1)}

    @pytest.mark.parametrize(
        ("limit", "amount"), [(None, 25), (1, 1), (100, 100), ("auto", AUTO_LIMIT)]
    )
    async def test_gives_as_many_as_asked_for(
        self, client: Client, limit: Any, amount: int
    ) -> None:
        params = {} if limit is None else {"limit": limit}
        assert len(await ask(client, subreddit="python", **params)) == amount

    @pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 0}, {"after": "soon"}])
    async def test_refuses_what_makes_no_sense(
        self, client: Client, params: dict[str, Any]
    ) -> None:
        answer = await client.get(POSTS, subreddit="python", **params)
        assert answer.status_code == 400
        assert answer.json()["data"] is None

    async def test_reaches_behind_the_wall(self, client: Client) -> None:
        (oldest,) = await ask(client, subreddit="huge", sort="asc", limit=1)
        (newest,) = await ask(client, subreddit="huge", limit=1)
        assert newest["created_utc"] - oldest["created_utc"] > 20_000_000

    async def test_keeps_what_is_closed_today(self, client: Client) -> None:
        for name in ("private", "banned", "quarantined"):
            assert len(await ask(client, subreddit=name)) == 25

    async def test_has_nothing_of_a_missing_subreddit(self, client: Client) -> None:
        assert await ask(client, subreddit="no_such_place") == []
        assert await ask(client, "/api/subreddits/search", subreddit="no_such_place") == []
        (python,) = await ask(client, "/api/subreddits/search", subreddit="Python")
        assert python["display_name"] == "python"

    async def test_meets_the_same_faults(self, client: Client) -> None:
        assert (await client.get(POSTS, subreddit="walled")).status_code == 403
        relayout = await client.get(POSTS, subreddit="relayout")
        assert isinstance(relayout.json()["data"], dict)


class TestBursts:
    async def test_put_forty_posts_into_a_second(self, client: Client) -> None:
        posts = await ask(client, subreddit="bursts", limit=100)
        seconds = [post["created_utc"] for post in posts]
        assert [seconds.count(second) for second in sorted(set(seconds))] == [20, 40, 40]
