"""Scripted faults strike when their conditions hold, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data_provider.sandbox import create_app
from data_provider.sandbox.requests import LOG_LENGTH, Request, RequestLog

from .conftest import Client, FakeTime

if TYPE_CHECKING:
    import httpx

PATH = "/r/python/new.json"


async def statuses(client: Client, count: int, path: str = PATH, **params: Any) -> list[int]:
    return [(await client.get(path, **params)).status_code for _ in range(count)]


class TestConditions:
    async def test_without_any_the_rule_always_strikes(self, client: Client) -> None:
        await client.add_faults({"action": "status", "status": 503})
        assert await statuses(client, 3) == [503, 503, 503]

    async def test_nth_counts_the_matching_requests(self, client: Client) -> None:
        await client.add_faults({"subreddit": "Python", "nth": 2, "action": "status"})
        await client.get("/r/rust/new.json")
        assert await statuses(client, 3) == [200, 500, 200]

    async def test_every_strikes_again_and_again(self, client: Client) -> None:
        await client.add_faults({"every": 2, "action": "status"})
        assert await statuses(client, 4) == [200, 500, 200, 500]

    async def test_times_ends_the_rule(self, client: Client) -> None:
        await client.add_faults({"times": 2, "action": "status"})
        assert await statuses(client, 4) == [500, 500, 200, 200]

    async def test_path_is_a_regular_expression(self, client: Client) -> None:
        await client.add_faults({"path": r"/(hot|top)\.json$", "action": "status"})
        assert await statuses(client, 1) == [200]
        assert await statuses(client, 1, "/r/python/top.json") == [500]

    async def test_page_counts_from_the_last_first_page(self, client: Client) -> None:
        await client.add_faults({"subreddit": "python", "page": 3, "action": "status"})
        after = (await client.page(PATH))["after"]
        assert await statuses(client, 3, after=after) == [200, 500, 200]
        assert await statuses(client, 1) == [200]
        assert await statuses(client, 2, after=after) == [200, 500]

    async def test_paged_tells_first_pages_from_later_ones(self, client: Client) -> None:
        await client.add_faults({"paged": False, "action": "status"})
        assert await statuses(client, 1) == [500]
        assert await statuses(client, 1, after="t3_x") == [200]

    async def test_subreddit_covers_its_comments_and_their_stubs(self, client: Client) -> None:
        post = (await client.page(PATH))["children"][0]["data"]
        await client.add_faults({"subreddit": "python", "action": "status"})
        assert await statuses(client, 1, f"/comments/{post['id']}.json") == [500]
        answer = await client.get("/api/morechildren.json", link_id=post["name"], children="a")
        assert answer.status_code == 500

    async def test_probability_follows_the_seed(self) -> None:
        runs = []
        for seed in (1, 1, 2):
            client = Client(create_app(seed))
            await client.add_faults({"probability": 0.5, "action": "status"})
            runs.append(await statuses(client, 40, limit=1))
        assert runs[0] == runs[1] != runs[2]
        assert 8 < runs[0].count(500) < 32

    async def test_first_rule_with_an_action_wins(self, client: Client) -> None:
        await client.add_faults(
            {"latency_ms": 5}, {"action": "status", "status": 502}, {"action": "wall_403"}
        )
        assert await statuses(client, 1) == [502]


class TestActions:
    @pytest.mark.parametrize(
        ("action", "status", "mark"),
        [
            ("wall_403", 403, "whoa there, pardner!"),
            ("challenge_200", 200, "js_challenge"),
            ("relayout", 200, "subredditFeed"),
            ("private", 403, "private"),
            ("banned", 404, "banned"),
            ("quarantined", 403, "quarantine_message_html"),
            ("empty_page", 200, '"dist":0'),
        ],
    )
    async def test_replace_the_answer(
        self, client: Client, action: str, status: int, mark: str
    ) -> None:
        await client.add_faults({"action": action})
        answer = await client.get(PATH)
        assert answer.status_code == status
        assert mark in answer.text

    async def test_429_says_when_to_come_back(self, client: Client) -> None:
        await client.add_faults({"action": "status", "status": 429, "retry_after": 0.5})
        answer = await client.get(PATH)
        assert answer.headers["retry-after"] == "0.5"
        assert answer.json() == {"message": "Too Many Requests", "error": 429}

    async def test_latencies_add_up(self, client: Client, fake_time: FakeTime) -> None:
        await client.add_faults({"latency_ms": 200}, {"subreddit": "python", "latency_ms": 50})
        await client.get(PATH)
        assert fake_time.slept == [0.25]

    async def test_pacing_holds_the_mean_rate(self, client: Client, fake_time: FakeTime) -> None:
        await client.add_faults({"subreddit": "huge", "posts_per_second": 500})
        start, after = fake_time.now, ""
        for _ in range(20):
            page = await client.page("/r/huge/new.json", limit=100, after=after)
            after = page["after"]
            # A client that needs a tenth of a second per page is not slowed down further.
            fake_time.now += 0.1
        assert fake_time.now - start == pytest.approx(4.1, abs=0.01)

    async def test_pacing_does_not_pay_back_a_long_pause(
        self, client: Client, fake_time: FakeTime
    ) -> None:
        await client.add_faults({"posts_per_second": 100})
        await client.get("/r/huge/new.json", limit=100)
        fake_time.now += 60
        fake_time.slept.clear()
        for _ in range(3):
            await client.get("/r/huge/new.json", limit=100)
        assert sum(fake_time.slept) == pytest.approx(2.0)


class TestControl:
    async def test_clear_forgets_rules_and_counters(self, client: Client) -> None:
        await client.add_faults({"action": "status"})
        assert await statuses(client, 2, "/r/flaky/new.json") == [500, 500]
        assert (await client.http.delete("/_sandbox/faults")).json() == []
        assert await statuses(client, 3, "/r/flaky/new.json") == [200, 200, 500]

    async def test_shows_the_armed_rules(self, client: Client) -> None:
        await client.add_faults({"nth": 2, "action": "reset"})
        shown = (await client.get("/_sandbox/faults")).json()
        assert shown == [{"nth": 2, "action": "reset"}]

    @pytest.mark.parametrize(
        "body",
        ['[{"action": "explode"}]', '[{"nht": 2}]', '[{"path": "("}]', "{}", "no json"],
    )
    async def test_refuses_rules_it_does_not_understand(self, client: Client, body: str) -> None:
        answer = await client.http.post("/_sandbox/faults", content=body)
        assert answer.status_code == 400
        assert (await client.get("/_sandbox/faults")).json() == []

    async def test_requests_are_logged_and_counted(self, client: Client) -> None:
        await client.get(PATH, limit=3)
        await client.get(PATH, after="t3_x")
        await client.get("/r/nosuchplace/new.json")
        report = (await client.get("/_sandbox/requests")).json()
        assert report["counts"] == {PATH: 2, "/r/nosuchplace/new.json": 1}
        assert report["total"] == 3
        first = report["requests"][0]
        assert (first["query"], first["subreddit"], first["status"]) == ("limit=3", "python", 200)
        assert report["requests"][2]["status"] == 302

    async def test_cleared_requests_start_from_zero(self, client: Client) -> None:
        await client.get(PATH)
        await client.http.delete("/_sandbox/requests")
        assert (await client.get("/_sandbox/requests")).json()["total"] == 0

    async def test_log_is_bounded(self, client: Client) -> None:
        log = RequestLog()
        request = Request("GET", "/x", "/x", "", {}, "host")
        for _ in range(LOG_LENGTH + 5):
            log.add(request, None)
        report = log.report()
        assert (report["total"], len(report["requests"])) == (LOG_LENGTH + 5, LOG_LENGTH)

    async def test_unknown_control_route_is_404(self, client: Client) -> None:
        assert (await client.get("/_sandbox/nothing")).status_code == 404

    async def test_body_of_a_megabyte_is_refused(self, client: Client) -> None:
        answer = await client.http.post("/_sandbox/faults", content=b"x" * (2 << 20))
        assert answer.status_code == 413


class TestQuota:
    async def test_counts_down_and_refuses_at_zero(self, fake_time: FakeTime) -> None:
        client = Client(create_app(rate_limit=2, timing=fake_time.timing()))
        answers = [await client.get(PATH) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [_quota(answer) for answer in answers] == [("1", "1.0"), ("2", "0.0"), ("2", "0.0")]

    async def test_starts_anew_after_the_window(self, fake_time: FakeTime) -> None:
        client = Client(create_app(rate_limit=1, timing=fake_time.timing()))
        first = await client.get(PATH)
        fake_time.now += 400
        second = await client.get(PATH)
        fake_time.now += float(second.headers["x-ratelimit-reset"])
        third = await client.get(PATH)
        assert [first.status_code, second.status_code, third.status_code] == [200, 429, 200]
        assert second.headers["x-ratelimit-reset"] == "200"

    async def test_is_generous_by_default(self, client: Client) -> None:
        answer = await client.get(PATH)
        assert _quota(answer) == ("1", "99999.0")


def _quota(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["x-ratelimit-used"], answer.headers["x-ratelimit-remaining"]
