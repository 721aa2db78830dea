"""Every special subreddit misbehaves as its line in the index says."""

from __future__ import annotations

import asyncio

import pytest

from data_provider import sandbox
from data_provider.sandbox.specials import SPECIALS

from .conftest import Client, FakeTime, names


class TestGates:
    @pytest.mark.parametrize("path", ["new.json", "about.json", "search.json?q=a&restrict_sr=on"])
    @pytest.mark.parametrize(
        ("name", "status", "reason"),
        [
            ("private", 403, "private"),
            ("banned", 404, "banned"),
            ("quarantined", 403, "quarantined"),
        ],
    )
    async def test_refuse_with_a_reason(
        self, client: Client, name: str, status: int, reason: str, path: str
    ) -> None:
        answer = await client.http.get(f"/r/{name}/{path}")
        body = answer.json()
        message = {403: "Forbidden", 404: "Not Found"}[status]
        assert answer.status_code == status
        assert (body["reason"], body["message"], body["error"]) == (reason, message, status)
        assert ("quarantine_message" in body) == (name == "quarantined")

    async def test_posts_of_a_private_subreddit_are_closed_too(self, client: Client) -> None:
        # The ids of a subreddit are consecutive; those of `private` stand first of all.
        answer = await client.get("/comments/1000000.json")
        assert answer.json()["reason"] == "private"

    @pytest.mark.parametrize("path", [".json", "/new.json", "/about.json", "/hot.json"])
    async def test_missing_subreddit_redirects_to_the_search(
        self, client: Client, path: str
    ) -> None:
        answer = await client.http.get(f"/r/no_such_place{path}")
        assert answer.status_code == 302
        location = "http://reddit.test/subreddits/search.json?q=no_such_place"
        assert answer.headers["location"] == location


class TestSizes:
    async def test_empty_has_no_posts(self, client: Client) -> None:
        for sort in ("new", "hot", "top"):
            page = await client.page(f"/r/empty/{sort}.json")
            assert (page["children"], page["dist"], page["after"]) == ([], 0, None)

    async def test_tiny_has_seven(self, client: Client) -> None:
        assert (await client.page("/r/tiny/new.json"))["dist"] == 7


class TestSlowness:
    async def test_slow_waits_300_ms_per_page(self, client: Client, fake_time: FakeTime) -> None:
        await client.page("/r/slow/new.json")
        assert fake_time.slept == [0.3]

    async def test_stalled_never_answers(self, client: Client) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.get("/r/stalled/new.json"), 0.1)


class TestTrouble:
    async def test_ratelimited_refuses_every_second_request(self, client: Client) -> None:
        answers = [await client.get("/r/ratelimited/new.json") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
        refused = answers[1].headers
        assert (refused["retry-after"], refused["x-ratelimit-remaining"]) == ("2", "0.0")

    async def test_flaky_fails_every_third_request(self, client: Client) -> None:
        answers = [await client.get("/r/flaky/new.json") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200, 200, 500, 200, 200, 500]

    async def test_walled_is_an_html_403_without_quota_headers(self, client: Client) -> None:
        answer = await client.get("/r/walled/new.json")
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
        assert "x-ratelimit-used" not in answer.headers

    async def test_challenge_is_an_html_200(self, client: Client) -> None:
        answer = await client.get("/r/challenge/new.json")
        assert answer.status_code == 200
        assert "Please wait for verification" in answer.text

    async def test_truncated_is_json_cut_short(self, client: Client) -> None:
        answer = await client.get("/r/truncated/new.json")
        assert answer.status_code == 200
        assert answer.text.startswith('{"kind":"Listing"')
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()

    async def test_relayout_parses_and_is_no_listing(self, client: Client) -> None:
        assert "kind" not in (await client.get("/r/relayout/new.json")).json()


class TestCursors:
    async def test_cursorlost_never_gives_page_two(self, client: Client) -> None:
        first = await client.page("/r/cursorlost/new.json")
        for anchor in (first["after"], names(first)[3], first["after"]):
            page = await client.page("/r/cursorlost/new.json", after=anchor)
            assert (first["after"] is not None, page["dist"]) == (True, 0)

    async def test_cursorlost_once_gives_page_two_when_asked_again(self, client: Client) -> None:
        for _ in range(2):
            first = await client.page("/r/cursorlost_once/new.json")
            lost = await client.page("/r/cursorlost_once/new.json", after=first["after"])
            found = await client.page("/r/cursorlost_once/new.json", after=names(first)[-3])
            assert (lost["dist"], found["dist"]) == (0, 25)

    async def test_deleted_anchor_goes_on_from_an_earlier_post(self, client: Client) -> None:
        first = await client.page("/r/deleted_anchor/new.json", limit=100)
        lost = await client.page("/r/deleted_anchor/new.json", limit=100, after=first["after"])
        earlier = names(first)[-2]
        found = await client.page("/r/deleted_anchor/new.json", limit=100, after=earlier)
        assert (lost["dist"], found["dist"]) == (0, 100)
        assert names(found)[0] == first["after"]


class TestIndex:
    async def test_lists_every_special_with_its_behaviour(self, client: Client) -> None:
        index = (await client.get("/")).json()
        told = {entry["name"]: entry["behaviour"] for entry in index["subreddits"]}
        assert {special.name: special.says for special in SPECIALS}.items() <= told.items()
        assert len(told) > 300

    def test_package_docstring_tells_of_every_special(self) -> None:
        assert [s.name for s in SPECIALS if s.name not in (sandbox.__doc__ or "")] == []
