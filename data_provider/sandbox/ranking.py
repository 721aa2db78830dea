"""The order of a listing: from position to post and back, without storing posts."""

from __future__ import annotations

from collections import OrderedDict
from math import log10
from typing import TYPE_CHECKING, Protocol

from data_provider.sandbox import facts
from data_provider.sandbox.dice import mix
from data_provider.sandbox.posts import is_stickied

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_provider.sandbox.world import Subreddit, World

# Recorded chains of pages end after about this many items.
LISTING_WALL = 1000
RISING_LENGTH = 60
# Reddit's published formula for hot: ten times the score weighs as much as these seconds.
HOT_SECONDS = 45_000
_KEPT_ORDERS = 128
PERIOD_SECONDS = {
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}


class Ranking(Protocol):
    """Positions of a listing and the indexes of the posts there."""

    length: int

    def at(self, position: int) -> int:
        """Return the index of the post at a position below `length`."""

    def position(self, index: int) -> int | None:
        """Return where a post stands; None when it is not part of the listing."""


class NewestFirst:
    """The order of `new`: pure arithmetic."""

    def __init__(self, count: int, length: int) -> None:
        self._count = count
        self.length = length

    def at(self, position: int) -> int:
        """Return the index of the post at a position."""
        return self._count - 1 - position

    def position(self, index: int) -> int | None:
        """Return where a post stands."""
        return self._count - 1 - index if 0 <= index < self._count else None


class Fixed:
    """An order that was worked out once."""

    def __init__(self, indexes: list[int]) -> None:
        self._indexes = indexes
        self.length = len(indexes)

    def at(self, position: int) -> int:
        """Return the index of the post at a position."""
        return self._indexes[position]

    def position(self, index: int) -> int | None:
        """Return where a post stands."""
        return self._indexes.index(index) if index in self._indexes else None


class Blocks:
    """An order for endless subreddits: thousands in order of age, sorted within each."""

    def __init__(self, count: int, rank_block: Callable[[int], list[int]]) -> None:
        self.length = count
        self._rank_block = rank_block

    def at(self, position: int) -> int:
        """Return the index of the post at a position."""
        block, offset = divmod(position, LISTING_WALL)
        return self._rank_block(block)[offset]

    def position(self, index: int) -> int | None:
        """Return where a post stands."""
        if not 0 <= index < self.length:
            return None
        block = (self.length - 1 - index) // LISTING_WALL
        return block * LISTING_WALL + self._rank_block(block).index(index)


class Rankings:
    """Works out orders and keeps the last few."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: OrderedDict[tuple[object, ...], list[int]] = OrderedDict()

    def of(self, subreddit: Subreddit, sort: str, period: str, count: int) -> Ranking:
        """Return the order of a listing of a subreddit that now has `count` posts."""
        if sort == "new":
            length = count if subreddit.is_endless else min(count, LISTING_WALL)
            return NewestFirst(count, length)
        if subreddit.is_endless:
            return Blocks(count, lambda block: self._block(subreddit, sort, block))
        key = (subreddit.number, sort, period if sort in _PERIODIC else "", count)
        return Fixed(self._keep(key, lambda: self._rank(subreddit, sort, period, count)))

    def stickied(self, subreddit: Subreddit) -> list[int]:
        """Return the indexes of the pinned posts, newest first."""
        last = range(max(0, subreddit.post_count - 20), subreddit.post_count)
        return [index for index in reversed(last) if is_stickied(subreddit, index)]

    def _block(self, subreddit: Subreddit, sort: str, block: int) -> list[int]:
        last = subreddit.post_count - 1 - block * LISTING_WALL
        indexes = range(last, max(-1, last - LISTING_WALL), -1)
        weigh = self._weigher(subreddit, sort)
        key = (subreddit.number, sort, "block", block)
        return self._keep(key, lambda: sorted(indexes, key=weigh, reverse=True))

    def _rank(self, subreddit: Subreddit, sort: str, period: str, count: int) -> list[int]:
        first = 0
        if sort == "rising":
            first = max(0, count - RISING_LENGTH)
        elif sort in _PERIODIC and period in PERIOD_SECONDS:
            first = max(0, count - PERIOD_SECONDS[period] // subreddit.step_seconds)
        weigh = self._weigher(subreddit, sort)
        pinned = set(self.stickied(subreddit)) if sort == "hot" else set()
        candidates = [index for index in range(count - 1, first - 1, -1) if index not in pinned]
        return sorted(candidates, key=weigh, reverse=True)[:LISTING_WALL]

    def _weigher(self, subreddit: Subreddit, sort: str) -> Callable[[int], float]:
        world = self._world

        def hot(index: int) -> float:
            score = facts.score_of(world, subreddit, index)
            return log10(score + 1) + world.created_at(subreddit, index) / HOT_SECONDS

        def top(index: int) -> float:
            return facts.score_of(world, subreddit, index)

        def controversial(index: int) -> float:
            balance = 1 - facts.ratio_of(world, subreddit, index)
            return balance * (1 + facts.score_of(world, subreddit, index))

        def rising(index: int) -> float:
            return mix(world.key(subreddit, index) ^ 0x815)

        return {"hot": hot, "top": top, "controversial": controversial, "rising": rising}[sort]

    def _keep(self, key: tuple[object, ...], make: Callable[[], list[int]]) -> list[int]:
        found = self._kept.pop(key, None)
        if found is None:
            found = make()
        self._kept[key] = found
        if len(self._kept) > _KEPT_ORDERS:
            self._kept.popitem(last=False)
        return found


_PERIODIC = ("top", "controversial")
