"""Writes a listing as Reddit's Atom feed of 2026: the same posts, less told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from data_provider.sandbox.about import summary_of
from data_provider.sandbox.bodies import ATOM_TYPE, Response
from data_provider.sandbox.html import text
from data_provider.sandbox.oddities import SURROGATE_MARK
from data_provider.sandbox.text import mark_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit

Thing = dict[str, Any]

# Recorded feeds hold 25 entries.
ENTRIES_PER_PAGE = 25
_WWW = "https://www.reddit.com"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
    ' xmlns:media="http://search.yahoo.com/mrss/">'
)
# XML has no words for these characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def feed_window(params: Mapping[str, str]) -> dict[str, str]:
    """Return the paging parameters that a feed follows, whatever limit was asked for."""
    return {**params, "limit": str(ENTRIES_PER_PAGE)}


def render_feed(subreddit: Subreddit, sort: str, request: Request, listing: Thing) -> Response:
    """Write a Listing as a feed."""
    posts = [child["data"] for child in listing["data"]["children"]]
    newest = max((post["created_utc"] for post in posts), default=0)
    page, title = f"/r/{subreddit.name}/{sort}", f"{sort} submissions : {subreddit.name}"
    return _feed(subreddit, request, page, title, newest, [_entry(post) for post in posts])


def render_thread(
    subreddit: Subreddit, request: Request, post: Thing, comments: Iterable[Thing]
) -> Response:
    """Write a post and its comments as a feed, which does not tell who answers whom."""
    entries = [_entry(post), *(_comment(comment, post) for comment in comments)]
    page, title = post["permalink"], f"{text(post['title'])} : {subreddit.name}"
    return _feed(subreddit, request, page, title, post["created_utc"], entries)


def _feed(
    subreddit: Subreddit,
    request: Request,
    page: str,
    title: str,
    newest: float,
    entries: list[str],
) -> Response:
    query = f"?{request.query}" if request.query else ""
    parts = [
        _HEAD,
        _category(subreddit.name),
        f"<updated>{_instant(newest)}</updated>",
        "<icon>https://www.redditstatic.com/icon.png/</icon>",
        f"<id>{escape(page + '.rss' + query)}</id>",
        f'<link rel="self" href="{_WWW}{page}.rss{escape(query)}" type="application/atom+xml" />',
        f'<link rel="alternate" href="{_WWW}{page}{escape(query)}" type="text/html" />',
        f"<subtitle>{escape(summary_of(subreddit))}</subtitle>",
        f"<title>{title}</title>",
        *entries,
        "</feed>",
    ]
    body = _ILLEGAL.sub(" ", "".join(parts)).replace(SURROGATE_MARK, "\ufffd").encode()
    return Response(200, body, {}, ATOM_TYPE, items=len(entries))


def _comment(comment: Thing, post: Thing) -> str:
    link = escape(_WWW + comment["permalink"])
    content = " ".join((mark_html(comment["body"]) or "").split("\n"))
    return (
        f"<entry>{_author(comment)}{_category(comment['subreddit'])}"
        f'<content type="html">{escape(content)}</content><id>{comment["name"]}</id>'
        f'<link href="{link}"/><updated>{_instant(comment["created_utc"])}</updated>'
        f"<title>/u/{comment['author']} on {text(post['title'])}</title></entry>"
    )


def _entry(post: Thing) -> str:
    link = escape(_WWW + post["permalink"])
    thumbnail = post["thumbnail"] or ""
    media = f'<media:thumbnail url="{escape(thumbnail)}" />' if _is_address(thumbnail) else ""
    created = _instant(post["created_utc"])
    return (
        f"<entry>{_author(post)}{_category(post['subreddit'])}"
        f'<content type="html">{escape(_content(post))}</content><id>{post["name"]}</id>{media}'
        f'<link href="{link}" /><updated>{created}</updated><published>{created}</published>'
        f"<title>{text(post['title'])}</title></entry>"
    )


def _author(post: Thing) -> str:
    name = post["author"]
    if name == "[deleted]":
        return ""
    uri = f"<uri>{_WWW}/user/{name}</uri>"
    return f"<author><name>/u/{name}</name>{uri}</author>"


def _category(name: str) -> str:
    return f'<category term="{name}" label="r/{name}"/>'


def _content(post: Thing) -> str:
    """Write what a feed shows of a post: picture, text, author, and the two links."""
    page = _WWW + post["permalink"]
    target = post["url"] if _is_address(post["url"]) else _WWW + post["url"]
    author = post["author"]
    signed = f'<a href="{_WWW}/user/{author}"> /u/{author} </a>'
    written = " ".join((mark_html(post["selftext"]) or "").split("\n"))
    told = (
        f"{written} &#32; submitted by &#32; {signed if author != '[deleted]' else author} <br/>"
        f' <span><a href="{escape(target)}">[link]</a></span> &#32;'
        f' <span><a href="{page}">[comments]</a></span>'
    )
    if not _is_address(post["thumbnail"] or ""):
        return told
    title = escape(post["title"])
    picture = f'<img src="{escape(post["thumbnail"])}" alt="{title}" title="{title}" />'
    row = f'<tr><td> <a href="{page}"> {picture} </a> </td><td> {told} </td></tr>'
    return f"<table> {row}</table>"


def _is_address(text: str) -> bool:
    return text.startswith("http")


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
