"""What the parser should have said, worked out from plain JSON by other means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
ENTITY = re.compile("&(?:amp|lt|gt);")
GONE = {"[deleted]": "deleted", "[removed]": "removed"}


def things(value: Any, kind: str) -> list[dict[str, Any]]:
    """All things of a kind, depth first, as they stand in the document."""
    return [thing["data"] for thing in walk(value) if thing["kind"] == kind]


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from walk(item)
    elif isinstance(value, dict):
        if value.get("kind") in ("t1", "t3", "t5", "more"):
            yield value
            yield from walk(value["data"].get("replies"))
        else:
            for item in value.values():
                yield from walk(item)


def text(value: Any, *, raw_json: bool) -> str:
    return (value or "") if raw_json else ENTITY.sub(lambda m: PLAIN[m[0]], value or "")


def moment(value: Any) -> datetime | None:
    return (
        None
        if isinstance(value, bool) or value is None
        else datetime.fromtimestamp(int(value), UTC)
    )


def post(data: dict[str, Any], *, raw_json: bool) -> dict[str, Any]:
    selftext = text(data["selftext"], raw_json=raw_json)
    by = data.get("removed_by_category")
    removed = GONE.get(selftext)
    if by:
        removed = "deleted" if by in ("deleted", "author", "user") else "removed"
    flair = data.get("link_flair_text")
    thumbnail = data.get("thumbnail") or ""
    return {
        "id": data["name"],
        "subreddit": data["subreddit"],
        "title": text(data["title"], raw_json=raw_json),
        "author": None if data["author"] == "[deleted]" else data["author"],
        "selftext": "" if selftext in GONE else selftext,
        "url": text(data["url"], raw_json=raw_json),
        "permalink": data["permalink"],
        "domain": data["domain"],
        "score": data["score"],
        "upvote_ratio": data.get("upvote_ratio"),
        "num_comments": data["num_comments"],
        "flair": text(flair, raw_json=raw_json) if flair else None,
        **{
            flag: bool(data.get(flag))
            for flag in ("over_18", "spoiler", "stickied", "locked", "is_self")
        },
        "thumbnail": text(thumbnail, raw_json=raw_json) if re.match("https?:", thumbnail) else None,
        "crosspost_parent": data.get("crosspost_parent"),
        "removed": removed,
        "edited_at": moment(data["edited"]),
        "created_at": moment(data["created_utc"]),
    }


def comment(data: dict[str, Any], *, raw_json: bool) -> dict[str, Any]:
    body = text(data["body"], raw_json=raw_json)
    return {
        "id": data["name"],
        "post_id": data["link_id"],
        "parent_id": data["parent_id"],
        "author": None if data["author"] == "[deleted]" else data["author"],
        "body": "" if body in GONE else body,
        "score": None if data.get("score_hidden") else data["score"],
        "is_submitter": bool(data.get("is_submitter")),
        "stickied": bool(data.get("stickied")),
        "distinguished": data.get("distinguished"),
        "removed": GONE.get(body),
        "edited_at": moment(data["edited"]),
        "created_at": moment(data["created_utc"]),
    }


def subreddit(data: dict[str, Any], *, raw_json: bool) -> dict[str, Any]:
    return {
        "name": data["display_name"],
        "title": text(data["title"], raw_json=raw_json),
        "description": text(data["public_description"], raw_json=raw_json),
        "subscribers": data["subscribers"],
        "over_18": bool(data["over18"]),
        "created_at": moment(data["created_utc"]),
        "subreddit_type": data["subreddit_type"],
    }
