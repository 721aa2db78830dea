"""Titles, texts, comments and names, composed from the word material in topics/*.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from data_provider.sandbox.dice import Dice, mix, to_base36

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS_FOLDER = Path(__file__).parent / "topics"

# Few enough that people meet again in search results, many enough that no page repeats one often.
AUTHOR_COUNT = 20_000
SLUG_LENGTH = 50
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")

_OPENERS = (
    "So this happened today.",
    "Long time reader, first post here.",
    "Not sure if this is the right place.",
    "Throwaway because colleagues read this.",
    "Quick question for the regulars.",
    "Update to my post from last month.",
    "English is not my first language, sorry.",
)
_CLOSERS = (
    "Thanks in advance!",
    "What am I missing?",
    "Happy to answer questions.",
    "Any help is appreciated.",
    "Edit: typo.",
    "TL;DR: it depends, but mostly yes.",
    "Curious what the rest of you think.",
)
_TITLE_FORMS = (
    "{sentence}",
    "[{flair}] {sentence}",
    "{sentence} Am I the only one?",
    "PSA: {sentence}",
    "After {number} years: {sentence}",
    "{sentence} Here is what I learned",
    "Question about {thing} in {place}",
    "{number} things I wish I had known about {thing}",
)
_REPLIES = (
    "This. {sentence}",
    "I disagree. {sentence}",
    "Same here. {sentence}",
    "{detail}",
    "{sentence}\n\n{detail}",
    "> {sentence}\n\nCan confirm.",
    "Have you tried {thing}? {detail}",
    "Thanks, that solved it for me.",
    "Source?",
    "This is terrible advice, please do not do this.",
    "Saved for later, great write-up.",
    "{sentence} {detail}",
    "No.",
)
_NAME_STARTS = (
    "quiet", "rusty", "tall", "lazy", "brave", "salty", "north", "paper", "velvet", "tiny",
    "solar", "muddy", "frozen", "copper", "gentle", "hollow", "lucky", "minor", "odd", "plain",
)  # fmt: skip
_NAME_ENDS = (
    "otter", "teapot", "lantern", "badger", "harbor", "walnut", "sparrow", "gravel", "comet",
    "turnip", "anchor", "beetle", "candle", "donkey", "engine", "falcon", "goblin", "kettle",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topic:
    """The words of one field: sentences hold the places {thing}, {Thing} and {place}."""

    title: str
    subreddits: tuple[str, ...]
    flairs: tuple[str, ...]
    things: tuple[str, ...]
    places: tuple[str, ...]
    complaints: tuple[str, ...]
    requests: tuple[str, ...]
    praises: tuple[str, ...]
    details: tuple[str, ...]

    def sentence(self, dice: Dice) -> str:
        """Compose one complaint, request or praise."""
        forms = dice.pick((self.complaints, self.complaints, self.requests, self.praises))
        return self._fill(dice.pick(forms), dice)

    def title_of(self, dice: Dice) -> str:
        """Compose a title of at most 300 characters, Reddit's limit."""
        form = _TITLE_FORMS[0] if dice.chance(0.6) else dice.pick(_TITLE_FORMS)
        return form.format(
            sentence=self.sentence(dice),
            flair=dice.pick(self.flairs),
            number=2 + dice.below(18),
            thing=dice.pick(self.things),
            place=dice.pick(self.places),
        )

    def selftext(self, dice: Dice) -> str:
        """Compose a text of one to four paragraphs in Reddit's Markdown."""
        paragraphs = [dice.pick(_OPENERS) + " " + self.sentence(dice)]
        paragraphs.extend(
            f"{self.sentence(dice)} {self._fill(dice.pick(self.details), dice)}"
            for _ in range(dice.below(4))
        )
        if dice.chance(0.5):
            paragraphs.append(dice.pick(_CLOSERS))
        return "\n\n".join(paragraphs)

    def reply(self, dice: Dice) -> str:
        """Compose the body of a comment."""
        return dice.pick(_REPLIES).format(
            sentence=self.sentence(dice),
            detail=self._fill(dice.pick(self.details), dice),
            thing=dice.pick(self.things),
        )

    def _fill(self, form: str, dice: Dice) -> str:
        thing = dice.pick(self.things)
        return form.format(
            thing=thing, Thing=thing[0].upper() + thing[1:], place=dice.pick(self.places)
        )


@dataclass(frozen=True, slots=True)
class Author:
    """An account: its name and fullname."""

    name: str
    fullname: str


def author_of(dice: Dice) -> Author:
    """Choose an account; a few write much more than the rest."""
    number = int(AUTHOR_COUNT * dice.share() ** 2)
    key = mix(number)
    name = _NAME_STARTS[key % len(_NAME_STARTS)] + "_" + _NAME_ENDS[key // 97 % len(_NAME_ENDS)]
    return Author(f"{name}{number}", "t2_" + to_base36(50_000_000 + number * 7_919))


def mark_html(text: str) -> str | None:
    """Return Reddit's rendering of a text: paragraphs only, which is all our words need."""
    return f"<!-- SC_OFF -->{mark_comment_html(text)}<!-- SC_ON -->" if text else None


def mark_comment_html(text: str) -> str:
    """Return the rendering of a comment, which lacks the two marks around that of a post."""
    paragraphs = "\n\n".join(f"<p>{part}</p>" for part in escape(text, quote=False).split("\n\n"))
    return f'<div class="md">{paragraphs}\n</div>'


def slug_of(title: str) -> str:
    """Return the readable part of a permalink."""
    return _NOT_IN_SLUG.sub("_", title.lower())[:SLUG_LENGTH].strip("_") or "post"


@cache
def topics() -> tuple[Topic, ...]:
    """Load the word material, in the order of file names, so that numbers stay put."""
    return tuple(_read_topics())


def _read_topics() -> Iterator[Topic]:
    for path in sorted(TOPICS_FOLDER.glob("*.toml")):
        words = tomllib.loads(path.read_text(encoding="utf-8"))
        title = words.pop("title")
        yield Topic(title=title, **{key: tuple(value) for key, value in words.items()})
