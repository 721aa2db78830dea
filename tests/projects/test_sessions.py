"""Sign-ins over HTTP: cookies, rotation, replay, ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from common.errors import Unauthenticated
from projects.models import Session, User
from projects.selectors import authenticate_bearer
from projects.services.sessions import (
    SAME_CHILD_FOR,
    SignedIn,
    end_session,
    open_session,
    rotate_session,
)
from tests.callers import PASSWORD, Caller, MakeUser, signed_in, with_token
from tests.threads import at_once

REFRESH = "/api/auth/token/refresh/"
LOGOUT = "/api/auth/logout/"
ME = "/api/auth/me/"


def browser(user: User, password: str = PASSWORD) -> Caller:
    """Return a client that signed in with the password: it has the cookie and the token."""
    caller = Caller(Client(raise_request_exception=False), user)
    answer = caller.post("/api/auth/token/", {"username": user.username, "password": password})
    assert answer.status_code == 200
    caller.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {answer.json()['access']}"
    return caller


def with_cookie(refresh: str) -> Caller:
    """Return a client that has nothing but the cookie."""
    caller = Caller(Client(raise_request_exception=False))
    caller.client.cookies["teppan_refresh"] = refresh
    return caller


def age(session: Session, seconds: float) -> None:
    """Let the last rotation be longer ago."""
    before = session.rotated_at - timedelta(seconds=seconds)
    Session.objects.filter(pk=session.pk).update(rotated_at=before)


class TestTokenCookie:
    def test_x01_is_out_of_scripts_and_other_sites_reach(self, make_user: MakeUser) -> None:
        cookie = browser(make_user("ada")).client.cookies["teppan_refresh"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert cookie["path"] == "/api/auth/"

    def test_x01_is_bound_to_the_host_under_https(self, make_user: MakeUser, settings: Any) -> None:
        settings.IS_HTTPS = True
        cookie = browser(make_user("ada")).client.cookies["__Host-teppan_refresh"]
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert not cookie["domain"]

    def test_is_the_only_place_of_the_refresh_token(self, make_user: MakeUser) -> None:
        caller = Caller(Client(), make_user("ada"))
        answer = caller.post("/api/auth/token/", {"username": "ada", "password": PASSWORD})
        assert set(answer.json()) == {"access"}


class TestRotateSession:
    def test_gives_another_token_that_works(self, make_user: MakeUser) -> None:
        caller = browser(make_user("ada"))
        before = caller.client.cookies["teppan_refresh"].value
        answer = caller.post(REFRESH)
        assert answer.status_code == 200
        assert caller.client.cookies["teppan_refresh"].value != before
        assert with_token(answer.json()["access"]).get(ME).status_code == 200

    @pytest.mark.django_db(transaction=True)
    def test_x02_gives_all_concurrent_refreshes_the_same_child(self) -> None:
        user = User.objects.create_user("ada", password=PASSWORD)
        parent = open_session(user).refresh
        children = at_once(6, lambda _: rotate_session(parent))
        assert all(isinstance(child, SignedIn) for child in children), children
        assert len(set(children)) == 1
        assert rotate_session(children[0].refresh).refresh != parent  # type: ignore[union-attr]

    def test_x02_repeats_the_child_byte_for_byte_within_the_grace(
        self, make_user: MakeUser
    ) -> None:
        parent = open_session(make_user("ada")).refresh
        child = rotate_session(parent)
        assert rotate_session(parent) == child
        age(Session.objects.get(), SAME_CHILD_FOR.total_seconds() - 3)
        assert rotate_session(rotate_session(parent).refresh)

    def test_x02_kills_the_family_on_a_later_replay(self, make_user: MakeUser) -> None:
        parent = open_session(make_user("ada")).refresh
        child = rotate_session(parent)
        age(Session.objects.get(), SAME_CHILD_FOR.total_seconds() + 1)
        with pytest.raises(Unauthenticated):
            rotate_session(parent)
        with pytest.raises(Unauthenticated):
            rotate_session(child.refresh)
        with pytest.raises(Unauthenticated):
            authenticate_bearer(child.access)

    def test_x02_kills_the_family_on_a_grandparents_replay(self, make_user: MakeUser) -> None:
        grandparent = open_session(make_user("ada")).refresh
        parent = rotate_session(grandparent)
        child = rotate_session(parent.refresh)
        with pytest.raises(Unauthenticated):
            rotate_session(grandparent)
        with pytest.raises(Unauthenticated):
            rotate_session(child.refresh)

    def test_gives_a_fresh_access_token_when_the_first_is_soon_over(
        self, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parent = open_session(make_user("ada")).refresh
        rotate_session(parent)
        age(Session.objects.get(), 8)
        monkeypatch.setattr("projects.tokens._ACCESS_LIFETIME", timedelta(seconds=6))
        assert authenticate_bearer(rotate_session(parent).access)

    def test_refuses_an_access_token_in_the_cookie(self, make_user: MakeUser) -> None:
        with pytest.raises(Unauthenticated):
            rotate_session(open_session(make_user("ada")).access)

    def test_refuses_an_expired_session(self, make_user: MakeUser) -> None:
        token = open_session(make_user("ada")).refresh
        Session.objects.update(expires_at=timezone.now())
        with pytest.raises(Unauthenticated):
            rotate_session(token)

    def test_answers_401_without_a_cookie(self, anonymous: Caller, db: None) -> None:
        answer = anonymous.post(REFRESH)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"


class TestLogout:
    def test_x04_refuses_both_tokens_afterwards(self, make_user: MakeUser) -> None:
        caller = browser(make_user("ada"))
        spent = caller.client.cookies["teppan_refresh"].value
        assert caller.post(LOGOUT).status_code == 204
        assert caller.get(ME).status_code == 401
        assert caller.client.cookies["teppan_refresh"].value == ""
        caller.client.cookies["teppan_refresh"] = spent
        assert caller.post(REFRESH).status_code == 401

    def test_x04_leaves_other_sessions_alone(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        here, there = browser(user), browser(user)
        here.post(LOGOUT)
        assert there.get(ME).status_code == 200

    def test_x04_ends_every_session_when_asked(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        here, there = browser(user), browser(user)
        bystander = browser(make_user("bob"))
        assert here.post(LOGOUT, {"all": True}).status_code == 204
        assert there.get(ME).status_code == 401
        assert there.post(REFRESH).status_code == 401
        assert bystander.get(ME).status_code == 200

    @pytest.mark.parametrize("is_all", [True, False])
    def test_x04_a_cookie_of_an_ended_session_ends_no_other(
        self, make_user: MakeUser, is_all: bool
    ) -> None:
        user = make_user("ada")
        before = browser(user)
        spent = before.client.cookies["teppan_refresh"].value
        assert before.post(LOGOUT).status_code == 204
        after = browser(user)
        answer = with_cookie(spent).post(LOGOUT, {"all": is_all})
        assert answer.status_code == 204
        assert answer.cookies["teppan_refresh"].value == ""
        assert after.get(ME).status_code == 200
        assert after.post(REFRESH).status_code == 200

    def test_x04_a_long_spent_token_does_not_end_every_session(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        there = browser(user)
        oldest = open_session(user).refresh
        recent = rotate_session(oldest)
        rotate_session(recent.refresh)
        assert with_cookie(oldest).post(LOGOUT, {"all": True}).status_code == 204
        assert there.get(ME).status_code == 200
        assert with_token(recent.access).get(ME).status_code == 200
        # The token before the current one may still be in the hands of a second tab.
        assert with_cookie(recent.refresh).post(LOGOUT, {"all": True}).status_code == 204
        assert there.get(ME).status_code == 401

    @pytest.mark.parametrize("token", ["x", "a.b.c"])
    def test_x04_a_cookie_that_is_no_token_is_taken_away(self, token: str, db: None) -> None:
        answer = with_cookie(token).post(LOGOUT, {"all": True})
        assert answer.status_code == 204
        assert answer.cookies["teppan_refresh"].value == ""

    def test_ends_the_access_tokens_session_without_a_cookie(self, owner: Caller) -> None:
        assert owner.post(LOGOUT).status_code == 204
        assert owner.get(ME).status_code == 401

    def test_answers_401_to_nobody(self, anonymous: Caller, db: None) -> None:
        assert anonymous.post(LOGOUT).status_code == 401


class TestCredentialsChange:
    def test_x05_a_new_password_ends_every_other_session(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        here, there = browser(user), browser(user)
        new = "another long enough secret"
        body = {"current_password": PASSWORD, "new_password": new}
        assert here.post("/api/auth/password/", body).status_code == 204
        assert here.get(ME).status_code == 200
        assert here.post(REFRESH).status_code == 200
        assert there.get(ME).status_code == 401
        assert there.post(REFRESH).status_code == 401
        assert browser(user, new).get(ME).status_code == 200

    def test_x05_a_password_set_elsewhere_ends_all_sessions(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        here = browser(user)
        user.set_password("set by the operator")
        user.save()
        assert here.get(ME).status_code == 401
        assert here.post(REFRESH).status_code == 401

    def test_x05_disabling_a_user_ends_sessions_and_tokens(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        here = browser(user)
        token = here.post("/api/auth/api-tokens/", {"name": "script"}).json()["token"]
        assert with_token(token).get(ME).status_code == 200
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert here.get(ME).status_code == 401
        assert here.post(REFRESH).status_code == 401
        assert with_token(token).get(ME).status_code == 401

    def test_refuses_the_wrong_current_password(self, owner: Caller) -> None:
        body = {"current_password": "wrong", "new_password": "another long enough secret"}
        answer = owner.post("/api/auth/password/", body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0] == {
            "code": "invalid_password",
            "detail": "The password is wrong.",
            "attr": "current_password",
        }

    def test_holds_the_new_password_to_the_rules(self, owner: Caller) -> None:
        body = {"current_password": PASSWORD, "new_password": "1234"}
        errors = owner.post("/api/auth/password/", body).json()["errors"]
        assert {error["attr"] for error in errors} == {"new_password"}
        assert "password_too_short" in {error["code"] for error in errors}


class TestCookieRoutes:
    @pytest.mark.parametrize("path", [REFRESH, LOGOUT])
    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("text/plain", '{"all": true}'),
            ("text/plain", ""),
            ("application/x-www-form-urlencoded", "all=true"),
            ("application/x-www-form-urlencoded", ""),
            ("multipart/form-data; boundary=x", "--x--"),
        ],
    )
    def test_x07_refuse_what_a_form_can_send(
        self, make_user: MakeUser, path: str, content_type: str, body: str
    ) -> None:
        caller = browser(make_user("ada"))
        assert caller.call("POST", path, body, content_type=content_type).status_code == 415
        assert caller.get(ME).status_code == 200

    @pytest.mark.parametrize("path", [REFRESH, LOGOUT])
    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://testserver.evil.example"},
            {"origin": "http://testserver:8001"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ],
    )
    def test_x07_refuse_other_origins(
        self, make_user: MakeUser, path: str, headers: dict[str, str]
    ) -> None:
        caller = browser(make_user("ada"))
        answer = caller.post(path, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "cross_site"
        assert caller.get(ME).status_code == 200

    def test_x07_serve_our_own_page(self, make_user: MakeUser) -> None:
        caller = browser(make_user("ada"))
        headers = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
        assert caller.post(REFRESH, headers=headers).status_code == 200

    def test_x07_serve_a_fetch_without_a_body(self, make_user: MakeUser) -> None:
        caller = browser(make_user("ada"))
        del caller.client.defaults["HTTP_AUTHORIZATION"]
        assert caller.call("POST", REFRESH, content_type="").status_code == 200

    @pytest.mark.parametrize("origin", ["https://evil.example", "null"])
    def test_x08_an_origin_is_never_reflected(self, make_user: MakeUser, origin: str) -> None:
        caller = browser(make_user("ada"))
        for method, path in (("GET", ME), ("OPTIONS", ME), ("POST", REFRESH)):
            answer = caller.call(method, path, headers={"origin": origin})
            assert not [name for name in answer.headers if name.startswith("Access-Control")]


class TestAuthenticateBearer:
    def test_asks_the_database_once(
        self, make_user: MakeUser, django_assert_num_queries: Any
    ) -> None:
        access = open_session(make_user("ada")).access
        with django_assert_num_queries(1):
            principal = authenticate_bearer(access)
        assert principal.user.username == "ada"
        assert principal.kind == "session"
        assert principal.expires_at is not None

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "tpn_", "tpn_wrong", "é"])
    def test_refuses_what_we_did_not_issue(self, token: str, db: None) -> None:
        with pytest.raises(Unauthenticated):
            authenticate_bearer(token)

    def test_refuses_a_forged_signature(self, make_user: MakeUser) -> None:
        head, body, _ = open_session(make_user("ada")).access.split(".")
        with pytest.raises(Unauthenticated):
            authenticate_bearer(f"{head}.{body}.{'A' * 43}")

    def test_refuses_a_refresh_token(self, make_user: MakeUser) -> None:
        with pytest.raises(Unauthenticated):
            authenticate_bearer(open_session(make_user("ada")).refresh)

    def test_other_schemes_are_nobody(self, db: None) -> None:
        answer = Client().get(ME, headers={"authorization": "Basic YTpi"})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"


class TestEndSession:
    def test_keeps_the_first_moment(self, make_user: MakeUser) -> None:
        signed_in(make_user("ada"))
        session = Session.objects.get()
        end_session(session.pk)
        first = Session.objects.get().revoked_at
        end_session(session.pk)
        assert Session.objects.get().revoked_at == first
