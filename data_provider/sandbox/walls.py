"""The pages that stand where content should, for those who read pages, with the marks that tell.

The wording is Reddit's as far as it is known; the rest says that a simulator made it up.
"""

from __future__ import annotations

from data_provider.sandbox.bodies import HTML_TYPE, Response

_MADE_UP = "<p>This page was made up by a simulator.</p>"
# What stands on an old page in a list of posts or comments that is empty.
NOTHING_OLD = '<p id="noresults" class="error">there doesn\'t seem to be anything here</p>'
_INTERSTITIAL = (
    '<!doctype html><html><head><title>reddit.com: {word}</title></head><body><div class="content"'
    ' role="main"><div class="interstitial"><img class="interstitial-image" alt="{word}"'
    ' src="/static/interstitial-image-{picture}.png"><div class="interstitial-message'
    ' md-container"><div class="md"><h3>{text}</h3></div></div>{form}</div></div></body></html>'
)
_FORBIDDEN = (
    '<!DOCTYPE html><html lang="en"><head><title>Reddit</title></head><body><shreddit-app>'
    '<shreddit-forbidden reason="{reason}"><h1>{text}</h1></shreddit-forbidden></shreddit-app>'
    "</body></html>"
)


def captcha() -> Response:
    """Ask for a captcha, with status 200."""
    return _page("Reddit - Prove your humanity", "<h1>Prove your humanity</h1>")


def network_security() -> Response:
    """Refuse the network, in the words of 2025."""
    text = (
        "<h1>You've been blocked by network security.</h1><p>To continue, log in to your Reddit"
        " account or use your developer token.</p>"
    )
    return _page("Reddit", text, status=403)


def welcome() -> Response:
    """Greet a stranger instead of showing anything, with status 200."""
    return _page("Welcome to Reddit", '<h1>Welcome to Reddit</h1><form action="/register"></form>')


def old_log_in() -> Response:
    """Ask for a log-in as old.reddit.com does since July 2026."""
    return _page("Log in to use old Reddit", "<h1>Log in to use old Reddit</h1>")


def adult_gate() -> Response:
    """Ask for the reader's age."""
    form = '<form method="post"><button name="over18" value="yes">yes</button></form>'
    text = "You must be 18+ to view this community"
    html = _INTERSTITIAL.format(word="over 18?", picture="over18", text=text, form=form)
    return Response(200, html.encode(), {}, HTML_TYPE)


def shut(kind: str, status: int, *, is_old: bool) -> Response:
    """Refuse a subreddit: `kind` is private, banned or quarantined."""
    text = f"This community is {kind}"
    if is_old:
        html = _INTERSTITIAL.format(word=kind, picture=kind, text=text, form="")
    else:
        html = _FORBIDDEN.format(reason=kind.upper(), text=text)
    return Response(status, html.encode(), {}, HTML_TYPE)


def failure(status: int) -> Response:
    """Say that something went wrong, as a page."""
    return _page(f"{status}", f"<h1>Ow! -- {status}</h1>", status=status)


def relayout() -> Response:
    """Return a page that has none of the elements we know."""
    cards = "".join(f'<reddit-card key="t3_{n}">new shape</reddit-card>' for n in range(3))
    return _page("Reddit", f"<reddit-river>{cards}</reddit-river>")


def empty_feed() -> Response:
    """Return a part of a feed without cards."""
    return Response(200, b"<faceplate-batch></faceplate-batch>", {}, HTML_TYPE)


def empty_table() -> Response:
    """Return an old page without posts."""
    table = f'<div id="siteTable" class="sitetable linklisting">{NOTHING_OLD}</div>'
    return _page("nothing", f'{table}<div class="footer-parent"></div>')


def no_results() -> Response:
    """Return the search for subreddits, with nothing found."""
    return _page("search results", NOTHING_OLD)


def _page(title: str, content: str, status: int = 200) -> Response:
    html = (
        f'<!DOCTYPE html><html lang="en"><head><title>{title}</title></head>'
        f"<body>{content}{_MADE_UP}</body></html>"
    )
    return Response(status, html.encode(), {}, HTML_TYPE)
