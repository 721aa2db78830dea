"""What exports keep for a project, and how it goes when the project is deleted."""

from exports.files import forget_published
from exports.models import Export
from projects.activity import forget
from projects.deletion import Belongings
from projects.runs import TERMINAL


def cancel_exports(project_id: int) -> None:
    """Ask every running export of the project to end."""
    for export in Export.objects.filter(project_id=project_id).exclude(status__in=TERMINAL):
        export.cancel()


def remove_rows(project_id: int, limit: int) -> int:
    """Delete up to `limit` rows of the project: the log first, the files with their rows."""
    exports = list(Export.objects.filter(project_id=project_id)[:limit])
    if removed := forget([export.stream for export in exports], limit):
        return removed
    for export in exports:
        forget_published(export.pk)
    return Export.objects.filter(pk__in=[export.pk for export in exports]).delete()[0]


BELONGINGS = Belongings(cancel=cancel_exports, remove=remove_rows)
