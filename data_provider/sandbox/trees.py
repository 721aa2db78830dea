"""Comment trees as Reddit cuts them: the best comments shown, the rest behind `more` stubs."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_provider.sandbox.comments import build_comment
from data_provider.sandbox.dice import mix
from data_provider.sandbox.threads import ROOT, Thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Thing = dict[str, Any]

DEFAULT_LIMIT = 200
LARGEST_LIMIT = 500
# Levels in one answer; what hangs deeper is behind "continue this thread".
DEEPEST = 10
# How many comments one call of morechildren brings back; the rest comes as new stubs.
EXPANDED = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """What a request wants of a tree."""

    sort: str = "confidence"
    limit: int = DEFAULT_LIMIT
    depth: int = DEEPEST


class Tree:
    """One cut through a thread."""

    def __init__(self, thread: Thread, cut: Cut, starts: Sequence[int], base_depth: int) -> None:
        self._thread = thread
        self._rank = _ranker(thread, cut.sort)
        # Depth is counted from here: a focused comment is 0, an expanded one keeps its own.
        self._base_depth = base_depth
        self._deepest = (
            min((thread.depths[start] for start in starts), default=base_depth) + cut.depth
        )
        self._shown = self._select(starts, cut.limit)

    def nested(self, parent: int, siblings: Sequence[int]) -> list[Thing]:
        """Return siblings as Reddit nests them, replies inside."""
        things = []
        for place in self._in_order(siblings):
            comment = self._comment(place)
            answers = self.nested(place, self._thread.children.get(place, ()))
            if answers:
                comment["replies"] = listing_of(answers)
            things.append({"kind": "t1", "data": comment})
        return things + self._stub(parent, siblings)

    def flat(self, parent: int, siblings: Sequence[int]) -> Iterator[Thing]:
        """Yield siblings and what hangs below them in pre-order, replies always empty."""
        for place in self._in_order(siblings):
            yield {"kind": "t1", "data": self._comment(place)}
            yield from self.flat(place, self._thread.children.get(place, ()))
        yield from self._stub(parent, siblings)

    def _comment(self, place: int) -> Thing:
        comment = build_comment(self._thread, place)
        comment["depth"] = self._thread.depths[place] - self._base_depth
        return comment

    def _in_order(self, siblings: Sequence[int]) -> list[int]:
        return sorted((place for place in siblings if place in self._shown), key=self._rank)

    def _select(self, starts: Sequence[int], limit: int) -> set[int]:
        """Choose the comments to show: always the best of those whose parent is shown."""
        shown: set[int] = set()
        waiting = [(self._rank(place), place) for place in starts]
        heapq.heapify(waiting)
        while waiting and len(shown) < limit:
            _, place = heapq.heappop(waiting)
            shown.add(place)
            for child in self._thread.children.get(place, ()):
                if self._thread.depths[child] < self._deepest:
                    heapq.heappush(waiting, (self._rank(child), child))
        return shown

    def _stub(self, parent: int, siblings: Sequence[int]) -> list[Thing]:
        thread = self._thread
        hidden = sorted((place for place in siblings if place not in self._shown), key=self._rank)
        if not hidden:
            return []
        stub: Thing = {
            "count": sum(thread.subtree_sizes[place] for place in hidden),
            "name": thread.name_of(hidden[0]),
            "id": thread.comment_id(hidden[0]),
            "parent_id": thread.name_of(parent),
            "depth": thread.depths[hidden[0]] - self._base_depth,
            "children": [thread.comment_id(place) for place in hidden],
        }
        if thread.depths[hidden[0]] >= self._deepest:
            stub |= {"count": 0, "name": "t1__", "id": "_", "children": []}
        return [{"kind": "more", "data": stub}]


def listing_of(children: list[Thing]) -> Thing:
    """Wrap comments in a Listing, which has no cursor and no dist."""
    data = {"modhash": "", "dist": None, "children": children, "after": None, "before": None}
    return {"kind": "Listing", "data": data}


def without_nesting(things: Sequence[Thing]) -> Iterator[Thing]:
    """Yield the comments of a tree in reading order, the stubs left out."""
    for thing in things:
        if thing["kind"] == "t1":
            data = thing["data"]
            yield data
            if data["replies"]:
                yield from without_nesting(data["replies"]["data"]["children"])


def whole_tree(thread: Thread, cut: Cut) -> list[Thing]:
    """Return the tree of a thread."""
    roots = thread.children.get(ROOT, [])
    return Tree(thread, cut, roots, 0).nested(ROOT, roots)


def focused_tree(thread: Thread, cut: Cut, place: int) -> list[Thing]:
    """Return one comment and what hangs below it; depth starts at 0 again."""
    tree = Tree(thread, cut, [place], thread.depths[place])
    return tree.nested(thread.parents[place], [place])


def expanded(thread: Thread, sort: str, places: Sequence[int]) -> list[Thing]:
    """Return comments of `more` stubs and what hangs below them, flat, with new stubs."""
    wanted = set(places)
    tops = [place for place in wanted if thread.parents[place] not in wanted]
    tree = Tree(thread, Cut(sort, EXPANDED), tops, 0)
    by_parent: dict[int, list[int]] = {}
    for place in sorted(tops):
        by_parent.setdefault(thread.parents[place], []).append(place)
    return [thing for parent, group in by_parent.items() for thing in tree.flat(parent, group)]


def _ranker(thread: Thread, sort: str) -> Callable[[int], int]:
    if sort == "new":
        return lambda place: -place
    if sort == "old":
        return lambda place: place
    if sort == "controversial":
        return lambda place: mix(place ^ thread.index)
    return lambda place: -thread.score(place)
