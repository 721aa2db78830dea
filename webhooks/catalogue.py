"""What an endpoint can hear: every event type with its JSON Schema and an example, and patterns.

The schema is that of the whole body, so a receiver can check what it got. Fields may be added.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from common.errors import InvalidInput

_INTEGER = {"type": "integer"}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_ERROR = {
    "type": "object",
    "properties": {"code": _TEXT, "detail": _TEXT},
    "required": ["code", "detail"],
}
_TARGET_ERROR = {
    "type": "object",
    "properties": {"subreddit": _TEXT, "code": _TEXT, "detail": _TEXT},
    "required": ["subreddit", "code", "detail"],
}

# Sent instead of the data when the body would pass the limit: where to read it.
_THIN = {
    "properties": {"truncated": {"const": True}, "url": {"type": "string", "format": "uri"}},
    "required": ["truncated", "url"],
}

_EVENT_ID = "evt_2f6c1c5e8d3b4b0e9a7d"
_TIMESTAMP = "2026-01-31T12:00:00Z"


@dataclass(frozen=True)
class EventType:
    """One kind of event: its name, a sentence, and body's JSON Schema (2020-12) and example."""

    name: str
    description: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]


def _event_type(
    name: str, description: str, example: Mapping[str, Any], fields: Mapping[str, Any]
) -> EventType:
    """Put the data's fields, all of them required, into the envelope of every event."""
    data = {
        "type": "object",
        "properties": dict(fields),
        "anyOf": [{"required": list(fields)}, _THIN],
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": description,
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The same as the webhook-id header."},
            "type": {"const": name},
            "timestamp": {"type": "string", "format": "date-time"},
            "sequence": {**_INTEGER, "minimum": 1},
            "previous_sequence": {"type": ["integer", "null"], "minimum": 1},
            "data": data,
        },
        "required": ["id", "type", "timestamp", "sequence", "previous_sequence", "data"],
    }
    body = {
        "id": _EVENT_ID,
        "type": name,
        "timestamp": _TIMESTAMP,
        "sequence": 2,
        "previous_sequence": 1,
        "data": dict(example),
    }
    return EventType(name, description, schema, body)


_RUN_FIELDS = {"id": _INTEGER, "project": _INTEGER}
_RUN = {"id": 12, "project": 3}
_FAILURE = {"error": {"code": "blocked", "detail": "Reddit answered 403 to every source."}}


def _scraping_types() -> Iterable[EventType]:
    counts = {"status": _TEXT, "posts_scraped": _COUNT, "posts_new": _COUNT}
    fields = {**_RUN_FIELDS, **counts, "errors": {"type": "array", "items": _TARGET_ERROR}}
    example = {**_RUN, "status": "completed", "posts_scraped": 100, "posts_new": 64, "errors": []}
    error = {"subreddit": "python", "code": "private", "detail": "The subreddit is private."}
    yield _event_type("scraping.completed", "Every target of a job is complete.", example, fields)
    yield _event_type(
        "scraping.partial",
        "A job ended with some of its posts.",
        {**example, "status": "partial", "errors": [error]},
        fields,
    )
    yield _failed("scraping", "job")
    yield _event_type(
        "scraping.cancelled",
        "A job was cancelled.",
        {**_RUN, "posts_scraped": 25},
        {**_RUN_FIELDS, "posts_scraped": _COUNT},
    )


def _run_types(kind: str, noun: str, *, partial: bool) -> Iterable[EventType]:
    yield _event_type(f"{kind}.completed", f"{noun} is complete.", _RUN, _RUN_FIELDS)
    if partial:
        yield _event_type(
            f"{kind}.partial", f"{noun} ended with some of its results.", _RUN, _RUN_FIELDS
        )
    yield _failed(kind, noun.partition(" ")[2])
    yield _event_type(f"{kind}.cancelled", f"{noun} was cancelled.", _RUN, _RUN_FIELDS)


def _failed(kind: str, noun: str) -> EventType:
    return _event_type(
        f"{kind}.failed",
        f"The {noun} ended without a result.",
        {**_RUN, **_FAILURE},
        {**_RUN_FIELDS, "error": _ERROR},
    )


def _own_types() -> Iterable[EventType]:
    yield _event_type(
        "endpoint.disabled",
        "An endpoint was disabled; what it misses is held and can be sent again.",
        {"endpoint": 7, "reason": "gone"},
        {"endpoint": _INTEGER, "reason": _TEXT},
    )
    yield _event_type(
        "webhook.test",
        "Somebody asked for a test; nothing happened.",
        {"endpoint": 7, "test": True},
        {"endpoint": _INTEGER, "test": {"const": True}},
    )


EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        event_type.name: event_type
        for event_type in (
            *_scraping_types(),
            *_run_types("discovery", "A discovery run", partial=True),
            *_run_types("analysis", "An analysis run", partial=True),
            *_run_types("export", "An export", partial=False),
            *_own_types(),
        )
    }
)

_GROUPS = frozenset(name.partition(".")[0] for name in EVENT_TYPES)
_EVERYTHING = "*"
_GROUP_SUFFIX = ".*"


def matches(pattern: str, name: str) -> bool:
    """Whether a subscription hears an event type: its name, `group.*`, or `*`."""
    if pattern in (_EVERYTHING, name):
        return True
    group = pattern.removesuffix(_GROUP_SUFFIX)
    return group != pattern and name.startswith(f"{group}.")


def check_patterns(patterns: Iterable[str]) -> list[str]:
    """Return subscriptions in their order, each once.

    Raises InvalidInput for an empty list and for what no event type matches.
    """
    wanted = list(dict.fromkeys(patterns))
    if not wanted:
        raise InvalidInput("required", "Name at least one event type.", attr="event_types")
    for pattern in wanted:
        known = pattern in EVENT_TYPES or pattern == _EVERYTHING
        if not known and pattern not in {group + _GROUP_SUFFIX for group in _GROUPS}:
            raise InvalidInput(
                "unknown_event_type",
                f'"{pattern[:80]}" is no event type, no group of them ("scraping.*") and not "*".',
                attr="event_types",
            )
    return wanted
