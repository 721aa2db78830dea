"""Down to where a subreddit has been read before, so that `only_new` stops there.

Known ground is the newest posts that an earlier scrape began with, and all below them. It moves in
the transaction that ends a target, once the way from the new head down to the old one was read: a
job that dies half-way moves nothing, and the next one reads that way again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from data_provider import Page, Post
from scraper.models import ScrapingJob, ScrapingTarget, Watermark

# The only listing in which what is new comes first and what is old does not come back.
SORT = "new"
# Posts of the head that are remembered. One may be deleted, all of ten hardly; then time tells.
ANCHORS = 10
# One known post at the end of a page may be out of its order, two are ground.
_GROUND_POSTS = 2


@dataclass(frozen=True)
class Anchor:
    """A post that was seen at the head of a listing."""

    id: str
    created_at: datetime


@dataclass(frozen=True)
class Ground:
    """What an earlier scrape began with, newest first; at least one anchor."""

    anchors: tuple[Anchor, ...]

    @property
    def top_at(self) -> datetime:
        """Age of its newest post."""
        return max(anchor.created_at for anchor in self.anchors)

    def holds(self, post: Post) -> bool:
        """Tell whether a post was there: one of the anchors, or older than all of them."""
        floor = min(anchor.created_at for anchor in self.anchors)
        return post.created_at < floor or any(post.id == anchor.id for anchor in self.anchors)

    def cut(self, page: Page) -> Page:
        """Return the page without what is known; it is the last one when it reaches the ground.

        Reached is it where all that follows on the page is known. What is pinned counts for
        neither: it stands above posts that are younger.
        """
        start, known = len(page.posts), 0
        for index in reversed(range(len(page.posts))):
            post = page.posts[index]
            if not post.stickied:
                if not self.holds(post):
                    break
                start, known = index, known + 1
        is_reached = known >= (_GROUND_POSTS if page.cursor else 1)
        posts = page.posts[:start] if is_reached else page.posts
        fresh = tuple(post for post in posts if not (post.stickied and self.holds(post)))
        end = {"cursor": None, "stopped_by": "known"} if is_reached else {}
        return page.model_copy(update={"posts": fresh, **end})


@dataclass(frozen=True)
class Reading:
    """How far a target's listing has been read, against what was known before it."""

    known: Ground | None = None
    head: tuple[Anchor, ...] = ()
    oldest_at: datetime | None = None
    has_begun: bool = False

    def after(self, page: Page) -> Self:
        """Return the reading with one more page of the listing, as it came.

        It begins with the first posts: a source that works on an order sends pages without any.
        """
        regular = [post for post in page.posts if not post.stickied]
        return replace(
            self,
            head=self.head if self.has_begun else _head_of(regular, page.fetched_at),
            oldest_at=regular[-1].created_at if regular else self.oldest_at,
            has_begun=self.has_begun or bool(regular),
        )

    @property
    def has_reached_ground(self) -> bool:
        """Whether nothing lies unread between the head and what was known before."""
        if self.known is None:
            return True
        return self.oldest_at is not None and self.oldest_at <= self.known.top_at

    @property
    def gap(self) -> dict[str, str] | None:
        """The time from which posts may be missing, when the listing ended above the ground."""
        if self.known is None or self.oldest_at is None or self.has_reached_ground:
            return None
        return {"from": _as_text(self.known.top_at), "to": _as_text(self.oldest_at)}


def open_reading(job: ScrapingJob, target: ScrapingTarget) -> Reading | None:
    """Return how far the target was read, None where the listing leads to no known ground."""
    config = job.config
    if config["sort"] != SORT or config["since"] or config["until"]:
        return None
    mark = Watermark.objects.filter(**_place(job, target)).values_list("head", flat=True).first()
    return Reading(
        known=Ground(_anchors(mark)) if mark else None,
        head=_anchors(target.head),
        oldest_at=target.oldest_at,
        has_begun=bool(target.head or target.oldest_at),
    )


def settle(job: ScrapingJob, target: ScrapingTarget, reading: Reading) -> None:
    """Move the known ground to where this listing began, if the way down to it was read.

    A scrape of only what is new moves it in any case: what it did not reach it shows as the
    target's gap. Call it in the transaction that ends the target.
    """
    if job.config["only_new"]:
        target.gap = reading.gap
    elif not reading.has_reached_ground:
        return
    if not reading.head:
        return
    place, values = _place(job, target), _values(reading)
    rows = Watermark.objects.filter(**place)
    # Another job may have moved it further meanwhile: then it stays there.
    if not rows.filter(top_at__lte=values["top_at"]).update(**values):
        mark = Watermark(**place, **values)
        Watermark.objects.bulk_create([mark], ignore_conflicts=True)


def head_as_json(reading: Reading) -> list[list[str]]:
    """Return the anchors as they are stored."""
    return [[anchor.id, _as_text(anchor.created_at)] for anchor in reading.head]


def _head_of(posts: Sequence[Post], now: datetime) -> tuple[Anchor, ...]:
    # A date in the future would make known ground of all that is to come.
    dated = [post for post in posts if post.created_at <= now]
    # What is older than the page's end is pinned, where a source does not say so: as an anchor it
    # would put the floor below years of posts.
    ordered = [post for post in dated if post.created_at >= dated[-1].created_at]
    return tuple(Anchor(post.id, post.created_at) for post in ordered[:ANCHORS])


def _place(job: ScrapingJob, target: ScrapingTarget) -> dict[str, Any]:
    name = target.subreddit.casefold()
    return {"project_id": job.project_id, "subreddit": name, "sort": job.config["sort"]}


def _values(reading: Reading) -> dict[str, Any]:
    top_at = max(anchor.created_at for anchor in reading.head)
    return {"head": head_as_json(reading), "top_at": top_at}


def _anchors(stored: Sequence[Sequence[str]]) -> tuple[Anchor, ...]:
    return tuple(Anchor(name, datetime.fromisoformat(at)) for name, at in stored)


def _as_text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
