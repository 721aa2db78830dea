"""Turns the HTML that Reddit makes of a text back into text, in the Markdown it was written in.

Nothing readable is lost: words, code, addresses of links and pictures, quotes, lists and tables
stay. Blanks are as HTML has them, and a sign that only marked something may come back as another
(`_x_` as `*x*`). Reddit escapes every < and > of a user's text, so that each tag here is its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

# Linear on any input: no part of a tag can hold what ends it.
_TAG = re.compile(r"<!--[^<>]*>|<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
_ATTRIBUTE = re.compile(r'([A-Za-z-]+)="([^"]*)"')
# Not \s: a no-break space and the line separators of Unicode are part of the text.
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_EMPTY_LINES = re.compile(r" *\n[ \n]*\n")
# Reddit's Markdown nests 16 levels at most; deeper tags are read through.
_DEEPEST = 40
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~", "code": "`"}
_BLOCKS = frozenset(("p", "div", "ul", "ol", "table", "thead", "tbody"))
# Between their parts, blanks are of no meaning.
_CONTAINERS = frozenset(("ul", "ol", "table", "thead", "tbody", "tr"))
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


@dataclass
class _Frame:
    """An open element and what it holds so far; `items` counts list items or table cells."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    items: int = 0


def text_of(html: str) -> str:
    """Return a text like the one that the HTML was made of."""
    frames, end = [_Frame("")], 0
    for match in _TAG.finditer(html):
        _put_text(frames, html[end : match.start()])
        end = match.end()
        if match[2] is None:
            continue
        tag = match[2].lower()
        if match[1]:
            _close(frames, tag)
        else:
            _open(frames, tag, dict(_ATTRIBUTE.findall(match[3])))
    _put_text(frames, html[end:])
    while len(frames) > 1:
        _pop(frames)
    return _EMPTY_LINES.sub("\n\n", "".join(frames[0].pieces)).strip()


def _put_text(frames: list[_Frame], raw: str) -> None:
    if not raw or (frames[-1].tag in _CONTAINERS and raw.isspace()):
        return
    is_verbatim = any(frame.tag == "pre" for frame in frames)
    frames[-1].pieces.append(unescape(raw if is_verbatim else _BLANKS.sub(" ", raw)))


def _open(frames: list[_Frame], tag: str, attributes: dict[str, str]) -> None:
    if tag == "br":
        frames[-1].pieces.append("\n")
    elif tag == "hr":
        frames[-1].pieces.append("\n\n---\n\n")
    elif tag == "img":
        source, words = (unescape(attributes.get(name, "")) for name in ("src", "alt"))
        frames[-1].pieces.append(f"![{words}]({source})")
    elif len(frames) < _DEEPEST:
        frames.append(_Frame(tag, attributes))


def _close(frames: list[_Frame], tag: str) -> None:
    if all(frame.tag != tag for frame in frames):
        return
    while frames[-1].tag != tag:
        _pop(frames)
    _pop(frames)


def _pop(frames: list[_Frame]) -> None:
    frame = frames.pop()
    parent = frames[-1]
    inner = "".join(frame.pieces)
    if frame.tag in ("li", "td", "th", "tr"):
        parent.items += 1
        inner = _row(frame, parent, inner)
    else:
        inner = _block(frame.tag, inner) or _inline(frame, parent, inner)
    parent.pieces.append(inner)


def _block(tag: str, inner: str) -> str | None:
    if tag in _BLOCKS:
        block = inner.strip(" \n")
    elif tag in _HEADINGS:
        block = f"{_HEADINGS[tag]} {inner.strip()}"
    elif tag == "blockquote":
        block = _indented(_EMPTY_LINES.sub("\n\n", inner).strip(), "> ")
    elif tag == "pre":
        block = _indented(inner.strip("\n"), "    ")
    else:
        return None
    return f"\n\n{block}\n\n" if block else " "


def _row(frame: _Frame, parent: _Frame, inner: str) -> str:
    """Return a list item, a table row or a cell."""
    text = inner.strip()
    if frame.tag == "li":
        mark = f"{parent.items}. " if parent.tag == "ol" else "* "
        return f"{mark}{_indented(text, ' ' * len(mark)).lstrip(' ')}\n"
    if frame.tag == "tr":
        rule = "\n" + "|".join(["---"] * frame.items) if parent.tag == "thead" else ""
        return f"{text}{rule}\n"
    return text if parent.items == 1 else f" | {text}"


def _inline(frame: _Frame, parent: _Frame, inner: str) -> str:
    if frame.tag == "a":
        return _link(unescape(frame.attributes.get("href", "")), inner)
    if frame.tag == "code" and parent.tag == "pre":
        return inner
    if "md-spoiler-text" in frame.attributes.get("class", ""):
        return f">!{inner}!<"
    if frame.tag == "sup":
        return f"^({inner})"
    mark = _MARKS.get(frame.tag, "") if inner.strip() else ""
    return f"{mark}{inner}{mark}"


def _link(address: str, words: str) -> str:
    """Return a link; Reddit made bare addresses, u/name and r/name into links by itself."""
    if not address or address in (words, f"/{words}", f"mailto:{words}"):
        return words
    return f"[{words}]({address})"


def _indented(text: str, prefix: str) -> str:
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))
