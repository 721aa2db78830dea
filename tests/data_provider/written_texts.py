"""The texts of a page's comments, collected while another parser than ours reads its tags."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_WORD = re.compile(r"\w+")
# What Markdown has beside the words: addresses of links and the numbers of lists.
_SIGNS = re.compile(r"\]\([^)]*\)|^ *(?:>\s*)*(?:\d+\. |\* )", re.MULTILINE)


def words_of_markdown(text: str) -> list[str]:
    """The words of a text that was written in Markdown."""
    return _WORD.findall(_SIGNS.sub(" ", text))


class WrittenTexts(HTMLParser):
    """`words` by comment: those in the nearest element of the comment that holds its text.

    `comment` and `text` are (attribute, word in it) of these two; a comment is known by `name`.
    """

    def __init__(
        self, page: str, comment: tuple[str, str], text: tuple[str, str], name: str
    ) -> None:
        super().__init__()
        self.words: dict[str, list[str]] = {}
        self._comment, self._text, self._name = comment, text, name
        # Of each open element: its tag, the comment around it, and whether it is that one's text.
        self._open: list[tuple[str, str, bool]] = []
        self._templates = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._templates += tag == "template"
        if tag in _VOID or self._templates:
            return
        values = {key: value or "" for key, value in attrs}
        _, around, is_text = self._open[-1] if self._open else ("", "", False)
        if _has(values, self._comment):
            around, is_text = values[self._name], False
            self.words.setdefault(around, [])
        self._open.append((tag, around, is_text or (bool(around) and _has(values, self._text))))

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"
        if self._templates:
            return
        while any(one == tag for one, _, _ in self._open):
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open and not self._templates:
            _, around, is_text = self._open[-1]
            if is_text:
                self.words[around] += _WORD.findall(data)


def _has(values: dict[str, str], wanted: tuple[str, str]) -> bool:
    name, word = wanted
    found = values.get(name)
    return found is not None and (not word or word in found.split())
