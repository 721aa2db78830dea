"""Projects: created, changed, deleted."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from common.errors import InvalidInput, NotFound
from projects import deletion
from projects.models import Project, User
from projects.tasks import hint_removal

# No account can be registered with a colon.
COMMAND_LINE_USERNAME = "command:line"
_COMMAND_LINE_NAME = "Command line"


def create_project(owner: User, **fields: Any) -> Project:
    """Create a project from its name, description, keywords and subreddits."""
    return Project.objects.create(owner=owner, **fields)


def update_project(owner: User, project_id: int, changes: Mapping[str, Any]) -> None:
    """Change fields of a project; raises NotFound for absent, foreign and deleted ones."""
    rows = Project.objects.filter(pk=project_id, owner=owner, deleted_at=None)
    if not rows.update(**changes, updated_at=timezone.now()):
        raise NotFound


def delete_project(owner: User, project_id: int) -> None:
    """Hide a project at once and cancel its work; its rows go in the background.

    Raises NotFound for absent, foreign and already deleted ones.
    """
    with transaction.atomic():
        rows = Project.objects.filter(pk=project_id, owner=owner, deleted_at=None)
        if not rows.update(deleted_at=timezone.now()):
            raise NotFound
        _follow_up_on_commit([project_id])


def delete_projects_of(owner: User) -> None:
    """Delete all projects of an account, as above."""
    with transaction.atomic():
        rows = Project.objects.filter(owner=owner, deleted_at=None)
        ids = list(rows.values_list("pk", flat=True))
        rows.update(deleted_at=timezone.now())
        _follow_up_on_commit(ids)


def command_line_project(project_id: int | None) -> Project:
    """Return the project for what the operator scrapes at the command line.

    Without an id: the one named "Command line" of the oldest account, made when needed; before
    anybody has registered, of an account that nobody can sign in to. Raises InvalidInput.
    """
    if project_id is not None:
        found = Project.objects.filter(pk=project_id, deleted_at=None).select_related("owner")
        if project := found.first():
            return project
        raise InvalidInput("does_not_exist", "There is no such project.", attr="project")
    people = User.objects.filter(is_active=True).exclude(username=COMMAND_LINE_USERNAME)
    owner = people.order_by("pk").first() or _command_line_account()
    kept = Project.objects.filter(owner=owner, name=_COMMAND_LINE_NAME, deleted_at=None)
    return kept.order_by("pk").first() or create_project(owner, name=_COMMAND_LINE_NAME)


def _command_line_account() -> User:
    account, is_new = User.objects.get_or_create(username=COMMAND_LINE_USERNAME)
    if is_new:
        account.set_unusable_password()
        account.save(update_fields=["password"])
    return account


def _follow_up_on_commit(project_ids: Sequence[int]) -> None:
    def follow_up() -> None:
        for project_id in project_ids:
            deletion.cancel_work(project_id)
            hint_removal(project_id)

    transaction.on_commit(follow_up)
