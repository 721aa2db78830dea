"""The subreddits that misbehave on purpose, one entry each."""

from __future__ import annotations

from dataclasses import dataclass

from data_provider.sandbox.rules import FaultRule

HUGE_POST_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Special:
    """A subreddit with a behaviour: `says` is its line in the index, `rule` its permanent fault."""

    name: str
    says: str
    post_count: int = 300
    step_seconds: int = 3600
    rule: FaultRule | None = None
    is_endless: bool = False
    # A post is added with every request for `new`, and pages repeat their neighbours' edge.
    is_moving: bool = False
    # Every 25th post is gone as an anchor: a page after it is empty.
    has_dead_anchors: bool = False
    # Every post is one of the odd shapes of oddities.py, in turn.
    is_odd: bool = False
    has_lone_surrogates: bool = False
    has_long_threads: bool = False
    # Its feed names no next part: only the page's script loads more.
    is_silent: bool = False
    # Its pages speak Spanish.
    is_spanish: bool = False
    # So many posts in a row share a second.
    burst: int = 1


SPECIALS: tuple[Special, ...] = (
    Special("private", "403, reason private", rule=FaultRule(action="private")),
    Special("banned", "404, reason banned", rule=FaultRule(action="banned")),
    Special("quarantined", "403, reason quarantined", rule=FaultRule(action="quarantined")),
    Special("empty", "exists and has no posts", post_count=0),
    Special("tiny", "7 posts", post_count=7),
    Special("huge", "a million posts, no wall", HUGE_POST_COUNT, 30, is_endless=True),
    Special("moving", "gains a post per request for new; items repeat", 900, is_moving=True),
    Special("slow", "300 ms per page", rule=FaultRule(latency_ms=300)),
    Special("stalled", "the headers never come", rule=FaultRule(action="stall")),
    Special(
        "ratelimited",
        "429 with retry-after 2 on every second request",
        rule=FaultRule(action="status", status=429, retry_after=2, every=2),
    ),
    Special("walled", "403 with the block page", rule=FaultRule(action="wall_403")),
    Special("challenge", "200 with a JS challenge shell", rule=FaultRule(action="challenge_200")),
    Special("flaky", "500 on every third request", rule=FaultRule(action="status", every=3)),
    Special("truncated", "JSON cut in the middle", rule=FaultRule(action="truncate")),
    Special("reset", "the connection drops in mid-body", rule=FaultRule(action="reset")),
    Special("relayout", "JSON of a shape nobody knows", rule=FaultRule(action="relayout")),
    Special("renamed", "known containers of unknown things", rule=FaultRule(action="renamed")),
    Special(
        "cursorlost",
        "every page after the first is empty",
        rule=FaultRule(action="empty_page", paged=True),
    ),
    Special(
        "cursorlost_once",
        "page 2 is empty; asked again it is there",
        rule=FaultRule(action="empty_page", page=2),
    ),
    Special("deleted_anchor", "every 25th post is gone as an anchor", 600, has_dead_anchors=True),
    Special("oddities", "every post has one of the odd shapes", 400, is_odd=True),
    Special("surrogates", "titles with lone surrogates", 50, has_lone_surrogates=True),
    Special("longthreads", "threads of several hundred comments", 60, has_long_threads=True),
    Special("bursts", "forty posts in a second, again and again", 600, burst=40),
    Special("captcha", "200 with a captcha", rule=FaultRule(action="captcha_200")),
    Special("security", "403 by network security", rule=FaultRule(action="security_403")),
    Special("welcome", "200 that greets a stranger", rule=FaultRule(action="welcome_200")),
    Special("oldlogin", "200 that asks for a log-in", rule=FaultRule(action="old_login_200")),
    Special("adult", "200 that asks for the age", rule=FaultRule(action="adult_gate_200")),
    Special("espanol", "pages in Spanish; their posts are the usual ones", is_spanish=True),
    Special("scrolling", "a feed that only scrolling makes longer", 80, is_silent=True),
)
