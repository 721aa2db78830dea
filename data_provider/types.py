"""What sources give and are asked for: frozen values, the same names from parser to REST.

Owns the rules of a valid question; how answers are fetched belongs to the backends.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from data_provider.errors import InvalidQuery

Sort = Literal["hot", "new", "top", "rising", "controversial"]
TimeFilter = Literal["hour", "day", "week", "month", "year", "all"]
BackendName = Literal[
    "auto",
    "native_json",
    "playwright",
    "nodriver",
    "selenium",
    "brightdata",
    "oauth",
    "rss",
    "archive",
    "sandbox",
]
PostType = Literal["text", "link", "image", "gallery", "video", "poll", "crosspost"]
Removed = Literal["deleted", "removed"]
StoppedBy = Literal["exhausted", "limit", "listing_cap", "known"]

SUBREDDIT_RULE = (
    "A subreddit name has 3 to 21 letters, digits or underscores (a few old ones have 2) "
    "and does not start with an underscore."
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}", re.ASCII)
# A profile is a subreddit named u_ and the user's 3 to 20 characters, hyphens included.
_PROFILE = re.compile(r"u_[A-Za-z0-9_-]{3,20}", re.ASCII | re.IGNORECASE)
_REDDIT_HOST = re.compile(r"(?:[a-z0-9-]+\.)?reddit\.com", re.ASCII | re.IGNORECASE)
_PATH = re.compile(r"/?r/([^/?#]+)(?:[/?#].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)


def subreddit_name(text: str) -> str:
    """Return the bare name of `python`, `r/python`, `/r/Python/` or a reddit.com address.

    The case is kept as given: Reddit treats all cases alike, so compare with `casefold()`.
    Raises InvalidQuery with the rule of Reddit's that the text breaks.
    """
    name = text.strip()
    if "://" in name or _REDDIT_HOST.match(name.partition("/")[0]):
        name = _path_of_address(name)
    match = _PATH.fullmatch(name)
    if match:
        name = match[1]
    if not (_NAME.fullmatch(name) or _PROFILE.fullmatch(name)):
        raise InvalidQuery(SUBREDDIT_RULE)
    return name


def _path_of_address(text: str) -> str:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname or ""
    except ValueError as error:
        raise InvalidQuery("This is not an address of a subreddit.") from error
    if not _REDDIT_HOST.fullmatch(host) or not _PATH.fullmatch(parts.path):
        raise InvalidQuery("This is not an address of a subreddit.")
    return parts.path


def _whole_utc_seconds(value: datetime) -> datetime:
    if value.tzinfo is UTC and not value.microsecond:
        return value
    return value.astimezone(UTC).replace(microsecond=0)


Instant = Annotated[AwareDatetime, AfterValidator(_whole_utc_seconds)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Media(_Frozen):
    """One picture or film of a post; sizes in pixels, null when the source does not say."""

    type: Literal["image", "video", "gif"]
    url: str
    width: int | None = None
    height: int | None = None


class Post(_Frozen):
    """A submission as CONTRACT describes it: text unescaped, unknown numbers null."""

    id: str
    subreddit: str
    title: str
    author: str | None = None
    selftext: str = ""
    url: str
    permalink: str
    domain: str = ""
    score: int | None = None
    upvote_ratio: float | None = None
    num_comments: int | None = None
    flair: str | None = None
    over_18: bool = False
    spoiler: bool = False
    stickied: bool = False
    locked: bool = False
    is_self: bool = False
    post_type: PostType = "link"
    thumbnail: str | None = None
    media: tuple[Media, ...] = ()
    crosspost_parent: str | None = None
    removed: Removed | None = None
    edited_at: Instant | None = None
    created_at: Instant


class Comment(_Frozen):
    """A comment; `depth` counts from 0 below the post, and is 0 outside of a thread."""

    id: str
    post_id: str
    parent_id: str
    depth: int = 0
    author: str | None = None
    body: str = ""
    score: int | None = None
    is_submitter: bool = False
    stickied: bool = False
    distinguished: str | None = None
    removed: Removed | None = None
    edited_at: Instant | None = None
    created_at: Instant


class Subreddit(_Frozen):
    """What is known of a subreddit; `description` is the short public one."""

    name: str
    title: str = ""
    description: str = ""
    subscribers: int | None = None
    over_18: bool = False
    created_at: Instant | None = None
    subreddit_type: str | None = None
    active_users: int | None = None
    icon: str | None = None


class Query(_Frozen):
    """What posts are wanted; `since` inclusive, `until` exclusive, both aware.

    Raises InvalidQuery, never pydantic's own error, so that callers catch one tree.
    """

    subreddit: Annotated[str, AfterValidator(subreddit_name)]
    sort: Sort = "new"
    time_filter: TimeFilter = "all"
    limit: int = Field(default=100, ge=1)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _speak_one_error_tree(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            query = handler(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise InvalidQuery(f"{field}: {first['msg']}") from error
        if query.since and query.until and query.since >= query.until:
            raise InvalidQuery("since: must be before until")
        return query


class Page(_Frozen):
    """One step of a listing: what to store, and where to go on.

    `cursor` is opaque and enough to go on with the next page in another process; it is null
    exactly when the listing is over, and then `stopped_by` says why. `requests` are those
    made for this page, failed ones included. `expected` is the number of posts the whole
    answer will have, for the sources that know it.
    """

    posts: tuple[Post, ...]
    cursor: str | None = None
    stopped_by: StoppedBy | None = None
    requests: int = 1
    backend: str
    fetched_at: Instant
    expected: int | None = None

    @model_validator(mode="after")
    def _ends_with_a_reason(self) -> Self:
        if (self.cursor is None) != (self.stopped_by is not None):
            raise ValueError("a page has either a cursor or a reason to stop")
        return self


class CommentThread(_Frozen):
    """A post's comments depth first, as far as they were asked for.

    `expected` is how many the post has, where the answer says so itself.
    """

    comments: tuple[Comment, ...]
    expected: int | None = None
    requests: int = 1
    backend: str
    fetched_at: Instant


class Notice(_Frozen):
    """Something worth telling while a listing runs; `retry_after` is the wait in seconds."""

    code: str
    detail: str
    backend_from: str | None = None
    backend_to: str | None = None
    retry_after: float | None = None
