"""A job's log as its readers see it: facts one by one, with the ids they can be resumed from.

The stream and `GET .../events/` both show what this module returns, so they cannot differ.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.frames import Position
from projects.activity import LoggedEvent, read_after
from scraper import events
from scraper.listing import posts_of_events

# About half a megabyte of posts: a batch is read in some 10 ms and bounds what one reader holds.
EVENTS_PER_BATCH = 10

_TERMINAL_NAMES = {
    "scraping.completed": "complete",
    "scraping.partial": "complete",
    "scraping.cancelled": "cancelled",
    "scraping.failed": "failed",
}
_NAMES = {events.TARGET_CHANGED: "target", events.NOTICED: "notice", **_TERMINAL_NAMES}


@dataclass(frozen=True)
class Entry:
    """One durable event as shown outside."""

    position: Position
    type: str
    data: dict[str, Any]
    created_at: datetime

    @property
    def is_terminal(self) -> bool:
        """Whether nothing comes after it."""
        return self.type in _TERMINAL_NAMES.values()


@dataclass(frozen=True)
class Batch:
    """Some entries, how far into the log they reach, and whether that was all of it."""

    entries: list[Entry]
    reached: Position
    has_page: bool
    is_last: bool


def read_entries(job_id: int, after: Position) -> Batch:
    """Return the next entries of a job's log after a position, at most ten events' worth."""
    first = after.seq - 1 if after.is_inside else after.seq
    logged = read_after(f"scraping:{job_id}", first, EVENTS_PER_BATCH)
    pages = [event.seq for event in logged if event.type == events.PAGE_STORED]
    posts = posts_of_events(job_id, pages) if pages else {}
    entries = [
        entry
        for event in logged
        for entry in _entries_of(event, posts.get(event.seq, []))
        if entry.position > after
    ]
    reached = max(after, Position.end_of(logged[-1].seq)) if logged else after
    has_ended = bool(logged) and logged[-1].type in _TERMINAL_NAMES
    is_last = has_ended or len(logged) < EVENTS_PER_BATCH
    return Batch(entries, reached, bool(pages), is_last)


def _entries_of(event: LoggedEvent, posts: list[tuple[int, dict[str, Any]]]) -> list[Entry]:
    if event.type == events.PAGE_STORED:
        return [Entry(Position(event.seq, n), "post", post, event.created_at) for n, post in posts]
    if name := _NAMES.get(event.type):
        return [Entry(Position.end_of(event.seq), name, event.data, event.created_at)]
    return []
