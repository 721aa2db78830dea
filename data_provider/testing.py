"""A scripted source and a clock without waiting, for the tests of whoever uses this package."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from data_provider.base import Capabilities, Clock, ScraperBackend, ThreadAnswer
from data_provider.config import ProviderConfig
from data_provider.errors import SourceError
from data_provider.types import Comment, Page, Post, Query, StoppedBy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class ManualClock:
    """Time that passes only by `sleep` and `advance`; `waits` are the sleeps asked for."""

    instant: datetime = EPOCH
    waits: list[float] = field(default_factory=list)
    jitter: float = 0.5

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant

    def monotonic(self) -> float:
        """Return seconds since the clock's first instant."""
        return (self.instant - EPOCH).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once, and others run."""
        self.waits.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def random(self) -> float:
        """Return the middle, which is no jitter at all."""
        return self.jitter

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.instant += timedelta(seconds=seconds)


class Hang:
    """A step that never answers."""


HANG: Final = Hang()


def make_post(number: int, **fields: Any) -> Post:
    """Return post `t3_p<number>`, a minute younger than the one before it."""
    known: dict[str, Any] = {
        "id": f"t3_p{number}",
        "subreddit": "python",
        "title": f"Post {number}",
        "author": "somebody",
        "url": f"https://www.reddit.com/r/python/comments/p{number}/",
        "permalink": f"/r/python/comments/p{number}/",
        "is_self": True,
        "post_type": "text",
        "score": number,
        "num_comments": 0,
        "created_at": EPOCH - timedelta(minutes=number),
    }
    return Post(**(known | fields))


def make_posts(amount: int, start: int = 0) -> list[Post]:
    """Return consecutive posts."""
    return [make_post(number) for number in range(start, start + amount)]


def make_comment(number: int, parent: int | None = None, **fields: Any) -> Comment:
    """Return comment `t1_c<number>` of post `t3_p0`, below the comment `parent` if one is given."""
    known: dict[str, Any] = {
        "id": f"t1_c{number}",
        "post_id": "t3_p0",
        "parent_id": "t3_p0" if parent is None else f"t1_c{parent}",
        "author": "somebody",
        "body": f"Comment {number}",
        "score": number,
        "created_at": EPOCH + timedelta(seconds=number),
    }
    return Comment(**(known | fields))


class ScriptedBackend(ScraperBackend):
    """Gives what the script says, step by step: posts, an error to raise once, or HANG.

    Cursors are step numbers, so a new instance goes on where another stopped. `opened` and
    `closed` count generators, `cursors` are those it was opened with, `is_closed` tells of
    `aclose`. `threads` are the comments by post, or steps to play instead; `read` lists the posts
    whose comments were asked for.
    """

    name = "scripted"

    def __init__(
        self,
        script: Sequence[Sequence[Post] | SourceError | Hang],
        *,
        clock: Clock | None = None,
        name: str = "scripted",
        stopped_by: StoppedBy = "exhausted",
        capabilities: Capabilities | None = None,
        threads: Mapping[str, Sequence[Comment] | SourceError | Hang] | None = None,
    ) -> None:
        super().__init__(ProviderConfig(), clock or ManualClock())
        self.name = name
        self.capabilities = capabilities or Capabilities(
            max_limit=1_000_000, dates=True, comments=True
        )
        self.threads = dict(threads or {})
        self.read: list[str] = []
        self._script = list(script)
        self._raised: set[int] = set()
        self._stopped_by = stopped_by
        self.opened = 0
        self.closed = 0
        self.cursors: list[str | None] = []
        self.queries: list[Query] = []
        self.hanging = asyncio.Event()
        self.is_closed = False

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield the steps from the cursor on."""
        self.opened += 1
        self.cursors.append(cursor)
        self.queries.append(query)
        step, given = (int(part) for part in (cursor or "0:0").split(":"))
        try:
            while step < len(self._script):
                posts = await self._play(step)
                step += 1
                if posts is None:
                    continue
                posts = posts[: query.limit - given]
                given += len(posts)
                page = self._page(posts, step, given, query)
                yield page
                if page.cursor is None:
                    return
            if not self._script:
                yield self._page([], 0, 0, query)
        finally:
            self.closed += 1

    async def thread(
        self, post_id: str, *, limit: int | None = None, depth: int | None = None
    ) -> ThreadAnswer:
        """Return the scripted comments of a post, none where none are scripted."""
        self.check_thread(depth)
        self.read.append(post_id)
        step = self.threads.get(post_id, ())
        if isinstance(step, Hang):
            self.hanging.set()
            await asyncio.Event().wait()
        elif isinstance(step, SourceError):
            raise step
        else:
            return ThreadAnswer([one for one in step if depth is None or one.depth < depth][:limit])
        return ThreadAnswer([])

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True

    async def _play(self, number: int) -> list[Post] | None:
        step = self._script[number]
        if isinstance(step, Hang):
            self.hanging.set()
            await asyncio.Event().wait()
        elif isinstance(step, SourceError):
            if number not in self._raised:
                self._raised.add(number)
                raise step
        else:
            return list(step)
        return None

    def _page(self, posts: list[Post], step: int, given: int, query: Query) -> Page:
        stopped_by: StoppedBy | None = None
        if given >= query.limit:
            stopped_by = "limit"
        elif not self._has_more(step):
            stopped_by = self._stopped_by
        return Page(
            posts=tuple(posts),
            cursor=None if stopped_by else f"{step}:{given}",
            stopped_by=stopped_by,
            backend=self.name,
            fetched_at=self.clock.now(),
        )

    def _has_more(self, step: int) -> bool:
        return step < len(self._script)
