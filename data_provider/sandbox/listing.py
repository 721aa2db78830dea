"""Pages of a listing by Reddit's rules: limit, after, before, count, dist, stickied extras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_provider.sandbox.posts import build_post
from data_provider.sandbox.ranking import Ranking, Rankings
from data_provider.sandbox.world import Subreddit, World, post_id

if TYPE_CHECKING:
    from collections.abc import Mapping

Thing = dict[str, Any]

DEFAULT_LIMIT = 25
LARGEST_LIMIT = 100
SORTS = ("hot", "new", "top", "rising", "controversial")
# How far a page of a moving subreddit reaches back into the page before it.
MOVING_OVERLAP = 2
# In a subreddit with dead anchors, every post at such a distance is one.
DEAD_ANCHOR_EVERY = 25


@dataclass(frozen=True, slots=True)
class Window:
    """The paging parameters of a request, already clamped."""

    limit: int
    after: str | None
    before: str | None
    count: int

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Window:
        """Read the parameters as Reddit does: what makes no sense counts as absent."""
        limit = whole_number(params.get("limit"), DEFAULT_LIMIT) or DEFAULT_LIMIT
        return cls(
            limit=min(limit, LARGEST_LIMIT),
            after=params.get("after") or None,
            before=params.get("before") or None,
            count=whole_number(params.get("count"), 0),
        )

    @property
    def is_first(self) -> bool:
        """Whether no cursor was given."""
        return self.after is None and self.before is None


def envelop(
    things: list[Thing], kind: str, after: str | None = None, before: str | None = None
) -> Thing:
    """Put things into a Listing."""
    return {
        "kind": "Listing",
        "data": {
            "after": after,
            "dist": len(things),
            "modhash": "",
            "geo_filter": "",
            "children": [{"kind": kind, "data": thing} for thing in things],
            "before": before,
        },
    }


def cut(names: list[str], window: Window) -> tuple[range, str | None, str | None]:
    """Find the page of a known list: the positions on it, and the cursors after and before."""
    anchor = window.after or window.before
    if anchor is None:
        start, end = 0, window.limit
    elif anchor not in names:
        return range(0), None, None
    elif window.after:
        start = names.index(anchor) + 1
        end = start + window.limit
    else:
        end = names.index(anchor)
        start = max(0, end - window.limit)
    page = range(start, min(end, len(names)))
    if not page:
        return page, None, None
    after = names[page[-1]] if page[-1] + 1 < len(names) else None
    before = names[page[0]] if page[0] > 0 and _shows_before(window) else None
    return page, after, before


def _shows_before(window: Window) -> bool:
    return window.count > 0 or window.before is not None


def whole_number(text: str | None, default: int) -> int:
    """Read a number as Reddit does: what is none counts as absent."""
    return int(text) if text and text.isascii() and text.isdigit() else default


class Listings:
    """The post listings of all subreddits."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rankings = Rankings(world)
        self._gained: dict[int, int] = {}

    def page(self, subreddit: Subreddit, sort: str, params: Mapping[str, str]) -> Thing:
        """Return one page of /r/NAME/SORT as a Listing."""
        window = Window.of(params)
        ranking = self._rankings.of(
            subreddit, sort, params.get("t", "day"), self._count(subreddit, sort)
        )
        start, end = self._edges(subreddit, ranking, window)
        indexes = [ranking.at(position) for position in range(start, min(end, ranking.length))]
        after = self._name(subreddit, indexes[-1]) if indexes and end < ranking.length else None
        has_before = indexes and start > 0 and _shows_before(window)
        before = self._name(subreddit, indexes[0]) if has_before else None
        if sort == "hot" and window.is_first:
            indexes = self._rankings.stickied(subreddit) + indexes
        posts = [build_post(self._world, subreddit, index) for index in indexes]
        return envelop(posts, "t3", after, before)

    def first(self, subreddit: Subreddit, sort: str, limit: int) -> list[int]:
        """Return the posts with which a listing of all time begins, pages left out of it."""
        ranking = self._rankings.of(subreddit, sort, "all", self._count(subreddit, sort))
        ranked = [ranking.at(position) for position in range(min(limit, ranking.length))]
        stickied = self._rankings.stickied(subreddit) if sort == "hot" else []
        return list(dict.fromkeys((*stickied, *ranked)))[:limit]

    def count_of(self, subreddit: Subreddit) -> int:
        """Return how many posts a subreddit has now."""
        return subreddit.post_count + self._gained.get(subreddit.number, 0)

    def _count(self, subreddit: Subreddit, sort: str) -> int:
        if sort == "new" and subreddit.special is not None and subreddit.special.is_moving:
            self._gained[subreddit.number] = self._gained.get(subreddit.number, 0) + 1
        return self.count_of(subreddit)

    def _edges(self, subreddit: Subreddit, ranking: Ranking, window: Window) -> tuple[int, int]:
        """Return the positions where the page starts and ends; equal when there is nothing."""
        if window.is_first:
            return 0, window.limit
        position = self._position(subreddit, ranking, window.after or window.before or "")
        if position is None:
            return 0, 0
        if window.after is None:
            return max(0, position - window.limit), position
        start = position + 1
        special = subreddit.special
        if special is not None and special.is_moving:
            start -= min(MOVING_OVERLAP, window.limit - 1)
        return start, start + window.limit

    def _position(self, subreddit: Subreddit, ranking: Ranking, name: str) -> int | None:
        found = self._world.find_post(name.removeprefix("t3_"))
        if found is None or found[0] is not subreddit:
            return None
        position = ranking.position(found[1])
        special = subreddit.special
        if position is not None and special is not None and special.has_dead_anchors:
            return None if position % DEAD_ANCHOR_EVERY == DEAD_ANCHOR_EVERY - 1 else position
        return position

    def _name(self, subreddit: Subreddit, index: int) -> str:
        return "t3_" + post_id(subreddit, index)
