"""Searches: posts of a subreddit (or of all), and subreddits by name and description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_provider.sandbox import facts
from data_provider.sandbox.about import build_subreddit, summary_of
from data_provider.sandbox.listing import Window, cut, envelop
from data_provider.sandbox.posts import build_post, title_of_post
from data_provider.sandbox.ranking import LISTING_WALL, PERIOD_SECONDS
from data_provider.sandbox.world import Subreddit, World, post_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Thing = dict[str, Any]
Found = tuple[Subreddit, int]

# A search through all subreddits looks at the newest posts of each: the index of the sandbox.
NEWEST_SEARCHED = 8
# Reddit's own ceiling is unknown; searches give fewer than a listing.
MOST_RESULTS = 250


class Searches:
    """Searches over one world; nothing is indexed, titles are written anew each time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def posts(self, subreddit: Subreddit | None, params: Mapping[str, str]) -> Thing:
        """Return a page of posts whose titles hold all words of the query."""
        words = params.get("q", "").lower().split()
        matches = (found for found in self._searched(subreddit) if self._matches(found, words))
        recent = self._within(matches, params.get("t", "all"))
        ordered = self._sorted(recent, params.get("sort", "relevance"))[:MOST_RESULTS]
        window = Window.of(params)
        page, after, before = cut(["t3_" + post_id(*found) for found in ordered], window)
        posts = [build_post(self._world, *ordered[position]) for position in page]
        listing = envelop(posts, "t3", after, before)
        listing["data"]["facets"] = {}
        return listing

    def subreddits(self, params: Mapping[str, str]) -> Thing:
        """Return a page of subreddits that hold all words, those named so first."""
        words = params.get("q", "").lower().removeprefix("r/").split()
        scored = [
            (-_weight(subreddit, words), -subreddit.subscribers, subreddit)
            for subreddit in self._world.subreddits()
            if words and _weight(subreddit, words)
        ]
        found = [entry[2] for entry in sorted(scored, key=lambda entry: entry[:2])]
        return self._page_of(found, params)

    def popular(self, params: Mapping[str, str]) -> Thing:
        """Return a page of the ordinary subreddits, largest first."""
        ordered = sorted(self._world.ordinary, key=lambda entry: -entry.subscribers)
        return self._page_of(ordered, params)

    def _page_of(self, found: list[Subreddit], params: Mapping[str, str]) -> Thing:
        page, after, before = cut([entry.fullname for entry in found], Window.of(params))
        things = [build_subreddit(self._world, found[position]) for position in page]
        return envelop(things, "t5", after, before)

    def _searched(self, subreddit: Subreddit | None) -> Iterator[Found]:
        depth = LISTING_WALL if subreddit else NEWEST_SEARCHED
        for place in (subreddit,) if subreddit else self._world.ordinary:
            last = place.post_count - 1
            yield from ((place, index) for index in range(last, max(-1, last - depth), -1))

    def _matches(self, found: Found, words: list[str]) -> bool:
        title = title_of_post(self._world, *found).lower()
        return bool(words) and all(word in title for word in words)

    def _within(self, matches: Iterable[Found], period: str) -> Iterator[Found]:
        oldest = self._world.newest_at - PERIOD_SECONDS.get(period, self._world.newest_at)
        return (found for found in matches if self._world.created_at(*found) >= oldest)

    def _sorted(self, matches: Iterable[Found], sort: str) -> list[Found]:
        world = self._world
        keys = {
            "new": lambda found: -world.created_at(*found),
            "comments": lambda found: -facts.num_comments_of(world, *found),
        }
        return sorted(matches, key=keys.get(sort, lambda found: -facts.score_of(world, *found)))


def _weight(subreddit: Subreddit, words: list[str]) -> int:
    """Weigh a match: 3 for the very name, 2 for a part of it, 1 for the description, 0 for none."""
    name = subreddit.name.lower()
    if "".join(words) == name:
        return 3
    if all(word in name for word in words):
        return 2
    text = f"{name} {subreddit.topic.title} {summary_of(subreddit)}".lower()
    return int(all(word in text for word in words))
