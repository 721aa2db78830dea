"""The stream of a job: authenticate, then follow its log. No thread and no connection is held."""

import time

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from common import frames, sse
from common.errors import MethodNotAllowed
from common.executors import run_in_reading_thread
from common.streaming import EventStreamResponse, Stream, cursor_of, refuse_unknown
from projects.selectors import principal_of
from projects.viewers import admit
from scraper import drives, selectors, viewers
from scraper.log import Batch, read_entries
from scraper.models import ScrapingJob

# The rate shown is that of the last ten seconds.
RATE_SECONDS = 10.0

_feeds = sse.Feeds(keepalive_seconds=settings.TEPPAN["KEEPALIVE_SECONDS"])


class JobLog:
    """Reads one job's log as frames."""

    def __init__(self, job_id: int) -> None:
        self.stream = f"{ScrapingJob.stream_kind}:{job_id}"
        self._job_id = job_id
        self._seen: list[tuple[float, int]] = []

    async def snapshot(self) -> tuple[bytes, frames.Position]:
        """Return the job as it is, and the end of its log at that moment."""
        job = await run_in_reading_thread(selectors.job_detail, self._job_id)
        return frames.frame("snapshot", job), frames.Position.end_of(job["event_seq"])

    async def read(self, after: frames.Position) -> sse.Frames:
        """Return the next entries as frames; rendering is part of the reading thread's work."""
        return await run_in_reading_thread(self._read, after)

    async def progress(self) -> bytes:
        """Return the counters as they are now."""
        counters = await run_in_reading_thread(selectors.job_counters, self._job_id)
        rate = self._rate(counters["posts_scraped"])
        return frames.frame("progress", {**counters, "rate": rate})

    def _read(self, after: frames.Position) -> sse.Frames:
        batch: Batch = read_entries(self._job_id, after)
        rendered = [
            sse.Frame(
                entry.position,
                frames.frame(entry.type, entry.data, entry.position),
                is_terminal=entry.is_terminal,
            )
            for entry in batch.entries
        ]
        return sse.Frames(rendered, batch.reached, batch.has_page, batch.is_last)

    def _rate(self, posts_scraped: int) -> float:
        """Return posts per second over the last seconds."""
        now = time.monotonic()
        self._seen.append((now, posts_scraped))
        while now - self._seen[0][0] > RATE_SECONDS:
            self._seen.pop(0)
        since, before = self._seen[0]
        return round((posts_scraped - before) / (now - since), 1) if now > since else 0.0


@csrf_exempt
async def job_stream(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """GET: the job's events as server-sent events, from a cursor on."""
    if request.method != "GET":
        raise MethodNotAllowed(request.method, ["GET"])
    principal = await sync_to_async(principal_of)(request.headers)
    refuse_unknown(request, "after")
    cursor = cursor_of(request)
    job = await sync_to_async(selectors.job_of)(principal.user, job_id)
    if job.is_terminal and cursor is not None and cursor.seq == job.event_seq:
        return HttpResponse(status=204)
    viewer = await admit(principal, viewers.JOBS, job_id)
    parts = sse.follow(_feeds, JobLog(job_id), cursor, viewer)
    await anext(parts)
    if job.mode == ScrapingJob.Mode.STREAM and not job.is_terminal:
        drives.open_drive(job_id)
    return EventStreamResponse(request, Stream(parts, viewer))
