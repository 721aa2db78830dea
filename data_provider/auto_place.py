"""Where AUTO is in a listing, whichever source serves it: enough for another one to go on.

A place carries the serving source with its own cursor, and the ground covered so far: the latest
posts given and between which moments they were made.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from data_provider.base import Ground
from data_provider.errors import CursorLost, InvalidQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider.base import ScraperBackend
    from data_provider.types import Page, Post, Query, StoppedBy

# A whole listing of Reddit's, with its stickied extras: what a walk from the top repeats.
KNOWN_IDS = 1024
# Marks AUTO's cursors: those of a source begin otherwise.
PREFIX = "auto."


def is_auto_cursor(text: str) -> bool:
    """Say whether a cursor is one of AUTO's."""
    return text.startswith(PREFIX)


@dataclass(frozen=True)
class AutoPlace:
    """A position of AUTO.

    `inner` is the cursor of source `backend`. `known` are the latest ids given, oldest first,
    without "t3_"; `newest_at` and `last_at` the seconds of the newest and of the last post given.
    `is_changed` = another source began the listing; `is_walking` = this one began at its top.
    `orders` are the cursors of the paid sources that were left: what was ordered is fetched when
    they come back, never ordered again.
    """

    backend: str = ""
    inner: str | None = None
    yielded: int = 0
    known: tuple[str, ...] = ()
    newest_at: int | None = None
    last_at: int | None = None
    is_changed: bool = False
    is_walking: bool = False
    is_on_known_ground: bool = False
    is_paid: bool = False
    orders: dict[str, str] = field(default_factory=dict)

    def encode(self) -> str:
        """Return the position as opaque text."""
        return PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def decode(cls, text: str | None) -> AutoPlace:
        """Return the position of a text, the start for none. Raises InvalidQuery."""
        if not text:
            return cls()
        try:
            raw = base64.urlsafe_b64decode(text.removeprefix(PREFIX))
            return msgspec.json.decode(raw, type=cls)
        except (ValueError, binascii.Error) as error:
            raise InvalidQuery("This is not a cursor of AUTO.") from error

    def served_by(self, source: ScraperBackend) -> AutoPlace:
        """Return the position handed to another source, which goes on after the last post.

        A paid one goes on with what it was asked before, whose beginning may be known by now.
        """
        orders = self.orders
        if self.is_paid and self.inner:
            orders = {**orders, self.backend: self.inner}
        order = orders.get(source.name)
        after = source.cursor_after(self._ground()) if self.known and not order else None
        return replace(
            self,
            backend=source.name,
            inner=order or after,
            is_changed=bool(self.backend),
            is_walking=bool(self.known) and after is None,
            is_on_known_ground=False,
            is_paid=source.capabilities.cost == "paid",
            orders=orders,
        )

    def from_the_top(self) -> AutoPlace:
        """Return the position with the listing begun again, to be walked to the known ground."""
        return replace(self, inner=None, is_walking=True, is_on_known_ground=False)

    def may_ask(self, source: ScraperBackend) -> bool:
        """Say whether a source that was left may come back: not where its order got lost."""
        order = self.orders.get(source.name)
        return source.name == self.backend or order is None or not source.has_lost(order)

    def question_to(self, source: ScraperBackend, query: Query) -> Query:
        """Return what the source is asked: it cannot know how much of it is repetition."""
        if not self.is_changed or source.capabilities.cost == "paid":
            return query
        return query.model_copy(update={"limit": source.capabilities.max_limit})

    def take(self, page: Page, query: Query) -> tuple[AutoPlace, Page]:
        """Return the position after a source's page, and what of the page is new.

        Raises CursorLost when the listing ended before it came to what was given already.
        """
        known = {f"t3_{name}" for name in self.known}
        posts = [post for post in page.posts if self._is_wanted(post, known, query)]
        posts = posts[: max(0, query.limit - self.yielded)]
        place = self._moved(page, posts, known, query)
        stopped_by = place._reason_to_stop(page, query)  # noqa: SLF001 -- another of us
        changes = {
            "posts": tuple(posts),
            "cursor": None if stopped_by else place.encode(),
            "stopped_by": stopped_by,
        }
        return place, page.model_copy(update=changes)

    def _ground(self) -> Ground:
        known = tuple(f"t3_{name}" for name in self.known)
        return Ground(self.yielded, known, self.last_at or 0)

    def _is_wanted(self, post: Post, known: set[str], query: Query) -> bool:
        if post.id in known:
            return False
        # What was posted since the listing was begun would push its end out of the limit.
        is_late = self.newest_at is not None and post.created_at.timestamp() > self.newest_at
        return not (self.is_changed and query.sort == "new" and is_late)

    def _moved(self, page: Page, posts: Sequence[Post], known: set[str], query: Query) -> AutoPlace:
        times = [int(post.created_at.timestamp()) for post in posts]
        ids = (post.id.removeprefix("t3_") for post in posts)
        newest = [*times, *([] if self.newest_at is None else [self.newest_at])]
        return replace(
            self,
            inner=page.cursor,
            yielded=self.yielded + len(posts),
            known=tuple(dict.fromkeys((*self.known, *ids)))[-KNOWN_IDS:],
            newest_at=max(newest, default=None),
            last_at=times[-1] if times else self.last_at,
            is_on_known_ground=self.is_on_known_ground or self._meets(page, known, query),
        )

    def _meets(self, page: Page, known: set[str], query: Query) -> bool:
        """Say whether a page reaches what was given already, or lies beyond it."""
        if query.sort != "new" or self.last_at is None:
            return True
        last = self.last_at
        return any(p.id in known or p.created_at.timestamp() <= last for p in page.posts)

    def _reason_to_stop(self, page: Page, query: Query) -> StoppedBy | None:
        if self.yielded >= query.limit:
            return "limit"
        if page.cursor is not None:
            return None
        if self.is_walking and not self.is_on_known_ground:
            raise CursorLost("The listing ends before it comes to the posts given so far.")
        return "listing_cap" if page.stopped_by == "limit" else page.stopped_by
