"""Recognises pages that stand where content should: blocks, challenges, gates, shut doors.

Walls come with status 200 as well as 403, so backends ask before they parse. Detection only:
nothing here, or anywhere, tries to get past a wall.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_provider.errors import (
    Banned,
    Blocked,
    Challenge,
    LoginRequired,
    Private,
    Quarantined,
    SourceError,
)

# Escaped post text cannot contain these, so a page that has one is content, whatever it quotes.
# The last one is old Reddit's honest "there doesn't seem to be anything here".
_CONTENT = (
    b"<shreddit-post",
    b"<shreddit-comment",
    b"<shreddit-feed",
    b"<faceplate-batch",
    b'class=" thing',
    b'class="thing',
    b'id="sitetable"',
    b"<entry>",
    b'id="noresults"',
)


@dataclass(frozen=True)
class Wall:
    """A wall is recognised when all `phrases` are in the page, cases ignored."""

    error: type[SourceError]
    phrases: tuple[bytes, ...]
    detail: str


# Wording as recorded, oldest wording first within a kind. Challenge stands before Blocked,
# because a challenge page may mention network security too.
WALLS = (
    Wall(Challenge, (b"please wait for verification</title>",), "Reddit asks for verification."),
    Wall(Challenge, (b"prove your humanity",), "Reddit asks for a captcha."),
    Wall(Challenge, (b'name="js_challenge"',), "Reddit asks for a script challenge."),
    Wall(LoginRequired, (b"log in to use old reddit",), "Old Reddit asks for a log-in."),
    Wall(Private, (b"interstitial-image-private",), "The subreddit is private."),
    Wall(Private, (b"<shreddit-forbidden", b"private"), "The subreddit is private."),
    Wall(Banned, (b"interstitial-image-banned",), "Reddit has banned the subreddit."),
    Wall(Banned, (b"<shreddit-forbidden", b"banned"), "Reddit has banned the subreddit."),
    Wall(Quarantined, (b"interstitial-image-quarantine",), "The subreddit is quarantined."),
    Wall(Quarantined, (b"<shreddit-forbidden", b"quarantine"), "The subreddit is quarantined."),
    Wall(LoginRequired, (b"<shreddit-forbidden", b"nsfw"), "Reddit asks for the reader's age."),
    Wall(LoginRequired, (b"interstitial-image-over18",), "Reddit asks for the reader's age."),
    Wall(LoginRequired, (b'name="over18"',), "Reddit asks for the reader's age."),
    Wall(LoginRequired, (b"over18?dest=",), "Reddit asks for the reader's age."),
    Wall(
        Blocked,
        (b"<title>blocked</title>", b"whoa there, pardner!"),
        "Reddit refuses this network.",
    ),
    Wall(Blocked, (b"blocked due to a network policy",), "Reddit refuses this network."),
    Wall(Blocked, (b"blocked by network security",), "Reddit refuses this network."),
    Wall(LoginRequired, (b"welcome to reddit",), "Reddit shows its sign-up page."),
)


def looks_like_markup(body: bytes) -> bool:
    """Say whether a body is markup, which a JSON answer never is."""
    return body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def find_wall(body: bytes) -> SourceError | None:
    """Return the wall that a markup page is, or null for content and for other pages."""
    page = body.lower()
    if any(marker in page for marker in _CONTENT):
        return None
    for wall in WALLS:
        if all(phrase in page for phrase in wall.phrases):
            return wall.error(wall.detail, sample=body)
    return None
