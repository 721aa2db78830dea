"""`manage.py demo`: an account and a project that scrapes the simulated Reddit."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import ApplicationError
from projects.models import Project, User
from projects.services.projects import create_project
from scraper import services

USERNAME = "demo"
# Tells the account that this command made from somebody's who is called the same.
_MARK = "demo@teppan.invalid"
SUBREDDITS = ("python", "gardening", "personalfinance", "homeimprovement", "private")
_LIMIT = 300


class Command(BaseCommand):
    help = "Create a demo account with a project, and scrape the simulated Reddit into it."

    def handle(self, *_: Any, **__: Any) -> None:
        user, is_new = User.objects.get_or_create(username=USERNAME, defaults={"email": _MARK})
        if user.email != _MARK:
            raise CommandError(
                f"There is an account named {USERNAME} that is not the demo's: it is left alone."
            )
        password = secrets.token_urlsafe(9)
        user.set_password(password)
        user.save()
        project = Project.objects.filter(owner=user, deleted_at=None).first()
        if project is None:
            project = create_project(
                user,
                name="What people complain about",
                description="Posts of the simulated Reddit: none of this was written by people.",
                keywords=["broken", "wish", "how do I"],
                subreddits=list(SUBREDDITS),
            )
        wish = services.StartJob(subreddits=SUBREDDITS, backend="sandbox", limit=_LIMIT)
        try:
            services.start_job(user, project, wish, origin="cli")
        except ApplicationError as error:
            raise CommandError(error.detail) from error
        word = "created" if is_new else "there, with a new password"
        self.stdout.write(f"The demo account is {word}: {USERNAME} / {password}")
