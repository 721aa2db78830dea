"""Pure parser of Reddit's JSON: listings, threads, morechildren and subreddits, from bytes.

Nothing is dropped but advertisements, which are counted. Raises InvalidResponse for bytes that
are not JSON and LayoutChanged, with a sample, for JSON that is not a shape we know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_provider.errors import LayoutChanged
from data_provider.parsing.reddit_media import has_value, is_picture, media_of
from data_provider.parsing.reddit_values import (
    TextReader,
    author_name,
    body_and_removal,
    count,
    instant,
    natural,
    ratio,
    relative_permalink,
    unescaped,
    web_address,
)
from data_provider.parsing.reddit_wire import (
    T1,
    T3,
    T5,
    CommentWire,
    ListingWire,
    More,
    MoreChildrenWire,
    MoreWire,
    PostWire,
    Reader,
    SubredditWire,
    Thing,
)
from data_provider.types import Comment, Post, PostType, Subreddit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from data_provider.parsing.reddit_wire import Scalar

_LISTING: Reader[ListingWire] = Reader(ListingWire)
# Before the first child, or behind the last: "after", "dist" and a few short keys.
_END_BYTES = 256
_AFTER = re.compile(rb'"after": ?"(t\d_[0-9a-z]+)"')
_DIST = re.compile(rb'"dist": ?(\d+)')
_LISTINGS: Reader[list[ListingWire]] = Reader(list[ListingWire])
_MORE_CHILDREN: Reader[MoreChildrenWire] = Reader(MoreChildrenWire)
_SUBREDDIT: Reader[T5] = Reader(T5)
# A thread's answer is the post's listing and the comments' listing, always both.
_THREAD_PARTS = 2


@dataclass(frozen=True)
class MoreStub:
    """Comments left out. `children` are direct ids; `count` is the whole hidden subtree.

    Without children it is "continue this thread": ask for the thread from `parent_id`.
    """

    parent_id: str
    children: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Listing:
    """One page of things, each kind in its order. `children` counts all, advertisements too."""

    posts: tuple[Post, ...]
    comments: tuple[Comment, ...]
    more: tuple[MoreStub, ...]
    subreddits: tuple[Subreddit, ...]
    advertisements: int
    children: int
    after: str | None


@dataclass(frozen=True)
class Thread:
    """A post with its comments depth first, and the stubs found among them."""

    post: Post | None
    comments: tuple[Comment, ...]
    more: tuple[MoreStub, ...]


def parse_listing(body: bytes, *, raw_json: bool = True) -> Listing:
    """Return a listing of any kind: posts, comments, subreddits, search results, info."""
    return _listing(_LISTING.read(body), TextReader(is_escaped=not raw_json), body)


def next_place(body: bytes, listed: int) -> tuple[str, int] | None:
    """Return where the page after this one starts and how many items come before it.

    A glance at both ends, where Reddit writes them, and no more than a guess: null where they are
    not found.
    """
    ends = body[:_END_BYTES] + body[-_END_BYTES:]
    after, dist = _AFTER.search(ends), _DIST.search(ends)
    return (after[1].decode(), listed + int(dist[1])) if after and dist else None


def parse_listings(body: bytes, *, raw_json: bool = True) -> tuple[Listing, ...]:
    """Return the listings of an array answer, such as /duplicates/ID."""
    text = TextReader(is_escaped=not raw_json)
    return tuple(_listing(wire, text, body) for wire in _LISTINGS.read(body))


def parse_thread(body: bytes, *, raw_json: bool = True) -> Thread:
    """Return /comments/ID: the post is null where Reddit no longer shows it."""
    parts = parse_listings(body, raw_json=raw_json)
    if len(parts) != _THREAD_PARTS or parts[0].comments or parts[1].posts or parts[1].subreddits:
        raise LayoutChanged("A thread is a post's listing and a comments' listing.", sample=body)
    post = next(iter(parts[0].posts), None)
    return Thread(post, parts[1].comments, parts[1].more)


def parse_more_children(
    body: bytes, *, raw_json: bool = True
) -> tuple[tuple[Comment, ...], tuple[MoreStub, ...]]:
    """Return /api/morechildren: comments flat in Reddit's order, and new stubs."""
    things = _MORE_CHILDREN.read(body).json.data.things
    comments, more = _flatten(things, TextReader(is_escaped=not raw_json), body)
    return tuple(comments), tuple(more)


def parse_subreddit(body: bytes, *, raw_json: bool = True) -> Subreddit:
    """Return /r/NAME/about."""
    return subreddit_of(_SUBREDDIT.read(body).data, TextReader(is_escaped=not raw_json))


def _listing(wire: ListingWire, text: TextReader, body: bytes) -> Listing:
    things = wire.data.children
    wires = [thing.data for thing in things if isinstance(thing, T3)]
    posts = tuple(post_of(data, text, body) for data in wires if data.promoted is not True)
    comments, more = _flatten([t for t in things if isinstance(t, T1 | More)], text, body)
    return Listing(
        posts=posts,
        comments=tuple(comments),
        more=tuple(more),
        subreddits=tuple(subreddit_of(t.data, text) for t in things if isinstance(t, T5)),
        advertisements=len(wires) - len(posts),
        children=len(things),
        after=wire.data.after or None,
    )


def post_of(wire: PostWire, text: TextReader, body: bytes) -> Post:
    """Return one post; `body` is what a complaint takes its sample from."""
    selftext, removed = body_and_removal(text(wire.selftext), wire.removed_by_category)
    permalink = relative_permalink(text(wire.permalink))
    return Post(
        id="t3_" + text(wire.id),
        subreddit=text(wire.subreddit),
        title=text(wire.title),
        author=author_name(text(wire.author)),
        selftext=selftext,
        url=text(wire.url) or permalink,
        permalink=permalink,
        domain=text(wire.domain),
        score=count(wire.score),
        upvote_ratio=ratio(wire.upvote_ratio),
        num_comments=natural(wire.num_comments),
        flair=text(wire.link_flair_text) or None,
        over_18=wire.over_18 is True,
        spoiler=wire.spoiler is True,
        stickied=wire.stickied is True,
        locked=wire.locked is True,
        is_self=wire.is_self is True,
        post_type=_post_type(wire),
        thumbnail=web_address(text(wire.thumbnail)),
        media=media_of(wire, text),
        crosspost_parent=text(wire.crosspost_parent) or None,
        removed=removed,
        edited_at=instant(wire.edited),
        created_at=_created(wire.created_utc, body),
    )


def _post_type(wire: PostWire) -> PostType:
    known: tuple[tuple[PostType, bool], ...] = (
        ("crosspost", bool(wire.crosspost_parent)),
        ("poll", has_value(wire.poll_data)),
        ("gallery", wire.is_gallery is True),
        ("video", wire.is_video is True),
        ("text", wire.is_self is True),
        ("image", is_picture(wire)),
    )
    return next((post_type for post_type, is_it in known if is_it), "link")


def _flatten(
    things: Sequence[Thing], text: TextReader, body: bytes
) -> tuple[list[Comment], list[MoreStub]]:
    """Return nested comments depth first, without recursion: depth is upstream's to choose."""
    comments: list[Comment] = []
    more: list[MoreStub] = []
    waiting = [(thing, 0) for thing in reversed(things)]
    while waiting:
        thing, depth = waiting.pop()
        if isinstance(thing, More):
            more.append(_stub(thing.data))
        elif isinstance(thing, T1):
            comments.append(_comment(thing.data, depth, text, body))
            replies = thing.data.replies
            if isinstance(replies, ListingWire):
                waiting += [(reply, depth + 1) for reply in reversed(replies.data.children)]
        else:
            raise LayoutChanged("Only comments can reply to a comment.", sample=body)
    return comments, more


def _comment(wire: CommentWire, depth: int, text: TextReader, body: bytes) -> Comment:
    content, removed = body_and_removal(text(wire.body))
    return Comment(
        id="t1_" + text(wire.id),
        post_id=text(wire.link_id),
        parent_id=text(wire.parent_id),
        depth=depth or natural(wire.depth) or 0,
        author=author_name(text(wire.author)),
        body=content,
        # A hidden score reads 1 for everybody: it is not known.
        score=None if wire.score_hidden is True else count(wire.score),
        is_submitter=wire.is_submitter is True,
        stickied=wire.stickied is True,
        distinguished=text(wire.distinguished) or None,
        removed=removed,
        edited_at=instant(wire.edited),
        created_at=_created(wire.created_utc, body),
    )


def _stub(wire: MoreWire) -> MoreStub:
    return MoreStub(wire.parent_id, tuple(wire.children), natural(wire.count) or 0)


def subreddit_of(wire: SubredditWire, text: TextReader) -> Subreddit:
    """Return one subreddit."""
    active = natural(wire.accounts_active)
    # community_icon arrives escaped even with raw_json=1.
    icon = unescaped(text(wire.community_icon)) or text(wire.icon_img)
    return Subreddit(
        name=text(wire.display_name),
        title=text(wire.title),
        description=text(wire.public_description),
        subscribers=natural(wire.subscribers),
        over_18=wire.over18 is True,
        created_at=instant(wire.created_utc),
        subreddit_type=text(wire.subreddit_type) or None,
        active_users=natural(wire.active_user_count) if active is None else active,
        icon=web_address(icon),
    )


def _created(value: Scalar, body: bytes) -> datetime:
    created = instant(value)
    if created is None:
        raise LayoutChanged(f"created_utc is {value!r}, not seconds.", sample=body)
    return created
