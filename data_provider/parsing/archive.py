"""Pure parser of the archive's answers: Reddit's own posts without their envelope, and its notes.

Two things differ from Reddit. The archive reads a post when it appears and again after 36 hours:
numbers of the first reading alone are a newborn's, so they are unknown. And it keeps texts that
are gone from Reddit: those are given as Reddit gives them, which is not at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from data_provider.errors import Upstream
from data_provider.parsing.reddit_json import post_of, subreddit_of
from data_provider.parsing.reddit_values import TextReader, natural, removal
from data_provider.parsing.reddit_wire import PostWire, Reader, Scalar, SubredditWire

if TYPE_CHECKING:
    from data_provider.types import Post, Subreddit

# Read within an hour of its making, a post shows what every new post shows.
NEWBORN_SECONDS = 3600
# Of an answer that Reddit has escaped, no bare one of the three signs is left.
_BARE_SIGN = re.compile(rb"[<>]|&(?!amp;|lt;|gt;)")


class Notes(msgspec.Struct):
    """What the archive noted at its second reading."""

    retrieved_2nd_on: Scalar = None
    was_deleted_later: Scalar = None
    removal_type: Scalar = None


class RecordWire(PostWire, kw_only=True):
    """A post with the archive's notes; some of the oldest have no permalink."""

    permalink: str = ""
    retrieved_on: Scalar = None
    notes: Notes | None = msgspec.field(name="_meta", default=None)


class AnswerWire(msgspec.Struct):
    """The envelope: without data there is an error."""

    data: list[msgspec.Raw] | None
    error: Scalar = None


_ANSWER: Reader[AnswerWire] = Reader(AnswerWire)
_RECORD: Reader[RecordWire] = Reader(RecordWire)
_SUBREDDIT: Reader[SubredditWire] = Reader(SubredditWire)


def parse_posts(body: bytes) -> tuple[Post, ...]:
    """Return the posts of /api/posts/search in their order, advertisements dropped.

    Raises Upstream (the archive answers with an error), InvalidResponse, LayoutChanged.
    """
    records = ((_RECORD.read(raw), _text_reader(raw)) for raw in _data(body))
    return tuple(_post(wire, text, body) for wire, text in records if wire.promoted is not True)


def parse_subreddits(body: bytes) -> tuple[Subreddit, ...]:
    """Return the subreddits of /api/subreddits/search. Raises as `parse_posts`."""
    return tuple(subreddit_of(_SUBREDDIT.read(raw), _text_reader(raw)) for raw in _data(body))


def error_of(body: bytes) -> str:
    """Return what the archive says is wrong, "" when it says nothing."""
    try:
        value: Any = msgspec.json.decode(body)
    except ValueError:
        return ""
    error = value.get("error") if isinstance(value, dict) else None
    return error[:200] if isinstance(error, str) else ""


def _data(body: bytes) -> list[bytes]:
    answer = _ANSWER.read(body)
    if answer.data is None:
        raise Upstream(f"The archive says: {error_of(body) or 'nothing'}", status=200, sample=body)
    return [bytes(raw) for raw in answer.data]


def _text_reader(raw: bytes) -> TextReader:
    """Return the reader for one record: those of some years are escaped, those of others not."""
    return TextReader(is_escaped=_BARE_SIGN.search(raw) is None)


def _post(wire: RecordWire, text: TextReader, body: bytes) -> Post:
    wire.permalink = wire.permalink or f"/r/{wire.subreddit}/comments/{wire.id}/"
    post = post_of(wire, text, body)
    changes: dict[str, Any] = {}
    if _is_newborn(wire):
        changes |= {"score": None, "upvote_ratio": None, "num_comments": None}
    notes = wire.notes
    if notes is not None and notes.was_deleted_later is True:
        changes["removed"] = removal(notes.removal_type) or "removed"
    removed = changes.get("removed", post.removed)
    if removed:
        changes["selftext"] = ""
    if removed == "deleted":
        changes["author"] = None
    return post.model_copy(update=changes) if changes else post


def _is_newborn(wire: RecordWire) -> bool:
    if wire.notes is not None and natural(wire.notes.retrieved_2nd_on):
        return False
    made, read = natural(wire.created_utc), natural(wire.retrieved_on)
    return made is not None and read is not None and read - made < NEWBORN_SECONDS
