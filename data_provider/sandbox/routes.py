"""Which path is answered by what."""

from __future__ import annotations

import re
from urllib.parse import quote

from data_provider.sandbox import bodies
from data_provider.sandbox.listing import SORTS, Listings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_provider.sandbox.world import Subreddit, World
    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.bodies import Response
    from collections.abc import Callable

_IN_SUBREDDIT = re.compile(r"/r/([^/]+)(?:/(.*))?")


class Routes:
    """The routes of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._listings = Listings(world)
        self._inside: dict[str, Callable[[Request, Subreddit], Response]] = {}

    def subreddit_of(self, request: Request) -> str | None:
        """Return the name of the subreddit that a request is about, as written."""
        found = _IN_SUBREDDIT.fullmatch(request.path)
        return found[1] if found else None

    def answer(self, request: Request) -> Response:
        """Answer a request to Reddit."""
        found = _IN_SUBREDDIT.fullmatch(request.path)
        if found is None:
            return bodies.error(404)
        subreddit = self._world.subreddit(found[1])
        if subreddit is None:
            query = quote(found[1])
            return bodies.redirect(f"http://{request.host}/subreddits/search.json?q={query}")
        return self._answer_inside(request, subreddit, found[2] or "hot")

    def _answer_inside(self, request: Request, subreddit: Subreddit, rest: str) -> Response:
        if rest in SORTS:
            page = self._listings.page(subreddit, rest, request.params)
            return bodies.render(page, is_raw=request.is_raw, items=page["data"]["dist"])
        return bodies.error(404)
