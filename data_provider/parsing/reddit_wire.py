"""Reddit's JSON things as they travel: which keys we read, and how forgiving the reading is.

Bytes in, typed structs out; what the values mean belongs to reddit_json.
"""

from __future__ import annotations

import json
import re
from typing import Any, Generic, TypeVar

import msgspec

from data_provider.errors import InvalidResponse, LayoutChanged

# Nearly every scalar was seen with a second type (`edited`: bool, int, float; `thumbnail`: null).
Scalar = str | int | float | bool | None
_SURROGATES = re.compile("[\ud800-\udfff]")
_NOTHING = msgspec.Raw(b"null")

W = TypeVar("W")


class PostWire(msgspec.Struct):
    """Data of a t3. Nested values stay raw: most posts never need them decoded."""

    id: str
    title: str
    subreddit: str
    permalink: str
    created_utc: Scalar
    author: Scalar = None
    selftext: Scalar = None
    url: Scalar = None
    domain: Scalar = None
    score: Scalar = None
    upvote_ratio: Scalar = None
    num_comments: Scalar = None
    link_flair_text: Scalar = None
    over_18: Scalar = None
    spoiler: Scalar = None
    stickied: Scalar = None
    locked: Scalar = None
    is_self: Scalar = None
    is_video: Scalar = None
    is_gallery: Scalar = None
    post_hint: Scalar = None
    thumbnail: Scalar = None
    crosspost_parent: Scalar = None
    removed_by_category: Scalar = None
    edited: Scalar = None
    promoted: Scalar = None
    poll_data: msgspec.Raw = _NOTHING
    gallery_data: msgspec.Raw = _NOTHING
    media_metadata: msgspec.Raw = _NOTHING
    preview: msgspec.Raw = _NOTHING
    media: msgspec.Raw = _NOTHING
    secure_media: msgspec.Raw = _NOTHING
    crosspost_parent_list: msgspec.Raw = _NOTHING


class MoreWire(msgspec.Struct):
    """Data of a `more` stub."""

    id: str
    parent_id: str
    children: list[str]
    count: Scalar = None
    depth: Scalar = None


class SubredditWire(msgspec.Struct):
    """Data of a t5."""

    display_name: str
    title: Scalar = None
    public_description: Scalar = None
    subscribers: Scalar = None
    over18: Scalar = None
    created_utc: Scalar = None
    subreddit_type: Scalar = None
    accounts_active: Scalar = None
    active_user_count: Scalar = None
    community_icon: Scalar = None
    icon_img: Scalar = None


class CommentWire(msgspec.Struct):
    """Data of a t1; `replies` is "" when there are none."""

    id: str
    link_id: str
    parent_id: str
    body: Scalar
    created_utc: Scalar
    author: Scalar = None
    score: Scalar = None
    score_hidden: Scalar = None
    depth: Scalar = None
    is_submitter: Scalar = None
    stickied: Scalar = None
    distinguished: Scalar = None
    edited: Scalar = None
    replies: ListingWire | str | None = None


class T1(msgspec.Struct, tag_field="kind", tag="t1"):
    """A comment."""

    data: CommentWire


class T3(msgspec.Struct, tag_field="kind", tag="t3"):
    """A post."""

    data: PostWire


class T5(msgspec.Struct, tag_field="kind", tag="t5"):
    """A subreddit."""

    data: SubredditWire


class More(msgspec.Struct, tag_field="kind", tag="more"):
    """A stub for comments that were left out."""

    data: MoreWire


Thing = T1 | T3 | T5 | More


class ListingData(msgspec.Struct):
    """Inside of a listing; `after` is null on the last page and is never absent."""

    children: list[Thing]
    after: str | None
    dist: Scalar = None


class ListingWire(msgspec.Struct, tag_field="kind", tag="Listing"):
    """One page of anything."""

    data: ListingData


class ThingsWire(msgspec.Struct):
    """The flat list of /api/morechildren."""

    things: list[T1 | More]


class MoreChildrenJson(msgspec.Struct):
    """What is inside of `json`."""

    data: ThingsWire


class MoreChildrenWire(msgspec.Struct):
    """Answer of /api/morechildren with api_type=json."""

    json: MoreChildrenJson


class Reader(Generic[W]):
    """Reads one shape. Unknown keys are skipped; Reddit has over 150 of them."""

    def __init__(self, shape: Any) -> None:
        self._decoder: msgspec.json.Decoder[W] = msgspec.json.Decoder(shape)

    def read(self, body: bytes) -> W:
        """Return the body as its shape.

        Lone surrogates and bytes that are not UTF-8 become U+FFFD, because no database stores
        them. Raises InvalidResponse (not JSON at all) and LayoutChanged (JSON of another shape).
        """
        try:
            return self._decoder.decode(body)
        except (ValueError, RecursionError):
            repaired = _repair(body)
        try:
            return self._decoder.decode(repaired)
        except msgspec.ValidationError as error:
            raise LayoutChanged(f"Unknown shape: {error}", sample=body) from error
        except (ValueError, RecursionError) as error:
            raise InvalidResponse(f"Unreadable JSON: {error}", sample=body) from error


def read_loosely(raw: msgspec.Raw | bytes) -> Any:
    """Return nested JSON as plain values."""
    try:
        return msgspec.json.decode(raw)
    except ValueError:
        return msgspec.json.decode(_repair(bytes(raw)))


def _repair(body: bytes) -> bytes:
    """Return the same JSON without what strict parsers refuse (surrogates, NaN, a BOM)."""
    try:
        text = body.decode("utf-8-sig", "replace")
        value = json.loads(text, parse_constant=lambda _: None)
        plain = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        raise InvalidResponse(f"Not JSON: {error}", sample=body) from error
    return _SURROGATES.sub("\ufffd", plain).encode()
