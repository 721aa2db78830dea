"""Writes the pages of www.reddit.com: a feed that loads its rest by script, threads, and parts."""

from __future__ import annotations

import base64
import binascii
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from data_provider.sandbox.about import build_subreddit
from data_provider.sandbox.cards import articles, card, comments
from data_provider.sandbox.html import attributes, page, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_provider.sandbox.bodies import Response
    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit, World

Thing = dict[str, Any]

# A page and each of its parts hold so many cards.
CARDS_PER_PAGE = 25
_STYLE = (
    "shreddit-feed, article, shreddit-post, shreddit-comment { display: block; }"
    " article { min-height: 280px; }"
)
_SCRIPT = (Path(__file__).parent / "feed.js").read_text(encoding="utf-8")


def feed_window(params: Mapping[str, str]) -> dict[str, str]:
    """Return the paging parameters of a listing for those of a feed, whose cursor is a name."""
    found = {**params, "limit": str(CARDS_PER_PAGE), "t": params.get("t", "day").lower()}
    if "after" in found:
        found["after"] = _name_of(found["after"])
    return found


def _name_of(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), validate=True).decode()
    except (ValueError, binascii.Error):
        return "t3_unreadable"


def _cursor_of(name: str) -> str:
    return base64.b64encode(name.encode()).decode().rstrip("=")


def render_feed(
    world: World, subreddit: Subreddit, sort: str, request: Request, listing: Thing
) -> Response:
    """Write a subreddit's page with the first cards of its feed."""
    cards, count = _batch(subreddit, sort, request, listing)
    reload = f"{request.prefix}/svc/shreddit/community-more-posts/{sort}/?name={subreddit.name}"
    feed = f"<shreddit-feed {attributes({'reload-url': reload})}>{cards}</shreddit-feed>"
    return _page(world, subreddit, "community", feed, items=count)


def render_more_posts(
    subreddit: Subreddit, sort: str, request: Request, listing: Thing
) -> Response:
    """Write the cards that a feed loads next."""
    cards, count = _batch(subreddit, sort, request, listing)
    return page(cards, items=count)


def render_thread(
    world: World, subreddit: Subreddit, request: Request, post: Thing, tree: list[Thing]
) -> Response:
    """Write a post's page."""
    inside = "".join(comments(tree, post, request.prefix))
    data = {
        "id": "comment-tree",
        "post-id": post["name"],
        "totalcomments": post["num_comments"],
    }
    stats = attributes({"total-comments": post["num_comments"]})
    content = (
        f"{card(post, None)}<shreddit-comment-tree-stats {stats}></shreddit-comment-tree-stats>"
        f"<shreddit-comment-tree {attributes(data)}>{inside}</shreddit-comment-tree>"
    )
    return _page(world, subreddit, "post_detail", content)


def render_more_comments(request: Request, post: Thing, things: list[Thing]) -> Response:
    """Write the comments that a loader brings."""
    return page("".join(comments(things, post, request.prefix)))


def _batch(subreddit: Subreddit, sort: str, request: Request, listing: Thing) -> tuple[str, int]:
    posts = [child["data"] for child in listing["data"]["children"]]
    start = int(request.params.get("feedLength") or 0)
    after = listing["data"]["after"]
    cursor = _cursor_of(after) if after else None
    is_silent = subreddit.special is not None and subreddit.special.is_silent
    cards = articles(posts, start, None if is_silent else cursor)
    loader = ""
    if cursor:
        query = {
            "after": cursor + "=" * (-len(cursor) % 4),
            "t": request.params.get("t", "day").upper(),
            "name": subreddit.name,
            "feedLength": start + len(posts),
        }
        address = f"{request.prefix}/svc/shreddit/community-more-posts/{sort}/?{urlencode(query)}"
        data = {
            "slot": "load-after",
            "id": f"partial-more-posts-{cursor}",
            "loading": "programmatic",
            "data-src" if is_silent else "src": address,
            "method": "GET",
        }
        loader = f"<faceplate-partial {attributes(data)}></faceplate-partial>"
    return f"<faceplate-batch>{cards}</faceplate-batch>{loader}", len(posts)


def _page(world: World, subreddit: Subreddit, kind: str, content: str, items: int = 0) -> Response:
    about = build_subreddit(world, subreddit, is_listed=False)
    icon = escape(about["community_icon"])
    header = attributes(
        {
            "name": subreddit.name,
            "subreddit-id": subreddit.fullname,
            "display-name": about["title"],
            "prefixed-name": f"r/{subreddit.name}",
            "description": about["public_description"],
            "weekly-active-users": about["active_user_count"] * 7,
            "weekly-contributions": about["active_user_count"],
        }
    )
    html = (
        f'<!DOCTYPE html><html lang="en"><head><title>{text(about["title"])}</title>'
        f"<style>{_STYLE}</style></head>"
        f'<body><shreddit-app pagetype="{kind}" devicetype="desktop">'
        f"<shreddit-subreddit-header {header}></shreddit-subreddit-header>"
        f'<img class="shreddit-subreddit-icon__icon" alt="" width="1" data-src="{icon}">'
        f'<main id="main-content">{content}</main><div id="right-sidebar-container"></div>'
        f"</shreddit-app><script>{_SCRIPT}</script></body></html>"
    )
    return page(html, items=items)
