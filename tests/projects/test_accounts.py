"""Accounts over HTTP: registration, limits on guessing, API tokens, deletion."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from common.errors import Forbidden, TooMany
from projects import deletion
from projects.models import ApiToken, FirstAccount, LoginFailure, Project, Session, User
from projects.selectors import authenticate_bearer, principals_still_valid
from projects.services.accounts import create_api_token, delete_account, register_account
from projects.services.login_limits import PER_ACCOUNT, PER_SOURCE, WINDOW
from projects.services.projects import command_line_project
from projects.services.records import forget_expired_records
from projects.services.sessions import end_session, open_session
from tests.callers import PASSWORD, Caller, MakeUser, with_token
from tests.threads import at_once

REGISTER = "/api/auth/register/"
TOKEN = "/api/auth/token/"
ME = "/api/auth/me/"
API_TOKENS = "/api/auth/api-tokens/"


@pytest.fixture
def registration(settings: Any) -> Any:
    def choose(policy: str) -> None:
        settings.TEPPAN = {**settings.TEPPAN, "REGISTRATION": policy}

    return choose


@pytest.fixture
def limited(settings: Any) -> None:
    settings.TEPPAN = {**settings.TEPPAN, "THROTTLE": True}


class TestRegister:
    def test_creates_an_account_without_signing_in(self, anonymous: Caller, db: None) -> None:
        answer = anonymous.post(REGISTER, {"username": "ada", "password": PASSWORD})
        assert answer.status_code == 201
        assert answer.json() == {"id": User.objects.get().pk, "username": "ada"}
        assert not answer.cookies
        assert not Session.objects.exists()

    def test_lets_only_the_first_in_by_default(
        self, anonymous: Caller, registration: Any, db: None
    ) -> None:
        registration("first")
        answers = [
            anonymous.post(REGISTER, {"username": name, "password": PASSWORD})
            for name in ("ada", "bob")
        ]
        assert [answer.status_code for answer in answers] == [201, 403]
        assert answers[1].json()["errors"][0]["code"] == "registration_closed"

    @pytest.mark.parametrize(
        ("policy", "before", "after"),
        [
            ("first", {"open": True, "first": True}, {"open": False, "first": False}),
            ("open", {"open": True, "first": True}, {"open": True, "first": False}),
            ("closed", {"open": False, "first": True}, {"open": False, "first": False}),
        ],
    )
    def test_tells_whether_it_is_open(
        self,
        anonymous: Caller,
        registration: Any,
        db: None,
        policy: str,
        before: dict[str, bool],
        after: dict[str, bool],
    ) -> None:
        registration(policy)
        assert anonymous.get(REGISTER).json() == before
        User.objects.create_user("ada", password=PASSWORD)
        assert anonymous.get(REGISTER).json() == after

    @pytest.mark.django_db(transaction=True)
    def test_lets_one_of_many_simultaneous_first_ones_in(self, registration: Any) -> None:
        registration("first")
        outcomes = at_once(4, lambda index: register_account(f"user{index}", PASSWORD))
        assert sum(isinstance(outcome, User) for outcome in outcomes) == 1, outcomes
        assert sum(isinstance(outcome, Forbidden) for outcome in outcomes) == 3
        assert User.objects.count() == 1

    def test_lets_nobody_in_when_closed(
        self, anonymous: Caller, registration: Any, db: None
    ) -> None:
        registration("closed")
        answer = anonymous.post(REGISTER, {"username": "ada", "password": PASSWORD})
        assert answer.status_code == 403
        assert not User.objects.exists()

    def test_is_still_open_after_the_command_line_kept_something(
        self, registration: Any, db: None
    ) -> None:
        registration("first")
        command_line_project(None)
        assert register_account("ada", PASSWORD)

    def test_opens_again_when_the_only_account_was_deleted(
        self, registration: Any, db: None
    ) -> None:
        registration("first")
        user = register_account("ada", PASSWORD)
        Project.objects.create(owner=user, name="still being emptied")
        delete_account(user, PASSWORD, source="")
        assert register_account("ada", PASSWORD).pk != user.pk
        assert FirstAccount.objects.count() == 1

    def test_names_the_field_of_a_taken_name(self, anonymous: Caller, owner: Caller) -> None:
        answer = anonymous.post(REGISTER, {"username": "owner", "password": PASSWORD})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "unique"
        assert answer.json()["errors"][0]["attr"] == "username"

    @pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "x" * 151, None, [], "a\nb"])
    def test_refuses_unusable_names(self, anonymous: Caller, db: None, name: Any) -> None:
        answer = anonymous.post(REGISTER, {"username": name, "password": PASSWORD})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"] == "username"

    def test_holds_the_password_to_djangos_rules(self, anonymous: Caller, db: None) -> None:
        answer = anonymous.post(REGISTER, {"username": "lovelace", "password": "lovelace"})
        assert answer.status_code == 400
        assert "password_too_similar" in {e["code"] for e in answer.json()["errors"]}


class TestSignIn:
    @pytest.fixture(autouse=True)
    def stranger(self) -> None:
        self.client = Client()

    def guess(self, name: str, password: str = "wrong", **options: Any) -> Any:
        self.client.cookies.clear()
        body = {"username": name, "password": password}
        return Caller(self.client).post(TOKEN, body, **options)

    def test_x09_says_the_same_of_unknown_disabled_and_mistyped(self, make_user: MakeUser) -> None:
        make_user("ada")
        User.objects.filter(pk=make_user("off").pk).update(is_active=False)
        answers = [
            self.guess("ada"),
            self.guess("nobody"),
            self.guess("off", PASSWORD),
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.content for answer in answers}) == 1

    def test_x09_hashes_a_password_for_unknown_names_too(
        self, make_user: MakeUser, settings: Any
    ) -> None:
        settings.PASSWORD_HASHERS = ["tests.projects.test_accounts.CountingHasher"]
        CountingHasher.hashed = 0
        self.guess("nobody")
        assert CountingHasher.hashed == 1

    def test_x09_stops_guessing_at_one_account(self, make_user: MakeUser, limited: None) -> None:
        make_user("ada")
        answers = [
            self.guess("ada", REMOTE_ADDR=f"192.0.2.{number}") for number in range(PER_ACCOUNT + 3)
        ]
        assert [answer.status_code for answer in answers] == [401] * PER_ACCOUNT + [429] * 3
        assert 0 < int(answers[-1]["Retry-After"]) <= WINDOW.total_seconds()

    def test_x09_stops_guessing_from_one_source(self, limited: None, db: None) -> None:
        answers = [self.guess(f"user{number}") for number in range(PER_SOURCE + 2)]
        assert [answer.status_code for answer in answers] == [401] * PER_SOURCE + [429] * 2

    def test_x09_a_forged_forwarding_header_changes_nothing(self, limited: None, db: None) -> None:
        statuses = [
            self.guess(f"user{n}", headers={"x-forwarded-for": f"192.0.2.{n}"}).status_code
            for n in range(PER_SOURCE + 1)
        ]
        assert statuses[-1] == 429

    def test_x09_an_empty_name_locks_nobody(self, make_user: MakeUser, limited: None) -> None:
        make_user("ada")
        assert {self.guess("").status_code for _ in range(PER_SOURCE + 5)} == {400}
        assert not LoginFailure.objects.exists()
        assert self.guess("ada", PASSWORD).status_code == 200

    def test_x09_the_victim_signs_in_from_a_known_browser(
        self, make_user: MakeUser, limited: None
    ) -> None:
        make_user("ada")
        known = Caller(Client())
        credentials = {"username": "ada", "password": PASSWORD}
        assert known.post(TOKEN, credentials).status_code == 200
        for _ in range(PER_ACCOUNT + 1):
            self.guess("ada")
        assert self.guess("ada", PASSWORD).status_code == 429
        assert known.post(TOKEN, credentials).status_code == 200

    def test_x09_a_known_browser_has_a_limit_too(self, make_user: MakeUser, limited: None) -> None:
        make_user("ada")
        known = Caller(Client())
        known.post(TOKEN, {"username": "ada", "password": PASSWORD})
        wrong = {"username": "ada", "password": "wrong"}
        statuses = [known.post(TOKEN, wrong).status_code for _ in range(PER_ACCOUNT + 1)]
        assert statuses[-1] == 429

    def test_x09_anothers_cookie_opens_no_way_around(
        self, make_user: MakeUser, limited: None
    ) -> None:
        make_user("ada")
        make_user("mallory")
        attacker = Caller(Client())
        attacker.post(TOKEN, {"username": "mallory", "password": PASSWORD})
        wrong = {"username": "ada", "password": "wrong"}
        statuses = [attacker.post(TOKEN, wrong).status_code for _ in range(PER_ACCOUNT + 1)]
        assert statuses[-1] == 429

    def test_x09_sessions_and_tokens_go_on_while_signing_in_is_limited(
        self, make_user: MakeUser, limited: None
    ) -> None:
        user = make_user("ada")
        access, (_, token) = open_session(user).access, create_api_token(user, "script")
        for _ in range(PER_ACCOUNT + 1):
            self.guess("ada")
        assert with_token(access).get(ME).status_code == 200
        assert with_token(token).get(ME).status_code == 200

    def test_x09_the_limit_ends_with_its_window(self, make_user: MakeUser, limited: None) -> None:
        make_user("ada")
        for _ in range(PER_ACCOUNT + 5):
            self.guess("ada")
        LoginFailure.objects.update(failed_at=timezone.now() - WINDOW)
        assert self.guess("ada", PASSWORD).status_code == 200

    @pytest.mark.django_db(transaction=True)
    def test_x09_a_burst_gets_no_more_guesses_than_a_row(self, limited: None) -> None:
        User.objects.create_user("ada", password=PASSWORD)
        number = PER_ACCOUNT + 6
        answers = at_once(number, lambda _: self.guess("ada").status_code)
        assert sorted(set(answers)) in ([401, 429], [429]), answers
        assert answers.count(401) <= PER_ACCOUNT

    @pytest.mark.django_db(transaction=True)
    def test_x10_limits_are_shared_and_outlive_a_process(self, limited: None) -> None:
        User.objects.create_user("ada", password=PASSWORD)
        for _ in range(PER_ACCOUNT):
            self.guess("ada")
        connections.close_all()
        elsewhere = at_once(1, lambda _: self.guess("ada", PASSWORD).status_code)
        assert elsewhere == [429]

    def test_a_right_password_does_not_count(self, make_user: MakeUser, limited: None) -> None:
        make_user("ada")
        statuses = {self.guess("ada", PASSWORD).status_code for _ in range(PER_ACCOUNT + 5)}
        assert statuses == {200}

    def test_keeps_no_name_that_somebody_typed(self, limited: None, db: None) -> None:
        self.guess("my-password-typed-as-a-name")
        row = LoginFailure.objects.values().get()
        assert "my-password" not in str(row)


class TestApiTokens:
    def test_are_shown_once_and_kept_as_a_digest(self, owner: Caller) -> None:
        answer = owner.post(API_TOKENS, {"name": "nightly"})
        assert answer.status_code == 201
        token = answer.json()["token"]
        assert token.startswith("tpn_")
        assert token not in str(ApiToken.objects.values().get())
        (listed,) = owner.get(API_TOKENS).json()["results"]
        assert set(listed) == {"id", "name", "prefix", "created_at", "last_used_at"}
        assert with_token(token).get(ME).json()["username"] == "owner"

    def test_are_refused_once_deleted(self, owner: Caller) -> None:
        made = owner.post(API_TOKENS, {"name": "nightly"}).json()
        assert owner.call("DELETE", f"{API_TOKENS}{made['id']}/").status_code == 204
        assert with_token(made["token"]).get(ME).status_code == 401

    def test_belong_to_one_account(self, owner: Caller, other: Caller) -> None:
        made = owner.post(API_TOKENS, {"name": "nightly"}).json()
        assert other.call("DELETE", f"{API_TOKENS}{made['id']}/").status_code == 404
        assert other.get(API_TOKENS).json()["results"] == []

    @pytest.mark.django_db(transaction=True)
    def test_never_more_than_the_quota_whoever_asks_at_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("projects.services.accounts.MOST_API_TOKENS", 3)
        user = User.objects.create_user("ada", password=PASSWORD)
        create_api_token(user, "first")
        outcomes = at_once(6, lambda index: create_api_token(user, f"t{index}"))
        refused = [outcome for outcome in outcomes if isinstance(outcome, TooMany)]
        assert (ApiToken.objects.count(), len(refused)) == (3, 4), outcomes

    def test_note_their_use_once_a_minute(
        self, make_user: MakeUser, django_assert_num_queries: Any
    ) -> None:
        row, token = create_api_token(make_user("ada"), "script")
        with django_assert_num_queries(2):
            authenticate_bearer(token)
        first = ApiToken.objects.get(pk=row.pk).last_used_at
        assert first is not None
        with django_assert_num_queries(1):
            authenticate_bearer(token)
        ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
        authenticate_bearer(token)
        assert ApiToken.objects.get(pk=row.pk).last_used_at >= first


class TestPrincipalsStillValid:
    def test_s20_drops_ended_sessions_deleted_tokens_and_disabled_users(
        self, make_user: MakeUser, django_assert_num_queries: Any
    ) -> None:
        ada, bob, eve = make_user("ada"), make_user("bob"), make_user("eve")
        kept = authenticate_bearer(open_session(ada).access)
        kept_token = authenticate_bearer(create_api_token(ada, "kept")[1])
        ended = authenticate_bearer(open_session(bob).access)
        dropped = authenticate_bearer(create_api_token(bob, "dropped")[1])
        disabled = authenticate_bearer(open_session(eve).access)
        end_session(ended.session_id)  # type: ignore[arg-type]
        ApiToken.objects.filter(pk=dropped.token_id).delete()
        User.objects.filter(pk=eve.pk).update(is_active=False)
        with django_assert_num_queries(2):
            alive = principals_still_valid([kept, kept_token, ended, dropped, disabled])
        assert alive == {kept, kept_token}

    def test_s20_drops_a_session_whose_password_was_changed(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        principal = authenticate_bearer(open_session(user).access)
        user.set_password("changed by the operator")
        user.save()
        assert principals_still_valid([principal]) == set()

    def test_knows_callers_apart_whatever_user_object_they_carry(self, make_user: MakeUser) -> None:
        access = open_session(make_user("ada")).access
        assert authenticate_bearer(access) == authenticate_bearer(access)


class TestMe:
    def test_shows_the_account(self, owner: Caller) -> None:
        me = owner.get(ME).json()
        assert me["username"] == "owner"
        assert set(me) == {"id", "username", "created_at"}

    def test_deletion_asks_for_the_password(self, owner: Caller) -> None:
        assert owner.call("DELETE", ME, {}).status_code == 400
        assert owner.call("DELETE", ME, {"password": "wrong"}).status_code == 400
        assert owner.get(ME).status_code == 200

    def test_x05_deletion_ends_everything(
        self, owner: Caller, django_capture_on_commit_callbacks: Any
    ) -> None:
        token = owner.post(API_TOKENS, {"name": "script"}).json()["token"]
        project = owner.post("/api/projects/", {"name": "p"}).json()["id"]
        with django_capture_on_commit_callbacks(execute=True):
            answer = owner.call("DELETE", ME, {"password": PASSWORD})
        assert answer.status_code == 204
        assert owner.get(ME).status_code == 401
        assert with_token(token).get(ME).status_code == 401
        credentials = {"username": "owner", "password": PASSWORD}
        assert Caller(Client()).post(TOKEN, credentials).status_code == 401
        deletion.remove_project(project)
        assert not User.objects.exists()

    def test_deletion_frees_the_name_at_once(self, owner: Caller, anonymous: Caller) -> None:
        owner.post("/api/projects/", {"name": "p"})
        owner.call("DELETE", ME, {"password": PASSWORD})
        answer = anonymous.post(REGISTER, {"username": "owner", "password": PASSWORD})
        assert answer.status_code == 201


class TestForgetExpiredRecords:
    def test_keeps_what_still_means_something(self, make_user: MakeUser) -> None:
        user = make_user("ada")
        open_session(user)
        old = authenticate_bearer(open_session(user).access)
        Session.objects.filter(pk=old.session_id).update(
            revoked_at=timezone.now() - timedelta(days=8)
        )
        for minutes in (1, 10):
            LoginFailure.objects.create(
                account="a", source="s", failed_at=timezone.now() - timedelta(minutes=minutes)
            )
        forget_expired_records()
        assert Session.objects.count() == 1
        assert LoginFailure.objects.count() == 1


class CountingHasher:
    """Stands in for the slow hash; counts instead."""

    algorithm = "counting"
    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).hashed += 1
        return f"counting${salt}${password}"

    def salt(self) -> str:
        return "salt"
