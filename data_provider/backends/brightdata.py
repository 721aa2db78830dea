"""BrightData's collection of Reddit posts: ordered, waited for, fetched; paid per record.

An order is placed once. Its cursor is handed out before the order, and again with the snapshot's
id right after it, so that whoever stored the last one knows whether something was ordered.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from data_provider.base import Capabilities, Clock, ScraperBackend
from data_provider.errors import (
    AuthenticationFailed,
    CursorLost,
    InvalidQuery,
    InvalidResponse,
    NotConfigured,
    NotFound,
    RateLimited,
    SourceError,
    Timeout,
    Transient,
    Unsupported,
    Upstream,
)
from data_provider.http import HttpClient
from data_provider.pacing import retry_after_seconds
from data_provider.parsing.brightdata import (
    Snapshot,
    parse_progress,
    parse_snapshot,
    parse_triggered,
)
from data_provider.types import Page, Post, Query, StoppedBy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from data_provider.config import ProviderConfig
    from data_provider.health import Quota
    from data_provider.http import Answer

POSTS_DATASET = "gd_lvz8ah06191smkebj4"
PAGE_SIZE = 100
# Asked like this a job of a thousand posts costs some twenty requests; "try again in 30s", it says.
FIRST_POLL_SECONDS = 5.0
LONGEST_POLL_SECONDS = 30.0
# Jobs take minutes; one that takes longer is asked about by a later run.
LONGEST_JOB_SECONDS = 3600.0
# 25 refusals within five minutes lock the address out: twelve seconds apart is the edge.
REFUSED_SECONDS = 60.0
_SORTS = {"hot": "Hot", "new": "New", "top": "Top", "rising": "Rising"}
_TIMES = {
    "hour": "Now", "day": "Today", "week": "This Week", "month": "This Month",
    "year": "This Year", "all": "All Time",
}  # fmt: skip
_READY = ("ready", "done")
_ENDED_BADLY = ("failed", "canceled", "cancelled")
_REFUSALS = range(400, 500)
_TOO_MANY, _UNAVAILABLE, _NOT_READY, _SUCCESS, _MISSING = 429, 503, 202, 200, 404
_REFUSED_KEY = (401, 403)


@dataclass(frozen=True)
class Order:
    """Where a request is: `order` names it, `snapshot` is known once it was placed.

    `is_ready` = BrightData said that its records can be fetched.
    """

    order: str = ""
    snapshot: str = ""
    is_ready: bool = False
    yielded: int = 0

    def encode(self) -> str:
        """Return the state as opaque text."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def decode(cls, text: str | None) -> Order:
        """Return the state of a text, a new order for none. Raises InvalidQuery."""
        if not text:
            return cls()
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(text), type=cls)
        except (ValueError, binascii.Error) as error:
            raise InvalidQuery("This is not a cursor of BrightData.") from error


class BrightDataBackend(ScraperBackend):
    """Orders the posts of a subreddit from `{brightdata_url}/datasets/v3`."""

    name = "brightdata"
    capabilities = Capabilities(
        sorts=frozenset(("hot", "new", "top", "rising")),
        needs=("TEPPAN_BRIGHTDATA_TOKEN",),
        cost="paid",
    )
    # What it cannot collect may be there nevertheless.
    knows_fate = False

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        if not config.brightdata_token:
            raise NotConfigured("TEPPAN_BRIGHTDATA_TOKEN")
        # BrightData finds its own way to Reddit: neither our proxy nor our session is its business.
        update = {"cookies_file": None, "proxy_url": None}
        super().__init__(config.model_copy(update=update), clock)
        self.http = HttpClient(self.config, self.clock, self.name)
        self._told = 0
        # Orders of which BrightData said itself that it did not take them.
        self._refused: set[str] = set()

    @property
    def requests_made(self) -> int:
        """Requests sent so far."""
        return self.http.requests_made

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of its window."""
        return self.http.pacer.quota

    async def pages(self, query: Query, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """Yield pages without posts before the order, after it and while it is worked on.

        Then those with posts.
        """
        self.check(query)
        place = Order.decode(cursor)
        if not place.order:
            place = Order(order=secrets.token_hex(8))
            self._refused.add(place.order)
            yield self._page(place, ())
        if not place.snapshot:
            place = replace(place, snapshot=await self._place(query, place.order))
            yield self._page(place, ())
        pause, waited = FIRST_POLL_SECONDS, 0.0
        while not place.is_ready:
            place = replace(place, is_ready=await self._is_ready(place.snapshot))
            yield self._page(place, ())
            if place.is_ready:
                break
            if waited >= LONGEST_JOB_SECONDS:
                raise _finally(Timeout(f"BrightData still works on {place.snapshot}."))
            await self.clock.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_POLL_SECONDS)
        posts = _wanted(await self._deliver(place.snapshot), query)
        while True:
            part = posts[place.yielded : place.yielded + PAGE_SIZE]
            place = replace(place, yielded=place.yielded + len(part))
            stopped_by = _reason_to_stop(query, place, posts)
            yield self._page(place, part, stopped_by, expected=len(posts))
            if stopped_by:
                return

    def has_lost(self, cursor: str) -> bool:
        """Say whether nobody knows if the order of a cursor was placed."""
        place = Order.decode(cursor)
        return bool(place.order) and not place.snapshot and place.order not in self._refused

    async def check_connection(self) -> None:
        """Ask for a job that never was: only a good key is told that it does not exist."""
        answer = await self._send("GET", "/progress/sd_teppan_connection_test")
        if answer.status not in (_SUCCESS, _MISSING, 400):
            raise self._error_of(answer)

    async def aclose(self) -> None:
        """Close connections."""
        await self.http.aclose()

    def _page(
        self,
        place: Order,
        posts: Sequence[Post],
        stopped_by: StoppedBy | None = None,
        *,
        expected: int | None = None,
    ) -> Page:
        requests = self.http.requests_made - self._told
        self._told = self.http.requests_made
        return Page(
            posts=tuple(posts),
            cursor=None if stopped_by else place.encode(),
            stopped_by=stopped_by,
            requests=requests,
            backend=self.name,
            fetched_at=self.clock.now(),
            expected=expected,
        )

    async def _place(self, query: Query, order: str) -> str:
        """Place an order and return its snapshot; never one that may have been placed before."""
        if order not in self._refused:
            raise _unknown(Timeout("An earlier run stopped while it was ordering."))
        self._refused.discard(order)
        wanted = {"url": f"https://www.reddit.com/r/{query.subreddit}/"}
        wanted["sort_by"] = _SORTS[query.sort]
        if query.sort == "top":
            wanted["sort_by_time"] = _TIMES[query.time_filter]
        params = {
            "dataset_id": POSTS_DATASET,
            "include_errors": "true",
            "type": "discover_new",
            "discover_by": "subreddit_url",
            "limit_per_input": str(query.limit),
        }
        try:
            answer = await self._send("POST", "/trigger", params, msgspec.json.encode([wanted]))
        except Transient as error:
            # A rate limit here is our own pace: nothing has left.
            if error.was_sent and not isinstance(error, RateLimited):
                raise _unknown(error) from error
            self._refused.add(order)
            raise
        if answer.status == _SUCCESS:
            return self._snapshot_in(answer)
        if answer.status in _REFUSALS or answer.status == _UNAVAILABLE:
            self._refused.add(order)
            raise self._error_of(answer)
        raise _unknown(self._error_of(answer))

    def _snapshot_in(self, answer: Answer) -> str:
        """Return the id of the job that was just ordered."""
        try:
            return parse_triggered(answer.body)
        except InvalidResponse as error:
            raise _unknown(error) from error

    async def _deliver(self, snapshot: str) -> Snapshot:
        """Return the records of a job that is ready."""
        answer = await self._send("GET", f"/snapshot/{snapshot}", {"format": "json"})
        if answer.status == _NOT_READY:
            raise Upstream("The records are not there yet.", status=_NOT_READY)
        return parse_snapshot(self._required(answer))

    async def _is_ready(self, snapshot: str) -> bool:
        answer = await self._send("GET", f"/progress/{snapshot}")
        status = parse_progress(self._required(answer))
        if status in _ENDED_BADLY:
            said = f"BrightData says that {snapshot} {status}."
            raise _finally(Upstream(said, status=_SUCCESS))
        return status in _READY

    def _required(self, answer: Answer) -> bytes:
        """Return the body of a success."""
        if answer.status not in (_SUCCESS, _NOT_READY):
            raise self._error_of(answer)
        return answer.body

    def _error_of(self, answer: Answer) -> SourceError:
        """Return what a refusal means; its body is plain text."""
        text = answer.body[:200].decode("utf-8", "replace").strip()
        said = f"BrightData says: {text or answer.status}"
        if answer.status in _REFUSED_KEY:
            return AuthenticationFailed(f"{said} Check TEPPAN_BRIGHTDATA_TOKEN.")
        if answer.status == _TOO_MANY:
            word = retry_after_seconds(answer.headers, self.clock.now())
            return RateLimited(said, retry_after=word or REFUSED_SECONDS)
        if answer.status == _MISSING:
            return CursorLost(f"{said} (it keeps snapshots for 30 days)")
        if answer.status in _REFUSALS:
            return Unsupported(said)
        return Upstream(said, status=answer.status)

    async def _send(
        self,
        method: str,
        path: str,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        address = f"{self.config.brightdata_url.rstrip('/')}/datasets/v3{path}"
        headers = {"authorization": f"Bearer {self.config.brightdata_token}"}
        if content is not None:
            headers["content-type"] = "application/json"
        return await self.http.send(
            method, address, params=params, headers=headers, content=content
        )


def _unknown(error: SourceError) -> SourceError:
    """Return the end of a request of which nobody knows whether it was ordered: it is billed."""
    error.message += (
        " Whether the order was placed is not known, and it is not placed again:"
        " BrightData's control panel shows it; a new scrape orders anew."
    )
    error.args = (error.message,)
    return _finally(error)


def _finally(error: SourceError) -> SourceError:
    """Return an error that asking again does not help against."""
    error.is_retryable = False
    return error


def _wanted(snapshot: Snapshot, query: Query) -> list[Post]:
    """Return the posts asked for. Raises what stands in place of them."""
    if not snapshot.posts and snapshot.failures:
        code, text = snapshot.failures[0]
        if code == "dead_page":
            raise NotFound(f"BrightData found no such page: {text[:200]}")
        raise _finally(Upstream(f"BrightData says: {code}: {text[:200]}", status=_SUCCESS))
    return list({post.id: post for post in snapshot.posts}.values())[: query.limit]


def _reason_to_stop(query: Query, place: Order, posts: Sequence[Post]) -> StoppedBy | None:
    if place.yielded < len(posts):
        return None
    return "limit" if place.yielded >= query.limit else "exhausted"
