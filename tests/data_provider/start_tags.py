"""The start tags of a recorded page, read by other means than the parsers use."""

from __future__ import annotations

from html.parser import HTMLParser


class StartTags(HTMLParser):
    """Keeps every start tag with its attributes, those inside of templates left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._templates = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._templates += tag == "template"
        if not self._templates:
            self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"

    def named(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of all tags of a name that have a word in an attribute."""
        return [
            found
            for name, found in self.tags
            if name == tag
            and all(word in found.get(key, "").split() for key, word in attributes.items())
        ]

    def named_by_slot(self, slot: str) -> str:
        """The name of the first tag in a slot."""
        return next(name for name, found in self.tags if found.get("slot") == slot)
