"""An export's log as its stream shows it."""

from common import frames, sse
from common.executors import run_in_database_thread
from exports import selectors
from exports.models import Export
from projects.activity import LoggedEvent, read_after

_EVENTS_PER_READ = 100

_TERMINAL_NAMES = {
    "export.completed": "complete",
    "export.cancelled": "cancelled",
    "export.failed": "failed",
}
_NAMES = {"job.noticed": "notice", **_TERMINAL_NAMES}


class ExportLog:
    """Reads one export's log as frames."""

    def __init__(self, export_id: int) -> None:
        self.stream = f"{Export.stream_kind}:{export_id}"
        self._export_id = export_id
        self._told = 0

    async def snapshot(self) -> tuple[bytes, frames.Position]:
        """Return the export as it is, and the end of its log at that moment."""
        export = await run_in_database_thread(selectors.export_detail, self._export_id)
        return frames.frame("snapshot", export), frames.Position.end_of(export["event_seq"])

    async def read(self, after: frames.Position) -> sse.Frames:
        """Return the next entries as frames."""
        return await run_in_database_thread(self._read, after)

    async def progress(self) -> bytes:
        """Return how far it is now."""
        export = await run_in_database_thread(selectors.export_detail, self._export_id)
        self._told = export["rows"]
        names = ("rows", "rows_expected", "progress", "eta_seconds")
        return frames.frame("progress", {name: export[name] for name in names})

    def _read(self, after: frames.Position) -> sse.Frames:
        logged = read_after(self.stream, after.seq, _EVENTS_PER_READ)
        rendered = [_frame_of(event) for event in logged if event.type in _NAMES]
        reached = frames.Position.end_of(logged[-1].seq) if logged else after
        # Rows are counted on the run itself, not in its log: a minute of them is a hundred facts.
        has_progress = selectors.rows_of(self._export_id) > self._told
        has_ended = bool(logged) and logged[-1].type in _TERMINAL_NAMES
        is_last = has_ended or len(logged) < _EVENTS_PER_READ
        return sse.Frames(rendered, reached, has_progress, is_last)


def _frame_of(event: LoggedEvent) -> sse.Frame:
    position = frames.Position.end_of(event.seq)
    content = frames.frame(_NAMES[event.type], event.data, position)
    return sse.Frame(position, content, is_terminal=event.type in _TERMINAL_NAMES)
