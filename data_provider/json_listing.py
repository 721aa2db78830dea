"""Sources that speak Reddit's .json dialect: everything that they share.

A subclass says where the dialect is spoken and adds what its door asks for (headers, log-in).
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext, suppress
from typing import TYPE_CHECKING

from data_provider.base import ThreadAnswer
from data_provider.comment_tree import CommentTree
from data_provider.errors import LayoutChanged, NotFound
from data_provider.http import HttpClient
from data_provider.paging import PagedBackend
from data_provider.parsing.reddit_json import (
    Listing,
    next_place,
    parse_listing,
    parse_more_children,
    parse_subreddit,
    parse_thread,
)
from data_provider.read_ahead import ReadAhead
from data_provider.statuses import require_json
from data_provider.types import Page, Post, Query, Subreddit, subreddit_name

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from data_provider.base import Clock
    from data_provider.config import ProviderConfig
    from data_provider.health import Quota
    from data_provider.pacing import Pacer

# Larger limits are clamped to this by Reddit (asked for 1024, it gave 100).
PAGE_SIZE = 100
# Comments that a thread's first answer holds at most.
THREAD_SIZE = 500
_TIMED_SORTS = ("top", "controversial")
# "You may only make one request at a time to this API endpoint", says Reddit's documentation.
MORE_CHILDREN = "/api/morechildren"


def place_for(path: str, pacer: Pacer) -> AbstractAsyncContextManager[None]:
    """Return what is held while a path is asked for: the only place, where Reddit has but one."""
    return pacer.alone() if path == MORE_CHILDREN else nullcontext()


class JsonListingBackend(PagedBackend):
    """A source of Reddit's listings as JSON."""

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        super().__init__(config, clock)
        self.http = HttpClient(config, self.clock, self.name)
        # By the identity of the question: several listings may be read at once.
        self._ahead: dict[int, ReadAhead] = {}

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.http.requests_made

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of its window."""
        return self.http.pacer.quota

    @abstractmethod
    def address(self, path: str) -> str:
        """Return the whole address of a path such as /r/x/new."""

    async def headers(self) -> Mapping[str, str]:
        """Return headers for the next request, such as a token just renewed."""
        return {}

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the pages of a listing; see ScraperBackend. Raises CursorLost too."""
        query = query.model_copy()
        ahead = self._ahead[id(query)] = ReadAhead()
        try:
            async with aclosing(super().pages(query, cursor)) as pages:
                async for page in pages:
                    yield page
        finally:
            del self._ahead[id(query)]
            await ahead.close()

    async def search_posts(
        self, text: str, *, subreddit: str | None = None, limit: int = 25
    ) -> list[Post]:
        """Return at most 100 posts that match, best first."""
        path = f"/r/{subreddit_name(subreddit)}/search" if subreddit else "/search"
        params = {"q": text, "sort": "relevance", "limit": str(min(limit, PAGE_SIZE))}
        if subreddit:
            params["restrict_sr"] = "on"
        listing = parse_listing(await self._patiently(path, params))
        return list(listing.posts[:limit])

    async def search_subreddits(self, text: str, *, limit: int = 25) -> list[Subreddit]:
        """Return at most 100 subreddits that match, best first."""
        params = {"q": text, "limit": str(min(limit, PAGE_SIZE))}
        listing = parse_listing(await self._patiently("/subreddits/search", params))
        return list(listing.subreddits[:limit])

    async def subreddit_about(self, name: str) -> Subreddit:
        """Return what is known of one subreddit. Raises NotFound, Private, Banned."""
        return parse_subreddit(await self._patiently(f"/r/{subreddit_name(name)}/about", {}))

    async def thread(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> ThreadAnswer:
        """Return a thread depth first, with the post's own count.

        Every `more` stub is followed until `limit` is reached.
        """
        short = post_id.removeprefix("t3_")
        params = {"limit": str(min(limit or THREAD_SIZE, THREAD_SIZE))}
        if depth is not None:
            params["depth"] = str(depth)
        thread = parse_thread(await self._patiently(f"/comments/{short}", params))
        tree = CommentTree(f"t3_{short}", depth)
        tree.add(thread.comments, thread.more)
        while limit is None or len(tree) < limit:
            if ids := tree.next_ids():
                params = {"api_type": "json", "link_id": f"t3_{short}", "children": ",".join(ids)}
                tree.add(*parse_more_children(await self._patiently(MORE_CHILDREN, params)))
            elif parent := tree.next_parent():
                await self._follow(tree, short, parent)
            else:
                break
        expected = thread.post.num_comments if thread.post else None
        return ThreadAnswer(tree.depth_first(limit), expected)

    async def _follow(self, tree: CommentTree, short: str, parent: str) -> None:
        """Add what hangs below a comment, unless the comment is gone by now."""
        path = f"/comments/{short}/_/{parent.removeprefix('t1_')}"
        with suppress(NotFound):
            deeper = parse_thread(await self._patiently(path, {"limit": str(THREAD_SIZE)}))
            tree.add(deeper.comments, deeper.more)

    async def aclose(self) -> None:
        """Close connections."""
        await self.http.aclose()

    async def fetch(self, path: str, params: Mapping[str, str]) -> bytes:
        """Return the JSON body at a path, asked for once. Raises SourceError."""
        async with place_for(path, self.http.pacer):
            answer = await self.http.get(
                self.address(path), {**params, "raw_json": "1"}, await self.headers()
            )
        return require_json(answer, self.clock.now())

    async def _patiently(self, path: str, params: Mapping[str, str]) -> bytes:
        return await self.retrying(lambda: self.fetch(path, params))

    async def ask(self, query: Query, after: str, listed: int) -> Listing:
        """Return one page of the listing."""
        ahead = self._ahead[id(query)]
        body = await ahead.take((after, listed))
        if body is None:
            body = await self._body_at(query, after, listed)
        following = next_place(body, listed)
        # Not from the first page: a poll for what is new mostly ends there.
        if after and following and following[1] < query.limit:
            await ahead.start(following, self._body_at(query, *following))
        listing = parse_listing(body)
        if listing.comments or listing.subreddits or listing.more:
            raise LayoutChanged("The listing holds other things than posts.", sample=body)
        return listing

    async def _body_at(self, query: Query, after: str, listed: int) -> bytes:
        params = {"limit": str(PAGE_SIZE)}
        if query.sort in _TIMED_SORTS:
            params["t"] = query.time_filter
        if after:
            params |= {"after": after, "count": str(listed)}
        return await self.fetch(f"/r/{query.subreddit}/{query.sort}", params)
