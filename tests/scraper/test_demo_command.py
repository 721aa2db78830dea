"""`manage.py demo` makes its own account, and touches nobody else's."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from projects.models import Project, User
from scraper.models import ScrapingJob
from tests.callers import PASSWORD

if TYPE_CHECKING:
    from tests.callers import MakeUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def demo() -> tuple[str, str]:
    """Return the name and the password that the command tells."""
    told = io.StringIO()
    call_command("demo", stdout=told)
    name, password = told.getvalue().rpartition(": ")[2].strip().split(" / ")
    return name, password


class TestDemo:
    def test_makes_an_account_with_a_project_at_work(self) -> None:
        name, password = demo()
        assert User.objects.get(username=name).check_password(password)
        assert ScrapingJob.objects.get().project == Project.objects.get()

    def test_finds_its_own_account_again(self) -> None:
        first, again = demo(), demo()
        assert first[0] == again[0]
        assert User.objects.get().check_password(again[1])
        assert Project.objects.count() == 1

    def test_leaves_somebody_of_that_name_alone(self, make_user: MakeUser) -> None:
        somebody = make_user("demo")
        with pytest.raises(CommandError, match="left alone"):
            call_command("demo")
        somebody.refresh_from_db()
        assert somebody.check_password(PASSWORD)
        assert not Project.objects.exists()
