"""The sources that the shared suite is run against, and where they differ, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from data_provider.sandbox.brightdata import TOKEN as BRIGHTDATA_TOKEN
from data_provider.sandbox.tokens import SCRIPT_CLIENT


@dataclass(frozen=True)
class Door:
    """`settings` are the ProviderConfig fields that lead the source to the simulated Reddit.

    In their values `{url}` stands for its address.
    """

    name: str
    settings: dict[str, str] = field(default_factory=dict)
    # Codes that this source gives for a subreddit of the simulation, beside the common ones.
    codes: tuple[tuple[str, str], ...] = ()
    has_wall_at_1000: bool = True
    # Fields of a post that this source cannot know: null, or false for flags.
    lacks: tuple[str, ...] = ()
    # Fields that it knows of most posts only: null otherwise.
    may_lack: tuple[str, ...] = ()
    # Kinds of posts that it takes for others; of those only the common fields are the same.
    confuses: tuple[str, ...] = ()
    # Whether it waits for a job of its own, which is no failure and no notice.
    polls: bool = False
    # Fields that it knows otherwise than Reddit's JSON does.
    differs: tuple[str, ...] = ()
    knows_subscribers: bool = True
    knows_comment_counts: bool = True
    # Fields of a comment that it cannot know: null, false, or as if it answered the post.
    comment_lacks: tuple[str, ...] = ()
    # Fields of comments that it does not know of those that are gone.
    gone_lacks: tuple[str, ...] = ()
    # Whether it gives all comments of a thread that a page does not show at once.
    has_whole_threads: bool = True
    # Patience in real seconds: with a busy machine, with what never answers, with what breaks off
    # and is waited for all the same, and with a cancel, which waits for none of these.
    read_timeout_seconds: float = 10.0
    stalled_seconds: float = 0.3
    reset_seconds: float = 10.0
    cancel_seconds: float = 10.0
    label: str = ""
    # Starting it takes so long that one is kept for all tests.
    is_dear: bool = False

    def config(self, url: str) -> dict[str, Any]:
        return {name: value.format(url=url) for name, value in self.settings.items()}

    def code_of(self, subreddit: str) -> str:
        """The code of a failure, "" where this source has the posts nevertheless."""
        return dict(COMMON_CODES + self.codes)[subreddit]


COMMON_CODES: tuple[tuple[str, str], ...] = (
    ("no_such_subreddit", "not_found"),
    ("private", "private"),
    ("banned", "banned"),
    ("quarantined", "quarantined"),
    ("walled", "blocked"),
    ("challenge", "challenge"),
    ("relayout", "layout_changed"),
    ("renamed", "layout_changed"),
    ("stalled", "timeout"),
    ("reset", "network"),
    ("truncated", "invalid_response"),
    ("cursorlost", "cursor_lost"),
    ("captcha", "challenge"),
    ("security", "blocked"),
    ("welcome", "login_required"),
    ("oldlogin", "login_required"),
    ("adult", "login_required"),
)

# What pages tell of posts that JSON tells otherwise, or of kinds that they do not tell.
PAGES: dict[str, Any] = {
    "stalled_seconds": 0.5,
    # A browser waits for the rest of a page as long as for all of it.
    "reset_seconds": 2.0,
    "is_dear": True,
    # Half a page is one whose layout is not the known one, whoever cut it.
    "codes": (("truncated", "layout_changed"),),
}
WWW: dict[str, Any] = PAGES | {
    "lacks": ("edited_at",),
    "may_lack": ("score",),
    "differs": ("thumbnail",),
    "confuses": ("crosspost", "video"),
    "knows_subscribers": False,
    "comment_lacks": ("stickied", "distinguished", "edited_at"),
    "gone_lacks": ("score", "removed"),
}
OLD: dict[str, Any] = PAGES | {
    # Listings load texts on demand.
    "lacks": ("upvote_ratio", "removed", "selftext"),
    "may_lack": ("score",),
    "confuses": ("crosspost", "video", "gallery", "poll"),
}


def browser(name: str, site: str) -> Door:
    settings = {f"reddit_{site}_url": "{url}/" + site, "browser_site": site}
    return Door(name, settings, label=f"{name}-{site}", **(WWW if site == "www" else OLD))


DOORS = (
    Door("native_json", {"reddit_www_url": "{url}"}),
    Door(
        "oauth",
        {
            "reddit_oauth_url": "{url}",
            "reddit_token_url": "{url}/api/v1/access_token",
            "reddit_client_id": SCRIPT_CLIENT[0],
            "reddit_client_secret": SCRIPT_CLIENT[1],
        },
    ),
    Door(
        "rss",
        {"reddit_www_url": "{url}"},
        lacks=(
            "score",
            "upvote_ratio",
            "num_comments",
            "flair",
            "over_18",
            "spoiler",
            "stickied",
            "locked",
            "edited_at",
        ),
        confuses=("crosspost", "poll", "gallery", "video"),
        comment_lacks=("score", "parent_id", "depth", "stickied", "distinguished", "edited_at"),
        has_whole_threads=False,
        knows_comment_counts=False,
    ),
    Door(
        "archive",
        {"archive_url": "{url}"},
        # The archive keeps what was public once.
        codes=(("private", ""), ("banned", ""), ("quarantined", "")),
        has_wall_at_1000=False,
        may_lack=("score", "upvote_ratio", "num_comments"),
    ),
    Door(
        "brightdata",
        {"brightdata_url": "{url}", "brightdata_token": BRIGHTDATA_TOKEN},
        # Who collects meets the walls himself, and does not tell why a page is not there.
        codes=(
            ("private", "not_found"),
            ("banned", "not_found"),
            ("quarantined", "not_found"),
            ("walled", ""),
            ("challenge", ""),
            ("captcha", ""),
            ("security", ""),
            ("welcome", ""),
            ("oldlogin", ""),
            ("adult", ""),
            ("cursorlost", ""),
        ),
        lacks=(
            "upvote_ratio",
            "over_18",
            "spoiler",
            "stickied",
            "locked",
            "edited_at",
            "thumbnail",
            "crosspost_parent",
        ),
        confuses=("crosspost", "poll", "gallery", "video", "link", "image"),
        polls=True,
    ),
    Door("sandbox", {"sandbox_url": "{url}"}, has_wall_at_1000=False),
    browser("playwright", "www"),
    browser("playwright", "old"),
    browser("nodriver", "www"),
    browser("nodriver", "old"),
    browser("selenium", "www"),
    browser("selenium", "old"),
)
