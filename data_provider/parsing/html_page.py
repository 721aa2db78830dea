"""Reads a page of Reddit into a tree, and single values out of it, attributes before words.

Which elements mean what belongs to the parsers of the two sites.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from data_provider.errors import LayoutChanged
from data_provider.parsing.html_text import text_of
from data_provider.parsing.reddit_values import (
    is_picture_address,
    natural,
    web_address,
)
from data_provider.types import Media

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

    from data_provider.types import PostType

WWW = "https://www.reddit.com"
_BLANKS = re.compile(r"\s+")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,20})?", re.ASCII)
_POST_IN_PATH = re.compile(r"/comments/([0-9a-z]{1,13})(?:/|$)", re.ASCII)


def read_page(body: str | bytes) -> LexborHTMLParser:
    """Return the tree. There is one for any bytes; NUL characters are dropped."""
    return LexborHTMLParser(body.replace("\x00", "") if isinstance(body, str) else body)


def classes(node: LexborNode) -> frozenset[str]:
    """Return the words of the class attribute."""
    return frozenset((attribute(node, "class") or "").split())


def attribute(node: LexborNode | None, name: str) -> str | None:
    """Return an attribute, "" for one without a value, null for none."""
    if node is None:
        return None
    found = node.attributes
    return (found[name] or "") if name in found else None


def words(node: LexborNode | None) -> str:
    """Return the text of an element on one line."""
    return _BLANKS.sub(" ", node.text()).strip() if node is not None else ""


def markdown(node: LexborNode | None) -> str:
    """Return a text as it was written, "" for none."""
    return text_of(node.html or "").replace("\x00", "") if node is not None else ""


def number(text: str | None) -> float | None:
    """Return the number that an attribute is, null for everything else ("48.9k", "•")."""
    text = (text or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def digits(text: str | None) -> int | None:
    """Return the number in a label, whatever separates its thousands; null for none."""
    found = "".join(sign for sign in text or "" if sign.isascii() and sign.isdigit())
    return natural(int(found)) if found and len(found) < len("10000000000") else None


def moment(text: str | None) -> datetime | None:
    """Return an instant in one of the ISO forms that Reddit writes, null for none."""
    try:
        found = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return found if found.tzinfo else None


def children(node: LexborNode | None) -> Iterator[LexborNode]:
    """Yield the elements directly inside."""
    if node is not None:
        yield from node.iter()


def child_with(node: LexborNode, name: str, value: str) -> LexborNode | None:
    """Return the first direct child that has a word in an attribute (`class`, `slot`)."""
    return next(
        (child for child in children(node) if value in (attribute(child, name) or "").split()),
        None,
    )


def post_in_path(address: str) -> str | None:
    """Return `t3_x` of a post's address."""
    try:
        found = _POST_IN_PATH.search(urlsplit(address).path)
    except ValueError:
        return None
    return f"t3_{found[1]}" if found else None


def picture_of(url: str) -> tuple[Media, ...]:
    """Return the picture that an address is, or nothing."""
    if not is_picture_address(url):
        return ()
    is_gif = url.partition("?")[0].lower().endswith(".gif")
    return (Media(type="gif" if is_gif else "image", url=url),)


def type_by_target(domain: str, url: str) -> PostType:
    """Return what kind of post an address makes, where the page does not say it."""
    if domain.startswith("self."):
        return "text"
    if domain == "v.redd.it":
        return "video"
    return "image" if is_picture_address(url) else "link"


def picture_address(text: str | None) -> str | None:
    """Return the address of a picture, to which Reddit gives no scheme at times."""
    text = text or ""
    return web_address(f"https:{text}" if text.startswith("//") else text)


def missing(what: str, body: str | bytes) -> LayoutChanged:
    """Return the complaint about a page that lacks what all known ones have."""
    return LayoutChanged(f"The page has no {what}.", sample=body)
