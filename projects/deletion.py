"""Emptying what was deleted, in chunks small enough to let other writers in between.

The applications above register what they store for a project; nothing is imported upwards.
"""

from collections.abc import Callable
from dataclasses import dataclass

from projects.models import Project, User

# A chunk this size holds SQLite's write lock for some tens of milliseconds.
CHUNK_ROWS = 1000


@dataclass(frozen=True)
class Belongings:
    """What one application keeps for a project, and for an account beside its projects.

    `cancel(project_id)` asks its running work to end; `remove(project_id, limit)` deletes up to
    `limit` rows and returns how many, 0 when none are left. The other two do the same for an
    account. All may be called again and again.
    """

    cancel: Callable[[int], None]
    remove: Callable[[int, int], int]
    cancel_account: Callable[[int], None] = lambda _: None
    remove_account: Callable[[int, int], int] = lambda _, __: 0


_belongings: list[Belongings] = []


def register(belongings: Belongings) -> None:
    """Have an application's rows cancelled and removed with their project; call it in `ready`."""
    _belongings.append(belongings)


def cancel_work(project_id: int) -> None:
    """Ask everything that runs for the project to end."""
    for belongings in _belongings:
        belongings.cancel(project_id)


def cancel_work_of_account(user_id: int) -> None:
    """Ask everything that runs for the account, beside its projects, to end."""
    for belongings in _belongings:
        belongings.cancel_account(user_id)


def remove_project(project_id: int) -> None:
    """Remove a deleted project with all its rows; does nothing when it is gone already."""
    project = Project.objects.exclude(deleted_at=None).filter(pk=project_id).first()
    if project is None:
        return
    cancel_work(project_id)
    for belongings in reversed(_belongings):
        while belongings.remove(project_id, CHUNK_ROWS):
            pass
    project.delete()
    remove_emptied_accounts()


def remove_emptied_accounts() -> None:
    """Remove deleted accounts whose last project is gone."""
    emptied = User.objects.filter(projects=None).exclude(deleted_at=None)
    for user_id in list(emptied.values_list("pk", flat=True)):
        for belongings in reversed(_belongings):
            while belongings.remove_account(user_id, CHUNK_ROWS):
                pass
        User.objects.filter(pk=user_id).exclude(deleted_at=None).delete()
