"""The workers' door of exports: a queue of their own, slots of their own."""

from celery import Task, shared_task

from common.hints import send_hint
from exports.builder import SLOTS, run_export
from exports.models import Export
from projects.slots import Slots


def hint_workers(export_id: int) -> None:
    """Tell a free slot that an export waits; if the broker is gone, the sweep finds it."""
    send_hint("exports.run_export", export_id)


@shared_task(bind=True, name="exports.run_export")
def run_export_task(self: "Task[..., None]", export_id: int) -> None:
    """Make the exports whose turn it is; the id is only the occasion.

    Called directly it returns when none is left; as a message it only wakes the slots.
    """
    if self.request.called_directly:
        slots.work_until_idle()
    else:
        slots.wake()


slots = Slots(Export, run_export, number=SLOTS)
