"""Pure parser of Reddit's Atom feeds: what an entry tells of a post or comment, and nothing else.

Scores, ratios, numbers of comments, flair and edits are not in a feed: they stay null. No document
type is accepted, so that there are no entities to expand and nothing outside to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from xml.parsers import expat

from data_provider.errors import InvalidResponse, LayoutChanged
from data_provider.parsing.html_text import text_of
from data_provider.parsing.reddit_values import (
    author_name,
    body_and_removal,
    is_picture_address,
    relative_permalink,
    web_address,
)
from data_provider.types import Comment, Media, Post, PostType

if TYPE_CHECKING:
    from collections.abc import Mapping

_ATOM: Final = "http://www.w3.org/2005/Atom "
_THUMBNAIL: Final = "http://search.yahoo.com/mrss/ thumbnail"
# Reddit writes these around a text. Users cannot: their comments would be escaped.
_TEXT_START, _TEXT_END = "<!-- SC_OFF -->", "<!-- SC_ON -->"
_LINK = re.compile(r'<a href="([^"]*)">\s*\[link\]\s*</a>')
# What a feed may hold beside its entries.
_ABOUT_FEED: Final = frozenset(
    "author category contributor generator icon id link logo rights subtitle title updated".split()
)
# Of an entry nothing deeper is read than author/name.
_DEEPEST = 3
_IN_THREAD = re.compile(r"/comments/([0-9a-z]{1,13})/", re.ASCII)
_IN_SUBREDDIT = re.compile(r"/r/([^/]+)/")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")


@dataclass(frozen=True)
class Feed:
    """One page of posts, or a thread: a post, and comments without their tree.

    `others` counts entries that are neither.
    """

    posts: tuple[Post, ...]
    comments: tuple[Comment, ...]
    others: int


@dataclass
class _Entry:
    """An entry as it stands in the feed."""

    texts: dict[str, str] = field(default_factory=dict)
    subreddit: str = ""
    link: str = ""
    thumbnail: str = ""


def parse_feed(body: bytes) -> Feed:
    """Return the posts of a listing's or a thread's feed, and its comments.

    Whom a comment answers is not told: all of them stand below the post.
    Raises InvalidResponse (no XML, or XML with a document type) and LayoutChanged.
    """
    entries = _read(body)
    posts = tuple(_post(entry, body) for entry in entries if _id_of(entry).startswith("t3_"))
    talks = [entry for entry in entries if _id_of(entry).startswith("t1_")]
    comments = tuple(_comment(entry, posts, body) for entry in talks)
    return Feed(posts, comments, others=len(entries) - len(posts) - len(comments))


def _read(body: bytes) -> list[_Entry]:
    try:
        return _Reader(body).read(body)
    except expat.ExpatError:
        repaired = _repair(body)
    try:
        return _Reader(body).read(repaired)
    except expat.ExpatError as error:
        raise InvalidResponse(f"Unreadable XML: {error}", sample=body) from error


class _Reader:
    """Collects the entries of one document."""

    def __init__(self, sample: bytes) -> None:
        self._sample = sample
        self._path: list[str] = []
        self._text: list[str] = []
        self._entries: list[_Entry] = []
        self._unknown = ""

    def read(self, body: bytes) -> list[_Entry]:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(body, True)  # noqa: FBT003 - the signature is expat's
        if self._unknown and not self._entries:
            raise LayoutChanged(
                f"A feed of {self._unknown[:100]} instead of entries.", sample=self._sample
            )
        return self._entries

    def _refuse(self, *_: object) -> None:
        raise InvalidResponse("XML with a document type is not read.", sample=self._sample)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._path and name != f"{_ATOM}feed":
            is_page = name.rpartition(" ")[2].lower() == "html"
            error = InvalidResponse if is_page else LayoutChanged
            raise error(f"This is not a feed but {name[:100]}.", sample=self._sample)
        self._path.append(name.removeprefix(_ATOM))
        self._text.clear()
        inside = self._path[1:4]
        # Extensions carry the names of their namespaces.
        if len(inside) == 1 and inside[0] not in _ABOUT_FEED | {"entry"} and " " not in inside[0]:
            self._unknown = inside[0]
        if inside == ["entry"]:
            self._entries.append(_Entry())
        elif inside == ["entry", "category"]:
            self._entries[-1].subreddit = attributes.get("term", "")
        elif inside == ["entry", "link"]:
            self._entries[-1].link = attributes.get("href", "")
        elif inside == ["entry", _THUMBNAIL]:
            self._entries[-1].thumbnail = attributes.get("url", "")

    def _end(self, _name: str) -> None:
        inside = self._path[1:5]
        if inside[:1] == ["entry"] and 1 < len(inside) <= _DEEPEST:
            self._entries[-1].texts["/".join(inside[1:])] = "".join(self._text)
        self._text.clear()
        self._path.pop()


def _post(entry: _Entry, body: bytes) -> Post:
    content = entry.texts.get("content", "")
    text, target = _split(content)
    permalink = relative_permalink(entry.link)
    subreddit = entry.subreddit or next(iter(_IN_SUBREDDIT.findall(permalink)), "")
    title = entry.texts.get("title")
    if title is None or not entry.link or not subreddit:
        raise LayoutChanged("An entry without title, link or subreddit.", sample=body)
    selftext, removed = body_and_removal(text_of(text))
    url = target or entry.link
    is_self = relative_permalink(url) == permalink
    return Post(
        id=_id_of(entry),
        subreddit=subreddit,
        title=title,
        author=author_name(entry.texts.get("author/name", "").removeprefix("/u/")),
        selftext=selftext,
        url=url,
        permalink=permalink,
        domain=f"self.{subreddit}" if is_self else _domain(url),
        is_self=is_self,
        post_type="text" if is_self else _post_type(url),
        thumbnail=web_address(entry.thumbnail),
        media=_media(url),
        removed=removed,
        created_at=_created(entry, body),
    )


def _comment(entry: _Entry, posts: tuple[Post, ...], body: bytes) -> Comment:
    found = _IN_THREAD.search(relative_permalink(entry.link))
    if found is None:
        raise LayoutChanged("A comment without the address of its post.", sample=body)
    post_id = f"t3_{found[1]}"
    text, removed = body_and_removal(text_of(_split(entry.texts.get("content", ""))[0]))
    author = author_name(entry.texts.get("author/name", "").removeprefix("/u/"))
    writers = [post.author for post in posts if post.id == post_id and post.author]
    return Comment(
        id=_id_of(entry),
        post_id=post_id,
        parent_id=post_id,
        author=author,
        body=text,
        is_submitter=author in writers,
        removed=removed,
        created_at=_created(entry, body),
    )


def _id_of(entry: _Entry) -> str:
    return entry.texts.get("id", "").strip()


def _split(content: str) -> tuple[str, str]:
    """Return the HTML of the text and the address behind [link], which stands after it."""
    start, end = content.find(_TEXT_START), content.rfind(_TEXT_END)
    text = content[start + len(_TEXT_START) : end] if 0 <= start < end else ""
    links = _LINK.findall(content[max(0, end) :])
    return text, unescape(links[-1]) if links else ""


def _post_type(url: str) -> PostType:
    host = _domain(url)
    if host == "v.redd.it":
        return "video"
    if host == "reddit.com" and relative_permalink(url).startswith("/gallery/"):
        return "gallery"
    return "image" if is_picture_address(url) else "link"


def _media(url: str) -> tuple[Media, ...]:
    if not is_picture_address(url):
        return ()
    is_gif = url.partition("?")[0].lower().endswith(".gif")
    return (Media(type="gif" if is_gif else "image", url=url),)


def _domain(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _created(entry: _Entry, body: bytes) -> datetime:
    text = entry.texts.get("published") or entry.texts.get("updated", "")
    try:
        created = datetime.fromisoformat(text.strip())
    except ValueError:
        created = None
    if created is None or created.tzinfo is None:
        raise LayoutChanged(f"{text[:50]!r} is not an instant.", sample=body)
    return created


def _repair(body: bytes) -> bytes:
    """Return the same XML without the characters that XML has not, which Reddit has sent."""
    text = _ILLEGAL.sub("\ufffd", body.decode("utf-8-sig", "replace"))
    return _REFERENCE.sub(_legal, text).encode()


def _legal(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    is_plain = number >= ord(" ") or number in (9, 10, 13)
    is_legal = is_plain and not 0xD800 <= number <= 0xDFFF and number < 0x110000  # noqa: PLR2004
    return match[0] if is_legal else "\ufffd"
