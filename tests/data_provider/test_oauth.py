from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from data_provider import (
    AuthenticationFailed,
    InvalidResponse,
    NotConfigured,
    ProviderConfig,
    Query,
    RateLimited,
    ScraperBackend,
    Upstream,
    get_scraper,
)
from data_provider.sandbox.testing import running_sandbox
from data_provider.sandbox.tokens import SCRIPT_CLIENT, USER
from tests.data_provider.scripted_server import Reply, Request, ScriptedServer, as_json, listing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from data_provider.testing import ManualClock

TOKEN = "/api/v1/access_token"
PYTHON = Query(subreddit="python")


def token_answer(text: str = "t1", expires_in: float = 86_400) -> Reply:
    return as_json({"access_token": text, "token_type": "bearer", "expires_in": expires_in})


def config(server: ScriptedServer, **fields: Any) -> ProviderConfig:
    known: dict[str, Any] = {
        "reddit_oauth_url": f"{server.url}/api/",
        "reddit_token_url": server.url + TOKEN,
        "reddit_client_id": "id",
        "reddit_client_secret": "secret",
    }
    return ProviderConfig(**(known | fields))


@pytest.fixture
async def source(server: ScriptedServer, clock: ManualClock) -> AsyncIterator[ScraperBackend]:
    async with get_scraper("oauth", config(server), clock) as backend:
        yield backend


class Reddit:
    """Issues t1, t2, ... and admits the bearers in `admitted` (all, when it is null)."""

    def __init__(self, admitted: set[str] | None = None, expires_in: float = 86_400) -> None:
        self.issued = 0
        self.admitted = admitted
        self.expires_in = expires_in

    def __call__(self, request: Request) -> Reply:
        if request.path == TOKEN:
            self.issued += 1
            return token_answer(f"t{self.issued}", self.expires_in)
        bearer = request.headers.get("authorization", "").removeprefix("bearer ")
        if self.admitted is None or bearer in self.admitted:
            return as_json(listing([1]))
        return as_json({"message": "Unauthorized", "error": 401}, 401)


def paths(server: ScriptedServer) -> list[str]:
    return [request.path for request in server.requests]


class TestCredentials:
    def test_are_named_when_they_are_missing(self) -> None:
        with pytest.raises(NotConfigured) as caught:
            get_scraper("oauth", ProviderConfig(reddit_client_secret="secret"))
        assert caught.value.setting == "TEPPAN_REDDIT_CLIENT_ID"

    async def test_go_to_the_log_in_and_the_token_to_the_api(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = Reddit()
        await source.scrape_subreddit_posts(PYTHON)
        log_in, question = server.requests
        assert (log_in.method, log_in.path) == ("POST", TOKEN)
        assert base64.b64decode(log_in.headers["authorization"].split()[1]) == b"id:secret"
        assert log_in.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(log_in.body) == {"grant_type": ["client_credentials"]}
        assert question.path == "/api/r/python/new"
        assert question.headers["authorization"] == "bearer t1"
        assert question.query == {"limit": "100", "raw_json": "1"}

    async def test_without_a_secret_are_those_of_an_installed_application(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        server.route = Reddit()
        async with get_scraper("oauth", config(server, reddit_client_secret=None), clock) as source:
            await source.scrape_subreddit_posts(PYTHON)
        log_in = server.requests[0]
        assert base64.b64decode(log_in.headers["authorization"].split()[1]) == b"id:"
        assert parse_qs(log_in.body)["grant_type"][0].endswith("/grants/installed_client")
        assert parse_qs(log_in.body)["device_id"]

    @pytest.mark.parametrize(
        "refusal",
        [
            as_json({"message": "Unauthorized", "error": 401}, 401),
            as_json({"message": "Bad Request", "error": "unsupported_grant_type"}, 400),
            as_json({"error": "invalid_grant"}),
        ],
    )
    async def test_that_are_wrong_are_tried_once(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock, refusal: Reply
    ) -> None:
        server.answer_in_turn(refusal)
        with pytest.raises(AuthenticationFailed, match="TEPPAN_REDDIT_CLIENT_ID"):
            await source.scrape_subreddit_posts(PYTHON)
        assert paths(server) == [TOKEN]
        assert clock.waits == []

    async def test_stay_out_of_errors_and_of_what_is_printed(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(Reply(b'{"access_token": "very-secret", "expires_in": "soon"}'))
        with pytest.raises(InvalidResponse) as caught:
            await anext(source.pages(PYTHON))
        assert "very-secret" not in f"{caught.value!r} {caught.value.sample}"
        assert "secret" not in repr(config(server))

    async def test_are_tried_again_where_the_log_in_is_in_trouble(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        server.answer_in_turn(
            Reply(status=503), Reply(b"busy", 500), token_answer(), as_json(listing([1]))
        )
        assert len(await source.scrape_subreddit_posts(PYTHON)) == 1
        assert clock.waits == [1, 2]

    async def test_that_do_not_get_through_are_upstreams_fault(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(Reply(status=500))
        with pytest.raises(Upstream):
            await source.scrape_subreddit_posts(PYTHON)


class TestSeveral:
    IDS = {"reddit_client_id": "one, two,three", "reddit_client_secret": "a,,c"}

    @staticmethod
    def key(request: Request) -> str:
        return base64.b64decode(request.headers["authorization"].split()[1]).decode()

    def route(self, refusing: dict[str, Reply]) -> Any:
        """Issue tokens named for the application; refuse those of `refusing`."""

        def answer(request: Request) -> Reply:
            if request.path == TOKEN:
                return token_answer(self.key(request).partition(":")[0])
            bearer = request.headers["authorization"].removeprefix("bearer ")
            return refusing.get(bearer, as_json(listing([1])))

        return answer

    def askers(self, server: ScriptedServer) -> list[str]:
        questions = [request for request in server.requests if request.path != TOKEN]
        return [one.headers["authorization"].removeprefix("bearer ") for one in questions]

    async def test_are_used_one_until_its_window_is_used_up(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        limited = as_json({"message": "Too Many Requests"}, 429, retry_after="300")
        refusing: dict[str, Reply] = {}
        server.route = self.route(refusing)
        async with get_scraper("oauth", config(server, **self.IDS), clock) as source:
            await source.scrape_subreddit_posts(PYTHON)
            refusing["one"] = limited
            await source.scrape_subreddit_posts(PYTHON)
            await source.scrape_subreddit_posts(PYTHON)
            assert self.askers(server) == ["one", "one", "two", "two"]
            refusing |= {"two": limited, "three": limited}
            with pytest.raises(RateLimited) as caught:
                await anext(source.pages(PYTHON))
            assert (caught.value.retry_after, clock.waits) == (300, [])
        keys = {self.key(request) for request in server.requests if request.path == TOKEN}
        assert keys == {"one:a", "two:", "three:c"}

    async def test_go_on_without_one_that_is_refused(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        server.route = self.route({"one": as_json({"error": 401}, 401)})
        async with get_scraper("oauth", config(server, **self.IDS), clock) as source:
            assert len(await source.scrape_subreddit_posts(PYTHON)) == 1
        assert self.askers(server) == ["one", "one", "two"]

    async def test_that_are_all_refused_fail(
        self, server: ScriptedServer, clock: ManualClock
    ) -> None:
        refused = as_json({"error": 401}, 401)
        server.route = self.route(dict.fromkeys(("one", "two", "three"), refused))
        async with get_scraper("oauth", config(server, **self.IDS), clock) as source:
            with pytest.raises(AuthenticationFailed):
                await source.scrape_subreddit_posts(PYTHON)
        assert clock.waits == []

    async def test_add_up_what_is_left(self, server: ScriptedServer, clock: ManualClock) -> None:
        left = {"x_ratelimit_remaining": "40.0", "x_ratelimit_reset": "500"}
        limited = as_json({}, 429, retry_after="300", x_ratelimit_remaining="2.0")
        server.route = self.route({"one": limited, "two": as_json(listing([1]), **left)})
        async with get_scraper("oauth", config(server, **self.IDS), clock) as source:
            await source.scrape_subreddit_posts(PYTHON)
            assert source.quota is not None
            assert (source.quota.remaining, source.quota.reset_seconds) == (42, 500)

    def test_are_another_lane_than_one(self, server: ScriptedServer) -> None:
        lanes = {get_scraper("oauth", config(server, **fields)).lane for fields in ({}, self.IDS)}
        assert len(lanes) == 2
        assert not any("one" in lane for lane in lanes)

    def test_need_an_id_for_each_secret(self, server: ScriptedServer) -> None:
        with pytest.raises(NotConfigured, match="TEPPAN_REDDIT_CLIENT_SECRET lists more"):
            get_scraper(
                "oauth",
                config(server, reddit_client_id="a,b", reddit_client_secret="1,2,3"),
            )


class TestScript:
    async def test_acts_for_its_account(self, server: ScriptedServer, clock: ManualClock) -> None:
        server.route = Reddit()
        account = {"reddit_username": "ada", "reddit_password": "a,b&c"}
        async with get_scraper("oauth", config(server, **account), clock) as source:
            await source.scrape_subreddit_posts(PYTHON)
        assert parse_qs(server.requests[0].body) == {
            "grant_type": ["password"], "username": ["ada"], "password": ["a,b&c"],
        }  # fmt: skip

    @pytest.mark.parametrize(("password", "is_right"), [(USER[1], True), ("wrong", False)])
    async def test_is_admitted_by_its_password(
        self, clock: ManualClock, password: str, *, is_right: bool
    ) -> None:
        with running_sandbox() as reddit:
            settings = ProviderConfig(
                reddit_oauth_url=reddit.url,
                reddit_token_url=reddit.url + TOKEN,
                reddit_client_id=SCRIPT_CLIENT[0],
                reddit_client_secret=SCRIPT_CLIENT[1],
                reddit_username=USER[0],
                reddit_password=password,
            )
            async with get_scraper("oauth", settings, clock) as source:
                if is_right:
                    assert await source.scrape_subreddit_posts(Query(subreddit="tiny"))
                else:
                    with pytest.raises(AuthenticationFailed, match="TEPPAN_REDDIT_PASSWORD"):
                        await source.scrape_subreddit_posts(Query(subreddit="tiny"))


class TestToken:
    async def test_serves_until_shortly_before_its_end(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        server.route = reddit = Reddit(expires_in=3600)
        await source.scrape_subreddit_posts(PYTHON)
        clock.advance(3539)
        await source.scrape_subreddit_posts(PYTHON)
        assert reddit.issued == 1
        clock.advance(1)
        await source.scrape_subreddit_posts(PYTHON)
        assert reddit.issued == 2
        assert server.requests[-1].headers["authorization"] == "bearer t2"

    async def test_is_asked_for_once_by_many_at_the_same_time(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = reddit = Reddit()
        await asyncio.gather(*(source.scrape_subreddit_posts(PYTHON) for _ in range(8)))
        assert (reddit.issued, len(server.requests)) == (1, 9)

    async def test_that_is_refused_is_renewed_once(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        server.route = reddit = Reddit(admitted={"t2"})
        assert len(await source.scrape_subreddit_posts(PYTHON)) == 1
        assert reddit.issued == 2
        assert clock.waits == []

    async def test_that_is_refused_again_fails(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        server.route = reddit = Reddit(admitted=set())
        with pytest.raises(AuthenticationFailed):
            await source.scrape_subreddit_posts(PYTHON)
        assert (reddit.issued, len(server.requests)) == (2, 4)
        assert clock.waits == []

    async def test_refused_to_many_is_renewed_once_for_all(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.route = reddit = Reddit()
        await source.scrape_subreddit_posts(PYTHON)
        reddit.admitted = {"t2"}
        await asyncio.gather(*(source.scrape_subreddit_posts(PYTHON) for _ in range(5)))
        assert reddit.issued == 2

    async def test_outlives_the_one_who_asked_for_it_and_was_cancelled(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        hanging = [True]

        def route(request: Request) -> Reply:
            if request.path == TOKEN and hanging[0]:
                hanging[0] = False
                return Reply(fault="hang")
            return token_answer() if request.path == TOKEN else as_json(listing([1]))

        server.route = route
        first, second = (
            asyncio.create_task(source.scrape_subreddit_posts(PYTHON)) for _ in range(2)
        )
        await server.arrived.wait()
        first.cancel()
        assert len(await second) == 1
        assert first.cancelled()


class TestWindow:
    async def test_of_the_api_is_waited_for(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        used_up = {"x_ratelimit_remaining": "0.0", "x_ratelimit_reset": "240"}
        server.answer_in_turn(
            token_answer(), as_json(listing([1], "t3_p1"), **used_up), as_json(listing([2]))
        )
        assert len(await source.scrape_subreddit_posts(PYTHON)) == 2
        assert clock.waits == [240]

    async def test_of_the_log_in_is_another_one(
        self, server: ScriptedServer, source: ScraperBackend, clock: ManualClock
    ) -> None:
        used_up = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "240"}
        log_in = token_answer()
        server.answer_in_turn(
            Reply(log_in.body, headers=dict(log_in.headers) | used_up), as_json(listing([1]))
        )
        await source.scrape_subreddit_posts(PYTHON)
        assert clock.waits == []

    async def test_that_is_closed_says_when_it_opens(
        self, server: ScriptedServer, source: ScraperBackend
    ) -> None:
        server.answer_in_turn(token_answer(), as_json({"error": 429}, 429, retry_after="33"))
        with pytest.raises(RateLimited) as caught:
            await anext(source.pages(PYTHON))
        assert caught.value.retry_after == 33
