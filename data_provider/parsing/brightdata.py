"""Pure parser of BrightData's answers: records of posts, records of failed inputs, job states.

Nothing in the records tells flags or vote ratios; numbers come as strings in some places.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from data_provider.errors import InvalidResponse, LayoutChanged
from data_provider.parsing.reddit_values import (
    LARGEST_COUNT,
    TextReader,
    author_name,
    body_and_removal,
    relative_permalink,
    web_address,
)
from data_provider.parsing.reddit_wire import Reader, Scalar
from data_provider.types import Media, Post, PostType

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = msgspec.Raw(b"null")
_TEXT = TextReader(is_escaped=False)


class PostRecord(msgspec.Struct):
    """One record of the posts dataset; one of a failed input has `error` instead of a post."""

    post_id: str | None = None
    url: Scalar = None
    title: Scalar = None
    community_name: Scalar = None
    date_posted: Scalar = None
    user_posted: Scalar = None
    description: Scalar = None
    num_comments: Scalar = None
    num_upvotes: Scalar = None
    tag: Scalar = None
    photos: msgspec.Raw = _NOTHING
    videos: msgspec.Raw = _NOTHING
    embedded_links: msgspec.Raw = _NOTHING
    error: Scalar = None
    error_code: Scalar = None


class Triggered(msgspec.Struct):
    """Answer of a trigger."""

    snapshot_id: str


class Progress(msgspec.Struct):
    """Answer of /progress, and of a snapshot that is not ready."""

    status: str
    message: Scalar = None


@dataclass(frozen=True)
class Snapshot:
    """What a job delivered: posts in their order, and (code, text) of each failed input."""

    posts: tuple[Post, ...]
    failures: tuple[tuple[str, str], ...]


_RECORDS: Reader[list[PostRecord]] = Reader(list[PostRecord])
_TRIGGERED: Reader[Triggered] = Reader(Triggered)
_PROGRESS: Reader[Progress] = Reader(Progress)


def parse_triggered(body: bytes) -> str:
    """Return the snapshot's id."""
    return _TRIGGERED.read(body).snapshot_id


def parse_progress(body: bytes) -> str:
    """Return the status word of a job."""
    return _PROGRESS.read(body).status.casefold()


def parse_snapshot(body: bytes) -> Snapshot:
    """Return the records of a snapshot, as a JSON array or one per line.

    Raises InvalidResponse and LayoutChanged.
    """
    records = _RECORDS.read(body if body.lstrip().startswith(b"[") else _as_array(body))
    failures = [
        (_TEXT(record.error_code), _TEXT(record.error))
        for record in records
        if record.post_id is None and (record.error or record.error_code)
    ]
    posts = [_post_of(record, body) for record in records if record.post_id is not None]
    if len(posts) + len(failures) < len(records):
        raise LayoutChanged("A record is neither a post nor an error.", sample=body)
    return Snapshot(tuple(posts), tuple(failures))


def _as_array(body: bytes) -> bytes:
    lines = [line for line in body.splitlines() if line.strip()]
    return b"[" + b",".join(lines) + b"]"


def _post_of(record: PostRecord, body: bytes) -> Post:
    text, removed = body_and_removal(_TEXT(record.description))
    url = _TEXT(record.url)
    pictures = _addresses(record.photos)
    films = _addresses(record.videos)
    subreddit = _TEXT(record.community_name).removeprefix("r/")
    post_type = _post_type(pictures, films)
    return Post(
        id="t3_" + _TEXT(record.post_id).removeprefix("t3_"),
        subreddit=subreddit,
        title=_TEXT(record.title),
        author=author_name(_TEXT(record.user_posted)),
        selftext=text,
        url=url,
        permalink=relative_permalink(url),
        domain=f"self.{subreddit}" if post_type == "text" else "",
        score=number(record.num_upvotes),
        num_comments=number(record.num_comments),
        flair=_TEXT(record.tag) or None,
        is_self=post_type == "text",
        post_type=post_type,
        media=(
            *(Media(type="image", url=address) for address in pictures),
            *(Media(type="video", url=address) for address in films),
        ),
        removed=removed,
        created_at=_instant(record.date_posted, body),
    )


def _post_type(pictures: Sequence[str], films: Sequence[str]) -> PostType:
    if films:
        return "video"
    if len(pictures) > 1:
        return "gallery"
    return "image" if pictures else "text"


def number(value: Scalar) -> int | None:
    """Return a whole number, also from a string ("54"); null for everything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = int(float(value))
    except (ValueError, OverflowError):
        return None
    return found if -LARGEST_COUNT <= found <= LARGEST_COUNT else None


def _addresses(raw: msgspec.Raw) -> tuple[str, ...]:
    """Return the web addresses of a list that may be null, of texts or of objects with a url."""
    try:
        value: Any = json.loads(bytes(raw))
    except (ValueError, RecursionError):
        return ()
    items = value if isinstance(value, list) else []
    texts = (item.get("url") if isinstance(item, dict) else item for item in items)
    return tuple(text for text in texts if isinstance(text, str) and web_address(text))


def _instant(value: Scalar, body: bytes) -> datetime:
    """Return an ISO 8601 moment with milliseconds and Z, in whole seconds."""
    if not isinstance(value, str):
        raise LayoutChanged(f"date_posted is {value!r}, not a moment.", sample=body)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidResponse(f"date_posted is {value[:40]!r}.", sample=body) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)
