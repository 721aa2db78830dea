from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data_provider.sandbox.tokens import INSTALLED_CLIENT, INSTALLED_GRANT, SCRIPT_CLIENT

if TYPE_CHECKING:
    import httpx

    from .conftest import Client, FakeTime

PATHS = ("/r/tiny/new", "/r/tiny", "/r/tiny/about", "/api/morechildren", "/subreddits/popular")


async def log_in(client: Client, **form: str) -> Any:
    data = {"grant_type": "client_credentials"} | form
    answer = await client.http.post("/api/v1/access_token", data=data, auth=SCRIPT_CLIENT)
    assert answer.status_code == 200
    return answer.json()


async def ask(client: Client, token: str, path: str = "/r/tiny/new") -> httpx.Response:
    return await client.http.get(
        path, params={"raw_json": 1}, headers={"authorization": f"bearer {token}"}
    )


class TestToken:
    async def test_opens_the_paths_without_suffix(self, client: Client) -> None:
        token = (await log_in(client))["access_token"]
        answer = await ask(client, token)
        assert answer.json() == await client.json("/r/tiny/new.json")

    @pytest.mark.parametrize("path", PATHS)
    async def test_is_asked_for_by_paths_without_suffix(self, client: Client, path: str) -> None:
        for headers in ({}, {"authorization": "bearer made-up"}, {"authorization": "Basic eA=="}):
            answer = await client.http.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.json() == {"message": "Unauthorized", "error": 401}

    async def test_lives_a_day_or_as_long_as_wished(
        self, client: Client, fake_time: FakeTime
    ) -> None:
        issued = await log_in(client)
        assert (issued["token_type"], issued["expires_in"]) == ("bearer", 86_400)
        fake_time.now += 86_399
        assert (await ask(client, issued["access_token"])).status_code == 200
        fake_time.now += 1
        assert (await ask(client, issued["access_token"])).status_code == 401
        await client.http.post("/_sandbox/tokens", json={"expires_in": 5})
        assert (await log_in(client))["expires_in"] == 5

    async def test_ends_on_demand(self, client: Client) -> None:
        token = (await log_in(client))["access_token"]
        await client.http.delete("/_sandbox/tokens")
        assert (await ask(client, token)).status_code == 401
        renewed = (await log_in(client))["access_token"]
        assert (await ask(client, renewed)).status_code == 200

    async def test_redirects_within_the_api(self, client: Client) -> None:
        token = (await log_in(client))["access_token"]
        answer = await ask(client, token, "/r/no_such_place/new")
        assert answer.headers["location"] == (
            "http://reddit.test/subreddits/search?q=no_such_place"
        )


class TestLogIn:
    @pytest.mark.parametrize("auth", [None, ("x", "y"), (SCRIPT_CLIENT[0], "wrong")])
    async def test_knows_its_applications(self, client: Client, auth: Any) -> None:
        answer = await client.http.post(
            "/api/v1/access_token", data={"grant_type": "client_credentials"}, auth=auth
        )
        assert (answer.status_code, answer.json()["error"]) == (401, 401)

    async def test_takes_installed_applications_by_their_own_grant(self, client: Client) -> None:
        form = {"grant_type": INSTALLED_GRANT, "device_id": "x" * 20}
        for data, status in ((form, 200), ({"grant_type": "client_credentials"}, 400)):
            answer = await client.http.post(
                "/api/v1/access_token", data=data, auth=INSTALLED_CLIENT
            )
            assert answer.status_code == status

    async def test_refuses_a_wrong_lifetime(self, client: Client) -> None:
        for body in ({}, {"expires_in": 0}, {"expires_in": 5, "other": 1}):
            answer = await client.http.post("/_sandbox/tokens", json=body)
            assert answer.status_code == 400

    async def test_is_by_post_only(self, client: Client) -> None:
        assert (await client.get("/api/v1/access_token")).status_code == 405
