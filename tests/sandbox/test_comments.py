"""Comment trees are cut and expanded as Reddit does it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client

Thing = dict[str, Any]


class Walker:
    """Reaches every comment of a thread the way a client must."""

    def __init__(self, client: Client, post: Thing, sort: str) -> None:
        self.client = client
        self.post = post
        self.sort = sort
        self.found: Counter[str] = Counter()
        self.parents: dict[str, str] = {}
        self.continued = 0
        self.expanded = 0

    async def walk(self, **params: Any) -> None:
        path = f"/comments/{self.post['id']}.json"
        answer = await self.client.json(path, sort=self.sort, **params)
        await self._take(answer[1]["data"]["children"])

    async def _take(self, children: list[Thing]) -> None:
        for child in children:
            data = child["data"]
            if child["kind"] == "t1":
                self._note(data)
                if data["replies"]:
                    await self._take(data["replies"]["data"]["children"])
            elif data["id"] == "_":
                await self._continue(data["parent_id"])
            else:
                await self._expand(data)

    def _note(self, comment: Thing) -> None:
        self.found[comment["name"]] += 1
        self.parents[comment["name"]] = comment["parent_id"]

    async def _continue(self, parent: str) -> None:
        self.continued += 1
        path = f"/comments/{self.post['id']}/_/{parent[3:]}.json"
        answer = await self.client.json(path, sort=self.sort)
        top = answer[1]["data"]["children"]
        assert [entry["data"]["name"] for entry in top] == [parent]
        assert top[0]["data"]["depth"] == 0
        await self._take(top[0]["data"]["replies"]["data"]["children"])

    async def _expand(self, stub: Thing) -> None:
        self.expanded += 1
        before = sum(self.found.values())
        answer = await self.client.json(
            "/api/morechildren.json",
            link_id=self.post["name"],
            children=",".join(stub["children"]),
            api_type="json",
            sort=self.sort,
        )
        things = answer["json"]["data"]["things"]
        assert all(entry["data"].get("replies", "") == "" for entry in things)
        await self._take(things)
        if not self.continued:
            assert sum(self.found.values()) - before == stub["count"]


async def _posts(client: Client, name: str, limit: int = 20) -> list[Thing]:
    page = await client.page(f"/r/{name}/new.json", limit=limit)
    return [child["data"] for child in page["children"]]


class TestWholeThread:
    @pytest.mark.parametrize("sort", ["confidence", "top", "new", "old", "controversial"])
    async def test_reaches_every_comment_once(self, client: Client, sort: str) -> None:
        continued = 0
        for post in (await _posts(client, "longthreads"))[:6]:
            walker = Walker(client, post, sort)
            await walker.walk(limit=60)
            assert set(walker.found.values()) == {1}
            assert 0.9 * post["num_comments"] <= len(walker.found) <= post["num_comments"]
            assert walker.expanded > 0
            known = set(walker.found) | {post["name"]}
            assert set(walker.parents.values()) <= known
            continued += walker.continued
        assert continued > 0

    async def test_is_the_same_whatever_the_cut(self, client: Client) -> None:
        post = (await _posts(client, "longthreads"))[0]
        sizes = set()
        for limit in (3, 50, 500):
            walker = Walker(client, post, "top")
            await walker.walk(limit=limit)
            sizes.add(frozenset(walker.found))
        assert len(sizes) == 1

    async def test_of_an_ordinary_post_holds_at_most_what_the_post_says(
        self, client: Client
    ) -> None:
        for post in await _posts(client, "parenting", 40):
            walker = Walker(client, post, "confidence")
            await walker.walk()
            assert len(walker.found) <= post["num_comments"]


class TestCut:
    async def test_shows_200_comments_by_default_and_500_at_most(self, client: Client) -> None:
        posts = [p for p in await _posts(client, "longthreads", 60) if p["num_comments"] > 600]
        for limit, shown in ((None, 200), (5, 5), (9999, 500)):
            params = {} if limit is None else {"limit": limit}
            answer = await client.json(f"/comments/{posts[0]['id']}.json", **params)
            assert len(_flatten(answer[1], "t1")) == shown

    async def test_goes_ten_levels_deep_and_continues_below(self, client: Client) -> None:
        stubs = []
        for post in await _posts(client, "longthreads", 30):
            answer = await client.json(f"/comments/{post['id']}.json", limit=500)
            assert max(entry["depth"] for entry in _flatten(answer[1], "t1")) <= 9
            stubs += [stub for stub in _flatten(answer[1], "more") if stub["id"] == "_"]
        assert stubs
        assert {(stub["count"], stub["name"], stub["depth"]) for stub in stubs} == {(0, "t1__", 10)}
        assert all(stub["children"] == [] for stub in stubs)

    async def test_puts_a_stub_last_and_counts_what_it_hides(self, client: Client) -> None:
        post = (await _posts(client, "longthreads"))[0]
        answer = await client.json(f"/comments/{post['id']}.json", limit=40)
        stubs = _flatten(answer[1], "more")
        assert any(stub["count"] > len(stub["children"]) for stub in stubs)
        assert all(stub["id"] == stub["children"][0] for stub in stubs)
        for listing in _listings(answer[1]):
            kinds = [child["kind"] for child in listing["children"]]
            assert "more" not in kinds[:-1]

    async def test_orders_siblings_by_the_sort(self, client: Client) -> None:
        post = (await _posts(client, "longthreads"))[0]
        for sort, key, is_reverse in (
            ("top", "score", True),
            ("new", "created_utc", True),
            ("old", "created_utc", False),
        ):
            answer = await client.json(f"/comments/{post['id']}.json", sort=sort, limit=500)
            roots = [c["data"][key] for c in answer[1]["data"]["children"] if c["kind"] == "t1"]
            assert roots == sorted(roots, reverse=is_reverse)

    async def test_focus_on_a_comment_that_never_was_is_ignored(self, client: Client) -> None:
        post = (await _posts(client, "longthreads"))[0]
        whole = await client.json(f"/comments/{post['id']}.json")
        assert await client.json(f"/comments/{post['id']}.json", comment="abc") == whole

    async def test_focus_on_a_vanished_comment_is_empty(self, client: Client) -> None:
        post = (await _posts(client, "tiny"))[0]
        walker = Walker(client, (await _posts(client, "longthreads"))[0], "old")
        await walker.walk()
        last = max(int(name[3:], 36) for name in walker.found)
        vanished = _base36(last + 1)
        path = f"/comments/{walker.post['id']}/_/{vanished}.json"
        assert (await client.json(path))[1]["data"]["children"] == []
        assert post["name"] != walker.post["name"]


class TestErrors:
    async def test_missing_post_is_404(self, client: Client) -> None:
        assert (await client.get("/comments/zzzzzzz.json")).status_code == 404

    async def test_post_of_another_subreddit_is_404(self, client: Client) -> None:
        post = (await _posts(client, "rust"))[0]
        assert (await client.get(f"/r/python/comments/{post['id']}.json")).status_code == 404
        assert (await client.get(f"/r/rust/comments/{post['id']}.json")).status_code == 200

    async def test_more_of_no_post_is_403(self, client: Client) -> None:
        answer = await client.get("/api/morechildren.json", children="abc")
        assert answer.status_code == 403

    async def test_too_many_ids_are_400(self, client: Client) -> None:
        post = (await _posts(client, "longthreads"))[0]
        form = {"link_id": post["name"], "children": ",".join(["abc"] * 501)}
        answer = await client.http.post("/api/morechildren.json", data=form)
        assert answer.status_code == 400


class TestShapes:
    async def test_the_three_deleted_shapes_and_negative_scores_occur(self, client: Client) -> None:
        comments = []
        for post in await _posts(client, "longthreads", 30):
            answer = await client.json(f"/comments/{post['id']}.json", limit=500)
            comments += _flatten(answer[1], "t1")
        gone = [entry for entry in comments if entry["author"] == "[deleted]"]
        bodies = {entry["body"] for entry in gone}
        assert {"[deleted]", "[removed]"} < bodies
        assert not any("author_fullname" in entry for entry in gone)
        assert min(entry["score"] for entry in comments) < -50
        assert {type(entry["edited"]) for entry in comments} == {bool, float}
        assert any(entry["edited"] is True for entry in comments)


def _listings(listing: Thing) -> list[Thing]:
    found = [listing["data"]]
    for child in listing["data"]["children"]:
        if child["data"].get("replies"):
            found += _listings(child["data"]["replies"])
    return found


def _flatten(listing: Thing, kind: str) -> list[Thing]:
    return [c["data"] for d in _listings(listing) for c in d["children"] if c["kind"] == kind]


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text
