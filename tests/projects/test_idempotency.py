"""A request with an Idempotency-Key happens once."""

import time
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from common.errors import Conflict, InvalidInput
from projects.idempotency import (
    KEPT_FOR,
    Answer,
    Made,
    answer_once,
    fingerprint_of,
    forget_old_keys,
)
from projects.models import IdempotencyKey, Project, User
from tests.callers import MakeUser
from tests.threads import at_once

SAME = fingerprint_of("POST", "/x/", {"a": 1})


def project_maker(owner: User, *, pause: float = 0.0) -> Any:
    def make() -> Made:
        project = Project.objects.create(owner=owner, name="p")
        time.sleep(pause)
        body = {"id": project.pk, "secret": "s"}
        return 201, body, {"Location": f"/x/{project.pk}/"}, {"id": project.pk}

    return make


class TestAnswerOnce:
    @pytest.mark.django_db(transaction=True)
    def test_j17_ten_concurrent_requests_make_one_object(self) -> None:
        owner = User.objects.create_user("ada")
        make = project_maker(owner, pause=0.05)
        answers = at_once(10, lambda _: answer_once(owner, "k", SAME, make))
        assert all(isinstance(answer, Answer) for answer in answers), answers
        assert Project.objects.count() == 1
        assert {answer.body["id"] for answer in answers} == {Project.objects.get().pk}  # type: ignore[union-attr]
        assert sum(not answer.is_repeat for answer in answers) == 1  # type: ignore[union-attr]

    @pytest.mark.django_db(transaction=True)
    def test_j17_after_a_failure_another_request_makes(self) -> None:
        owner = User.objects.create_user("ada")
        make = project_maker(owner)

        def attempt(index: int) -> Answer:
            def sometimes() -> Made:
                if index % 2:
                    make()
                    raise ZeroDivisionError
                return make()

            return answer_once(owner, "k", SAME, sometimes)

        outcomes = at_once(6, attempt)
        assert Project.objects.count() == 1
        assert sum(isinstance(outcome, Answer) for outcome in outcomes) >= 3

    def test_a_repeat_has_status_and_headers_but_no_secret(self, make_user: MakeUser) -> None:
        owner = make_user("ada")
        first = answer_once(owner, "k", SAME, project_maker(owner))
        again = answer_once(owner, "k", SAME, project_maker(owner))
        assert first.body["secret"] == "s"
        assert "secret" not in again.body
        assert (again.status, again.headers) == (first.status, first.headers)

    def test_remembers_an_answer_without_a_body(self, make_user: MakeUser) -> None:
        owner = make_user("ada")
        answer_once(owner, "k", SAME, lambda: (204, None, {}, None))
        again = answer_once(owner, "k", SAME, project_maker(owner))
        assert (again.status, again.body) == (204, None)

    def test_refuses_another_request_under_the_key(self, make_user: MakeUser) -> None:
        owner = make_user("ada")
        answer_once(owner, "k", SAME, project_maker(owner))
        for method, path, body in (
            ("POST", "/x/", {"a": 2}),
            ("POST", "/y/", {"a": 1}),
            ("PUT", "/x/", {"a": 1}),
        ):
            with pytest.raises(Conflict):
                answer_once(owner, "k", fingerprint_of(method, path, body), project_maker(owner))

    def test_keys_belong_to_their_owners(self, make_user: MakeUser) -> None:
        for name in ("ada", "bob"):
            owner = make_user(name)
            assert not answer_once(owner, "k", SAME, project_maker(owner)).is_repeat

    def test_remembers_nothing_of_a_failure(self, make_user: MakeUser) -> None:
        owner = make_user("ada")

        def fail() -> Made:
            Project.objects.create(owner=owner, name="half")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            answer_once(owner, "k", SAME, fail)
        assert not Project.objects.exists()
        assert not answer_once(owner, "k", SAME, project_maker(owner)).is_repeat

    def test_makes_each_time_without_a_key(self, make_user: MakeUser) -> None:
        owner = make_user("ada")
        for _ in range(2):
            answer_once(owner, None, SAME, project_maker(owner))
        assert Project.objects.count() == 2

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "ключ"])
    def test_refuses_unusable_keys(self, make_user: MakeUser, key: str) -> None:
        with pytest.raises(InvalidInput):
            answer_once(make_user("ada"), key, SAME, lambda: (200, {}, {}, {}))

    def test_forgets_after_a_day(self, make_user: MakeUser) -> None:
        owner = make_user("ada")
        answer_once(owner, "old", SAME, project_maker(owner))
        answer_once(owner, "new", SAME, project_maker(owner))
        IdempotencyKey.objects.filter(key="old").update(created_at=timezone.now() - KEPT_FOR)
        assert forget_old_keys() == 1


class TestFingerprint:
    def test_ignores_the_order_of_fields_only(self) -> None:
        assert fingerprint_of("POST", "/x/", {"a": 1, "b": [1, 2]}) == fingerprint_of(
            "POST", "/x/", {"b": [1, 2], "a": 1}
        )
        assert fingerprint_of("POST", "/x/", {"b": [1, 2]}) != fingerprint_of(
            "POST", "/x/", {"b": [2, 1]}
        )
