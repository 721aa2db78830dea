"""Answers as the archive does (Arctic Shift's API): posts by date, from records of its own."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

import orjson

from data_provider.sandbox.about import build_subreddit
from data_provider.sandbox.bodies import Response, render
from data_provider.sandbox.listing import DEFAULT_LIMIT, LARGEST_LIMIT, Listings
from data_provider.sandbox.posts import build_post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit, World

Thing = dict[str, Any]

# limit=auto gives 100 to 1000, as the archive's load allows; this one is never busy.
AUTO_LIMIT = 120
# The archive reads a post when it appears, and a second time after 36 hours.
FIRST_READ_SECONDS = 20
SECOND_READ_SECONDS = 36 * 3600
_LATEST = 1 << 53


class Archive:
    """The records of one world."""

    def __init__(self, world: World, listings: Listings) -> None:
        self._world = world
        self._listings = listings

    def answer(self, request: Request) -> Response:
        """Answer a search for posts or for one subreddit."""
        subreddit = self._world.subreddit(request.params.get("subreddit", ""))
        if "/subreddits/" in request.path:
            found = [build_subreddit(self._world, subreddit)] if subreddit else []
            return render({"data": found}, is_raw=False)
        try:
            after, before, limit, is_descending = _read(request)
        except ValueError as problem:
            return Response(400, orjson.dumps({"data": None, "error": str(problem)}))
        indexes = self._between(subreddit, after, before) if subreddit else range(0)
        chosen = indexes[::-1][:limit] if is_descending else indexes[:limit]
        posts = [self._record(subreddit, index) for index in chosen] if subreddit else []
        return render({"data": posts}, is_raw=False, items=len(posts))

    def _between(self, subreddit: Subreddit, after: int, before: int) -> Sequence[int]:
        """Return the posts made after one second and before another, oldest first."""
        every = range(self._listings.count_of(subreddit))

        def made(index: int) -> int:
            return self._world.created_at(subreddit, index)

        return every[bisect_right(every, after, key=made) : bisect_left(every, before, key=made)]

    def _record(self, subreddit: Subreddit, index: int) -> Thing:
        """Return a post as it was read last; what was not read a second time is a newborn."""
        post = build_post(self._world, subreddit, index)
        created = int(post["created_utc"])
        post.pop("selftext_html", None)
        post.update(created_utc=created, retrieved_on=created + FIRST_READ_SECONDS)
        if created + SECOND_READ_SECONDS <= self._world.newest_at:
            post["_meta"] = {"retrieved_2nd_on": created + SECOND_READ_SECONDS}
        else:
            post.update(score=1, ups=1, upvote_ratio=1, num_comments=0)
        return dict(sorted(post.items()))


def _read(request: Request) -> tuple[int, int, int, bool]:
    """Return after, before, limit and whether the newest come first. Raises ValueError."""
    params = request.params
    limit = params.get("limit", str(DEFAULT_LIMIT))
    size = AUTO_LIMIT if limit == "auto" else int(limit)
    if not 1 <= size <= LARGEST_LIMIT and limit != "auto":
        raise ValueError("limit must be between 1 and 100")
    after, before = int(params.get("after", -1)), int(params.get("before", _LATEST))
    return after, before, size, params.get("sort", "desc") != "asc"
