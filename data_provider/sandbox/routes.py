"""Which path is answered by what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from data_provider.sandbox import bodies, walls
from data_provider.sandbox.about import build_subreddit
from data_provider.sandbox.archive import Archive
from data_provider.sandbox.atom import feed_window, render_feed
from data_provider.sandbox.brightdata import BrightData
from data_provider.sandbox.listing import LARGEST_LIMIT, SORTS, Listings, envelop
from data_provider.sandbox.pages import Pages
from data_provider.sandbox.posts import build_post
from data_provider.sandbox.requests import PAGES
from data_provider.sandbox.search import Searches
from data_provider.sandbox.talks import Talks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from data_provider.sandbox.bodies import Response
    from data_provider.sandbox.requests import Dialect, Request
    from data_provider.sandbox.tokens import Tokens
    from data_provider.sandbox.world import Subreddit, World

_IN_SUBREDDIT = re.compile(r"/r/([^/]+)(?:/(.*))?")
# The parts of www.reddit.com's pages, with a subreddit in their path or their parameters.
_PART = re.compile(r"/svc/shreddit/(?:more-comments/([^/]+)|community-more-posts)/.*")
# /comments/ID, /comments/ID/SLUG and /comments/ID/SLUG/COMMENT
_COMMENTS = re.compile(r"comments/(\w+)(?:/[^/]*(?:/(\w+))?)?")


class Routes:
    """The routes of one world."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._listings = Listings(world)
        self._searches = Searches(world)
        self._talks = Talks(world)
        self._archive = Archive(world, self._listings)
        self._pages = Pages(world, self._listings)
        self._brightdata = BrightData(world, self._listings)
        # Who has addresses of his own, or answers otherwise.
        self._own: dict[Dialect, Callable[[Request], Response]] = {
            "token": tokens.issue,
            "archive": self._archive.answer,
            "brightdata": self._brightdata.answer,
            **dict.fromkeys(PAGES, self._answer_page),
        }
        self._global: dict[str, Callable[[Request], Response]] = {
            "/subreddits/search": lambda request: _page(
                self._searches.subreddits(request.params), request
            ),
            "/subreddits/popular": lambda request: _page(
                self._searches.popular(request.params), request
            ),
            "/search": lambda request: _page(self._searches.posts(None, request.params), request),
            "/api/info": self._info,
            "/api/morechildren": self._talks.expand,
        }

    def subreddit_of(self, request: Request) -> str | None:
        """Return the name of the subreddit that a request is about."""
        inside = _IN_SUBREDDIT.fullmatch(request.path)
        if inside:
            return inside[1]
        if request.dialect == "archive":
            return request.params.get("subreddit")
        if request.dialect == "brightdata":
            return self._brightdata.subreddit_of(request)
        part = _PART.fullmatch(request.path)
        if part:
            return part[1] or request.params.get("name")
        comments = _COMMENTS.fullmatch(request.path.lstrip("/"))
        id36 = comments[1] if comments else request.params.get("link_id", "").removeprefix("t3_")
        found = self._world.find_post(id36)
        return found[0].name if found else None

    def answer(self, request: Request) -> Response:
        """Answer a request to Reddit, in the dialect in which it was asked."""
        own = self._own.get(request.dialect)
        if own is not None:
            return own(request)
        if request.dialect == "oauth" and not self._tokens.admits(request):
            return bodies.error(401)
        return self._answer_json(request)

    def _answer_page(self, request: Request) -> Response:
        name = self.subreddit_of(request)
        subreddit = self._world.subreddit(name) if name else None
        if name and subreddit is None:
            return _redirect_to_search(request, name)
        return self._pages.answer(request, subreddit) or walls.failure(404)

    def _answer_json(self, request: Request) -> Response:
        handler = self._global.get(request.path)
        if handler is not None:
            return handler(request)
        inside = _IN_SUBREDDIT.fullmatch(request.path)
        if inside is None:
            return self._answer_comments(request, request.path.lstrip("/"), None)
        subreddit = self._world.subreddit(inside[1])
        if subreddit is None:
            return _redirect_to_search(request, inside[1])
        return self._answer_inside(request, subreddit, inside[2] or "hot")

    def _answer_inside(self, request: Request, subreddit: Subreddit, rest: str) -> Response:
        if request.dialect == "atom":
            return self._answer_feed(request, subreddit, rest)
        if rest in SORTS:
            return _page(self._listings.page(subreddit, rest, request.params), request)
        if rest == "about":
            thing = build_subreddit(self._world, subreddit, is_listed=False)
            return bodies.render({"kind": "t5", "data": thing}, is_raw=request.is_raw)
        if rest == "search":
            is_restricted = request.params.get("restrict_sr", "").lower() in _YES
            place = subreddit if is_restricted else None
            return _page(self._searches.posts(place, request.params), request)
        return self._answer_comments(request, rest, subreddit)

    def _answer_feed(self, request: Request, subreddit: Subreddit, rest: str) -> Response:
        if rest not in SORTS:
            return self._answer_comments(request, rest, subreddit)
        listing = self._listings.page(subreddit, rest, feed_window(request.params))
        return render_feed(subreddit, rest, request, listing)

    def _answer_comments(
        self, request: Request, rest: str, subreddit: Subreddit | None
    ) -> Response:
        comments = _COMMENTS.fullmatch(rest)
        found = self._world.find_post(comments[1]) if comments else None
        if comments is None or found is None or found[1] >= self._listings.count_of(found[0]):
            return bodies.error(404)
        if subreddit is not None and found[0] is not subreddit:
            return bodies.error(404)
        if request.dialect == "atom":
            return self._talks.feed(request, *found)
        return self._talks.show(request, *found, comments[2] or request.params.get("comment"))

    def _info(self, request: Request) -> Response:
        names = request.params.get("id", "").split(",")[:LARGEST_LIMIT]
        listing = envelop([], "t3")
        listing["data"]["children"] = [thing for name in names for thing in self._look_up(name)]
        listing["data"]["dist"] = len(listing["data"]["children"])
        return _page(listing, request)

    def _look_up(self, name: str) -> Iterator[dict[str, Any]]:
        kind, _, id36 = name.strip().partition("_")
        if kind == "t3":
            found = self._world.find_post(id36)
            if found is not None and found[1] < self._listings.count_of(found[0]):
                yield {"kind": "t3", "data": build_post(self._world, *found)}
        elif kind == "t5":
            subreddit = self._world.find_subreddit(name)
            if subreddit is not None:
                yield {"kind": "t5", "data": build_subreddit(self._world, subreddit)}
        elif kind == "t1":
            yield from self._talks.look_up(id36)


_YES = ("on", "true", "1")
_SUFFIX = {"json": ".json", "atom": ".rss"}


def _redirect_to_search(request: Request, name: str) -> Response:
    suffix = _SUFFIX.get(request.dialect, "")
    search = f"http://{request.host}{request.prefix}/subreddits/search{suffix}"
    return bodies.redirect(f"{search}?q={quote(name)}")


def _page(listing: dict[str, Any], request: Request) -> Response:
    return bodies.render(listing, is_raw=request.is_raw, items=listing["data"]["dist"])
