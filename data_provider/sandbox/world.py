"""Which subreddits exist and how a fullname maps to a subreddit and an index.

Posts are not stored: a post is its subreddit and its index (0 is the oldest); posts.py writes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_provider.sandbox.dice import Dice, from_base36, mix, to_base36
from data_provider.sandbox.specials import SPECIALS, Special
from data_provider.sandbox.text import Topic, topics

# 2026-11-01T00:00:00Z: the sandbox's present. Fixed, so that two runs give the same data.
NEWEST_AT = 1_793_491_200

# 36**6: the first number of seven digits, the length of today's ids.
FIRST_POST_NUMBER = 36**6
POSTS_PER_SUBREDDIT = 2_000_000
# A thread never holds more comments than this, so a comment's number names its post.
COMMENTS_PER_POST = 1024
FIRST_SUBREDDIT_NUMBER = 36**4
# Specials have their own numbers, so that a new one does not move the ordinary subreddits.
ORDINARY_FROM = 100

FLAGSHIP_POSTS = 4000
LARGEST_ORDINARY = 3000
SMALLEST_ORDINARY = 40


@dataclass(frozen=True, slots=True)
class Subreddit:
    """One simulated subreddit."""

    number: int
    name: str
    topic: Topic
    post_count: int
    step_seconds: int
    subscribers: int
    sticky_count: int
    special: Special | None

    @property
    def fullname(self) -> str:
        """The name in Reddit's API, t5_..."""
        return "t5_" + to_base36(FIRST_SUBREDDIT_NUMBER + self.number)

    @property
    def is_endless(self) -> bool:
        """Whether the listings go on behind Reddit's wall of about 1000 items."""
        return self.special is not None and self.special.is_endless


class World:
    """All subreddits of one seed."""

    def __init__(self, seed: int = 0, newest_at: int = NEWEST_AT) -> None:
        self.seed = seed
        self.newest_at = newest_at
        self._key = mix(seed)
        ordinary = self._build_ordinary()
        self.ordinary = tuple(ordinary)
        everything = [*self._build_specials(), *ordinary]
        self._by_name = {subreddit.name.lower(): subreddit for subreddit in everything}
        self._by_number = {subreddit.number: subreddit for subreddit in everything}

    def subreddit(self, name: str) -> Subreddit | None:
        """Find a subreddit whatever the case of its name."""
        return self._by_name.get(name.lower())

    def subreddits(self) -> list[Subreddit]:
        """List all subreddits, specials first."""
        return list(self._by_name.values())

    def key(self, subreddit: Subreddit, index: int) -> int:
        """Return the key from which everything about a post follows."""
        return mix(self._key ^ (subreddit.number * POSTS_PER_SUBREDDIT + index))

    def created_at(self, subreddit: Subreddit, index: int) -> int:
        """Return the second in which a post was made: later indexes are later, or as late."""
        step = subreddit.step_seconds
        if subreddit.special is not None and subreddit.special.burst > 1:
            index -= index % subreddit.special.burst
        age = (subreddit.post_count - 1 - index) * step
        return self.newest_at - age - self.key(subreddit, index) % step

    def find_subreddit(self, fullname: str) -> Subreddit | None:
        """Resolve t5_..."""
        number = from_base36(fullname.removeprefix("t5_"))
        return None if number is None else self._by_number.get(number - FIRST_SUBREDDIT_NUMBER)

    def find_post(self, id36: str) -> tuple[Subreddit, int] | None:
        """Resolve a post's id to its subreddit and index."""
        number = from_base36(id36)
        if number is None or number < FIRST_POST_NUMBER:
            return None
        subreddit_number, index = divmod(number - FIRST_POST_NUMBER, POSTS_PER_SUBREDDIT)
        subreddit = self._by_number.get(subreddit_number)
        return None if subreddit is None else (subreddit, index)

    def _build_ordinary(self) -> list[Subreddit]:
        built = []
        number = ORDINARY_FROM
        for topic in topics():
            for position, name in enumerate(topic.subreddits):
                dice = Dice(self._key ^ number)
                spread = LARGEST_ORDINARY - SMALLEST_ORDINARY
                count = SMALLEST_ORDINARY + int(spread * dice.share() ** 2)
                built.append(
                    Subreddit(
                        number=number,
                        name=name,
                        topic=topic,
                        post_count=FLAGSHIP_POSTS if position == 0 else count,
                        step_seconds=600 + dice.below(12_000),
                        subscribers=500 + int(4_000_000 * dice.share() ** 4),
                        sticky_count=dice.below(3),
                        special=None,
                    )
                )
                number += 1
        return built

    def _build_specials(self) -> list[Subreddit]:
        field = topics()
        return [
            Subreddit(
                number=number,
                name=special.name,
                topic=field[number % len(field)],
                post_count=special.post_count,
                step_seconds=special.step_seconds,
                subscribers=1000 + number,
                sticky_count=0,
                special=special,
            )
            for number, special in enumerate(SPECIALS)
        ]


def post_id(subreddit: Subreddit, index: int) -> str:
    """Return the id (without t3_) of a post."""
    return to_base36(FIRST_POST_NUMBER + subreddit.number * POSTS_PER_SUBREDDIT + index)
