"""A look-alike of BrightData's dataset API: jobs that are ordered, worked on, and fetched.

Every order makes a job of its own, whatever was ordered before, as the real one bills each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from data_provider.sandbox.bodies import Response
from data_provider.sandbox.posts import build_post
from data_provider.sandbox.requests import BRIGHTDATA_PATH

if TYPE_CHECKING:
    from data_provider.sandbox.listing import Listings
    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit, World

Thing = dict[str, Any]

# The key that the simulation admits.
TOKEN = "sandbox-brightdata-token"  # noqa: S105
POSTS_DATASET = "gd_lvz8ah06191smkebj4"
# What a job says when it is asked, one after the other; the last one stays.
PROGRESS = ("starting", "running", "ready")
_TEXT_TYPE = "text/plain; charset=utf-8"
_SHUT = ("private", "banned", "quarantined")


@dataclass
class Job:
    """One order and how often it was asked about."""

    subreddit: str
    sort: str
    limit: int
    asked: int = 0


class BrightData:
    """The jobs of one world."""

    def __init__(self, world: World, listings: Listings) -> None:
        self._world = world
        self._listings = listings
        self._jobs: dict[str, Job] = {}

    def subreddit_of(self, request: Request) -> str | None:
        """Return the subreddit that a request is about."""
        job = self._jobs.get(_last(request.path))
        return job.subreddit if job else _subreddit_in(request.params.get("url", ""))

    def answer(self, request: Request) -> Response:
        """Answer a request to /datasets/v3."""
        if request.authorization != f"Bearer {TOKEN}":
            said = "Invalid token" if request.authorization else "Credentials are missing"
            return _text(401, said)
        action = request.path.removeprefix(BRIGHTDATA_PATH).split("/")[0]
        if action == "trigger" and request.method == "POST":
            return self._trigger(request)
        job = self._jobs.get(_last(request.path))
        if action not in ("progress", "snapshot") or job is None:
            return _text(404, "Snapshot does not exist")
        return self._progress(job) if action == "progress" else self._deliver(job)

    def _trigger(self, request: Request) -> Response:
        params = request.params
        subreddit = _subreddit_in(params.get("url", ""))
        if params.get("dataset_id") != POSTS_DATASET or subreddit is None:
            return _text(400, "dataset_id and a list of inputs are required")
        name = f"sd_{len(self._jobs):06d}{subreddit.lower()}"
        self._jobs[name] = Job(
            subreddit, params.get("sort_by", "Hot").lower(), int(params.get("limit_per_input", 10))
        )
        return _json(200, {"snapshot_id": name})

    def _progress(self, job: Job) -> Response:
        status = PROGRESS[min(job.asked, len(PROGRESS) - 1)]
        job.asked += 1
        return _json(200, {"status": status, "dataset_id": POSTS_DATASET})

    def _deliver(self, job: Job) -> Response:
        if job.asked < len(PROGRESS):
            wait = "Snapshot is not ready yet, try again in 30s"
            return _json(202, {"status": "running", "message": wait})
        subreddit = self._world.subreddit(job.subreddit)
        if subreddit is None or subreddit.name in _SHUT:
            return _json(200, [_dead(job)])
        indexes = self._listings.first(subreddit, job.sort, job.limit)
        return _json(200, [self._record(subreddit, index) for index in indexes])

    def _record(self, subreddit: Subreddit, index: int) -> Thing:
        """Write a post with the record's names and its habits: no flags, null for no list."""
        post = build_post(self._world, subreddit, index)
        made = datetime.fromtimestamp(post["created_utc"], UTC)
        url = f"https://www.reddit.com{post['permalink']}"
        return {
            "post_id": post["name"],
            "url": url,
            "user_posted": post["author"],
            "title": post["title"],
            "description": post["selftext"] or None,
            "num_comments": post["num_comments"],
            "date_posted": made.strftime("%Y-%m-%dT%H:%M:%S.702Z"),
            "community_name": subreddit.name,
            "num_upvotes": post["score"],
            "photos": [post["url"]] if post.get("post_hint") == "image" else None,
            "videos": None,
            "tag": post["link_flair_text"],
            "related_posts": [],
            "comments": None,
            "community_url": f"https://www.reddit.com/r/{subreddit.name}/",
            "community_members_num": 40165,
            "description_markdown": f"\n        \n     {post['selftext']}\n    ",
            "timestamp": "2026-11-01T00:00:00.000Z",
            "input": {"url": f"https://www.reddit.com/r/{subreddit.name}/"},
        }


def _dead(job: Job) -> Thing:
    return {
        "timestamp": "2026-11-01T00:00:00.000Z",
        "input": {"url": f"https://www.reddit.com/r/{job.subreddit}/"},
        "error": "Page not found",
        "error_code": "dead_page",
    }


def _subreddit_in(url: str) -> str | None:
    name = url.partition("/r/")[2].strip("/")
    return name or None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _json(status: int, value: Any) -> Response:
    # Lone surrogates cannot be written as they are, and no API of this kind sends them.
    items = len(value) if isinstance(value, list) else 0
    return Response(status, orjson.dumps(value), items=items)


def _text(status: int, said: str) -> Response:
    return Response(status, said.encode(), content_type=_TEXT_TYPE)
