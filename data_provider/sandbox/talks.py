"""The answers about comments: threads, parts of threads, and what `more` stubs hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_provider.sandbox import bodies, trees
from data_provider.sandbox.atom import render_thread
from data_provider.sandbox.comments import build_comment
from data_provider.sandbox.listing import envelop, whole_number
from data_provider.sandbox.posts import build_post
from data_provider.sandbox.threads import Thread, split_comment_id, thread_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from data_provider.sandbox.bodies import Response
    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit, World

# More ids than this are refused; Reddit's own number is not known, only that there is one.
MOST_CHILDREN = 500


class Talks:
    """Comments of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(
        self, request: Request, subreddit: Subreddit, index: int, focus: str | None
    ) -> Response:
        """Return a thread as an array of two Listings: the post, and the tree."""
        post = build_post(self._world, subreddit, index)
        post["num_duplicates"] = 0
        thread = thread_of(self._world, subreddit, index)
        tree = trees.listing_of(_tree(thread, request.params, focus))
        return bodies.render([envelop([post], "t3"), tree], is_raw=request.is_raw)

    def feed(self, request: Request, subreddit: Subreddit, index: int) -> Response:
        """Return a thread as a feed: the post, and then the comments shown, flat."""
        thread = thread_of(self._world, subreddit, index)
        shown = trees.without_nesting(_tree(thread, request.params, None))
        post = build_post(self._world, subreddit, index)
        return render_thread(subreddit, request, post, shown)

    def expand(self, request: Request) -> Response:
        """Return the comments behind a `more` stub, flat."""
        params = request.params
        found = self._world.find_post(params.get("link_id", "").removeprefix("t3_"))
        if found is None:
            return bodies.error(403)
        names = [name for name in params.get("children", "").split(",") if name]
        if len(names) > MOST_CHILDREN:
            return bodies.error(400)
        thread = thread_of(self._world, *found)
        places = [place for name in names if (place := thread.place_of(name)) is not None]
        things = trees.expanded(thread, params.get("sort", "confidence"), places)
        answer = {"json": {"errors": [], "data": {"things": things}}}
        return bodies.render(answer, is_raw=request.is_raw)

    def look_up(self, id36: str) -> Iterator[dict[str, Any]]:
        """Yield the comment of that id, if there is one."""
        parts = split_comment_id(id36)
        found = self._world.find_post(parts[0]) if parts else None
        if found is not None:
            thread = thread_of(self._world, *found)
            place = thread.place_of(id36)
            if place is not None:
                yield {"kind": "t1", "data": build_comment(thread, place)}


def _tree(thread: Thread, params: Mapping[str, str], focus: str | None) -> list[dict[str, Any]]:
    cut = trees.Cut(
        sort=params.get("sort", "confidence"),
        limit=min(
            whole_number(params.get("limit"), trees.DEFAULT_LIMIT) or trees.DEFAULT_LIMIT,
            trees.LARGEST_LIMIT,
        ),
        depth=min(whole_number(params.get("depth"), trees.DEEPEST) or trees.DEEPEST, trees.DEEPEST),
    )
    if focus is None:
        return trees.whole_tree(thread, cut)
    place = thread.place_of(focus)
    if place is not None:
        return trees.focused_tree(thread, cut, place)
    # A comment that vanished leaves an empty tree; one that never was is ignored.
    parts = split_comment_id(focus)
    has_vanished = parts is not None and "t3_" + parts[0] == thread.fullname
    return [] if has_vanished else trees.whole_tree(thread, cut)
