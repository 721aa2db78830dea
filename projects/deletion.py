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
    """What one application keeps for a project.

    `cancel(project_id)` asks its running work to end; `remove(project_id, limit)` deletes up to
    `limit` rows and returns how many, 0 when none are left. Both may be called again and again.
    """

    cancel: Callable[[int], None]
    remove: Callable[[int, int], int]


_belongings: list[Belongings] = []


def register(belongings: Belongings) -> None:
    """Have an application's rows cancelled and removed with their project; call it in `ready`."""
    _belongings.append(belongings)


def cancel_work(project_id: int) -> None:
    """Ask everything that runs for the project to end."""
    for belongings in _belongings:
        belongings.cancel(project_id)


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
    User.objects.filter(projects=None).exclude(deleted_at=None).delete()
