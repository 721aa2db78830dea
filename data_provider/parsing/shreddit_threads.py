"""Pure parser of www.reddit.com's threads: a post's page, and the comments that it loads later.

What holds for all pages of the site is said in shreddit_html.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_provider.parsing.html_page import (
    attribute,
    child_with,
    markdown,
    missing,
    moment,
    number,
    read_page,
)
from data_provider.parsing.reddit_values import author_name, body_and_removal, count, natural
from data_provider.parsing.shreddit_html import post_of
from data_provider.types import Comment

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from data_provider.types import Post

# The slot that a comment fills, or that is kept for those left out.
_SLOT = re.compile(r"children-(t1_[0-9a-z]+)-", re.ASCII)
# What betrays comments, whatever their elements are called.
_SIGNS_OF_COMMENTS = "shreddit-comment, [id^='t1_'], [thingid^='t1_']"
_LOADERS = 'faceplate-partial[src*="/more-comments/"]'
# A short thread may have lost all of its comments, which still count; a longer one has not.
_MOST_VANISHED = 10


@dataclass(frozen=True)
class MoreComments:
    """Comments left out below `parent_id`: POST `cursor` to `address` (path and query)."""

    parent_id: str
    address: str
    cursor: str


@dataclass(frozen=True)
class ShredditThread:
    """A post with its comments in the page's order; `expected` counts the removed ones too."""

    post: Post | None
    comments: tuple[Comment, ...]
    more: tuple[MoreComments, ...]
    expected: int | None


def parse_thread(body: str | bytes) -> ShredditThread:
    """Return a post's page."""
    page = read_page(body)
    card = page.css_first('shreddit-post[view-context="CommentsPage"]')
    tree = page.css_first("shreddit-comment-tree")
    if card is None or page.css_first("#right-sidebar-container") is None:
        raise missing("post" if card is None else "end", body)
    post = post_of(card, body)
    if tree is None and post.num_comments:
        raise missing("comments", body)
    expected = natural(number(attribute(tree, "totalcomments")))
    thread = _thread(page, post, post.id, expected, body)
    promised = max(expected or 0, post.num_comments or 0)
    has_loaders = page.css_first(_LOADERS) is not None
    if not thread.comments and (has_loaders or promised > _MOST_VANISHED):
        raise missing("comments", body)
    return thread


def parse_more_comments(
    body: str | bytes, post: Post, parent_id: str | None = None
) -> ShredditThread:
    """Return the comments of /svc/shreddit/more-comments, those of a post."""
    page = read_page(body)
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    is_cut = text.count("<shreddit-comment ") != text.count("</shreddit-comment>")
    if is_cut or page.css_first("shreddit-app") is not None:
        raise missing("end", body)
    return _thread(page, post, parent_id or post.id, None, body)


def _thread(
    page: LexborHTMLParser, post: Post, parent_id: str, expected: int | None, body: str | bytes
) -> ShredditThread:
    nodes = page.css("shreddit-comment[thingid]")
    comments = tuple(_comment(node, post, parent_id, body) for node in nodes)
    loaders = page.css(_LOADERS)
    more = tuple(_more(node, parent_id) for node in loaders)
    if not comments and page.css_first(_SIGNS_OF_COMMENTS) is not None:
        raise missing("comments", body)
    return ShredditThread(post, comments, tuple(stub for stub in more if stub), expected)


def _comment(node: LexborNode, post: Post, parent_id: str, body: str | bytes) -> Comment:
    meta = child_with(node, "slot", "commentMeta")
    clock = meta.css_first("time[datetime], faceplate-timeago[ts]") if meta else None
    told = attribute(node, "created") or attribute(clock, "datetime") or attribute(clock, "ts")
    created, name = moment(told), attribute(node, "thingid") or ""
    if not name.startswith("t1_") or created is None:
        raise missing("comment as we know it", body)
    author = author_name(attribute(node, "author") or "")
    text, removed = body_and_removal(markdown(child_with(node, "slot", "comment")))
    if attribute(node, "is-comment-deleted") is not None:
        text, removed = "", removed or "deleted"
    return Comment(
        id=name,
        post_id=post.id,
        parent_id=attribute(node, "parentid") or parent_id,
        depth=natural(number(attribute(node, "depth"))) or 0,
        author=author,
        body=text,
        score=count(number(attribute(node, "score"))),
        is_submitter=author is not None and author == post.author,
        removed=removed,
        created_at=created,
    )


def _more(node: LexborNode, parent_id: str) -> MoreComments | None:
    cursor = attribute(node.css_first('input[name="cursor"]'), "value")
    address = attribute(node, "src") or ""
    start = address.find("/svc/")
    if not cursor or start < 0:
        return None
    slot = _SLOT.match(attribute(node, "slot") or "")
    return MoreComments(slot[1] if slot else parent_id, address[start:], cursor)
