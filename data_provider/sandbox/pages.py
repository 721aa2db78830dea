"""Which path of the two web sites is answered by which page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from data_provider.sandbox import old_pages, trees, walls, www_pages
from data_provider.sandbox.cards import read_cursor
from data_provider.sandbox.listing import SORTS, whole_number
from data_provider.sandbox.posts import build_post
from data_provider.sandbox.spanish import in_spanish
from data_provider.sandbox.threads import Thread, thread_of

if TYPE_CHECKING:
    from data_provider.sandbox.bodies import Response
    from data_provider.sandbox.listing import Listings
    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit, World

_THREAD = re.compile(r"(?:/r/[^/]+)?/comments/(\w+)(?:/[^/]*(?:/(\w+))?)?")
_FEED = re.compile(r"/r/([^/]+)(?:/(\w+))?")
_MORE_POSTS = re.compile(r"/svc/shreddit/community-more-posts/(\w+)")
_MORE_COMMENTS = re.compile(r"/svc/shreddit/more-comments/[^/]+/t3_(\w+)")
# A thread's page shows so many comments; old pages show more when asked to.
_SHOWN = {"www": 50, "old": trees.DEFAULT_LIMIT}


class Pages:
    """The pages of one world. Null is given for what has no page."""

    def __init__(self, world: World, listings: Listings) -> None:
        self._world = world
        self._listings = listings

    def answer(self, request: Request, subreddit: Subreddit | None) -> Response | None:
        """Answer with a page, or a part of one, in the subreddit's language."""
        found = self._answer(request, subreddit)
        special = subreddit.special if subreddit else None
        if found is not None and special is not None and special.is_spanish:
            found.body = in_spanish(found.body.decode()).encode()
        return found

    def _answer(self, request: Request, subreddit: Subreddit | None) -> Response | None:
        if request.path == "/subreddits/search":
            return walls.no_results()
        thread = _THREAD.fullmatch(request.path)
        if thread:
            return self._thread(request, thread[1], thread[2])
        hidden = _MORE_COMMENTS.fullmatch(request.path)
        if hidden:
            return self._more_comments(request, hidden[1])
        return self._listing(request, subreddit) if subreddit else None

    def _listing(self, request: Request, subreddit: Subreddit) -> Response | None:
        more, feed = _MORE_POSTS.fullmatch(request.path), _FEED.fullmatch(request.path)
        sort = more[1] if more else (feed[2] if feed else None) or "hot"
        if sort not in SORTS or not (more or feed):
            return None
        if request.dialect == "old":
            listing = self._listings.page(subreddit, sort, request.params)
            return old_pages.render_listing(self._world, subreddit, sort, request, listing)
        window = www_pages.feed_window(request.params)
        listing = self._listings.page(subreddit, sort, window)
        if more:
            return www_pages.render_more_posts(subreddit, sort, request, listing)
        return www_pages.render_feed(self._world, subreddit, sort, request, listing)

    def _thread(self, request: Request, id36: str, focus: str | None) -> Response | None:
        found = self._found(id36)
        if found is None:
            return None
        post, thread = build_post(self._world, *found), thread_of(self._world, *found)
        limit = whole_number(request.params.get("limit"), _SHOWN[request.dialect])
        cut = trees.Cut(limit=min(limit, trees.LARGEST_LIMIT))
        place = thread.place_of(focus) if focus else None
        if place is None:
            tree = trees.whole_tree(thread, cut)
        else:
            tree = trees.focused_tree(thread, cut, place)
        if request.dialect == "old":
            return old_pages.render_thread(self._world, found[0], post, tree)
        return www_pages.render_thread(self._world, found[0], request, post, tree)

    def _more_comments(self, request: Request, id36: str) -> Response | None:
        found = self._found(id36)
        try:
            kind, names = read_cursor(request.params.get("cursor", ""))
        except ValueError:
            return None
        if found is None or request.method != "POST":
            return None
        post, thread = build_post(self._world, *found), thread_of(self._world, *found)
        things = trees.expanded(thread, "confidence", _places(thread, kind, names))
        return www_pages.render_more_comments(request, post, things)

    def _found(self, id36: str) -> tuple[Subreddit, int] | None:
        found = self._world.find_post(id36)
        if found is None or found[1] >= self._listings.count_of(found[0]):
            return None
        return found


def _places(thread: Thread, kind: str, names: list[str]) -> list[int]:
    """Return the comments that a loader stands for: those named, or what answers those."""
    named = [place for name in names if (place := thread.place_of(name)) is not None]
    if kind != "d1":
        return named
    found: list[Any] = [child for place in named for child in thread.children.get(place, ())]
    return found
