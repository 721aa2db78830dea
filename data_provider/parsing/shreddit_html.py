"""Pure parser of www.reddit.com's pages: feeds, their partials, cards, subreddit facts.

Custom elements carry their data as attributes, the same in every language. Declared shadow roots
are inert here and hold none. A page or partial that was cut is a LayoutChanged, with a sample.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from data_provider.parsing.html_page import (
    WWW,
    attribute,
    markdown,
    missing,
    moment,
    number,
    picture_of,
    post_in_path,
    read_page,
    type_by_target,
    words,
)
from data_provider.parsing.reddit_json import Listing
from data_provider.parsing.reddit_values import (
    author_name,
    body_and_removal,
    count,
    natural,
    ratio,
    relative_permalink,
    web_address,
)
from data_provider.types import Media, Post, Subreddit

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from data_provider.types import PostType

_TYPES: dict[str, PostType] = {
    "text": "text",
    "link": "link",
    "image": "image",
    "gif": "image",
    "video": "video",
    "gallery": "gallery",
    "poll": "poll",
    "crosspost": "crosspost",
}
_FLAIR_IN_SEARCH = re.compile(r'flair_name:"(.*)"', re.DOTALL)
# What betrays posts in a feed, whatever their elements are called.
_SIGNS_OF_POSTS = 'article, [id^="t3_"], a[href*="/comments/"]'
_ADVERTISEMENTS = "shreddit-ad-post, shreddit-post[promoted], shreddit-post.promotedlink"


def cursor_after(post_id: str) -> str:
    """Return the site's cursor for what follows a post."""
    return base64.b64encode(post_id.encode()).decode().rstrip("=")


def post_of_cursor(cursor: str) -> str | None:
    """Return the post after which a cursor goes on, null for one of another kind."""
    try:
        name = base64.b64decode(cursor + "=" * (-len(cursor) % 4), validate=True).decode()
    except (ValueError, binascii.Error):
        return None
    return name if name.startswith("t3_") else None


def parse_feed(body: str | bytes) -> Listing:
    """Return the cards of a subreddit's page; `after` is the cursor of those not yet loaded."""
    page = read_page(body)
    feed = page.css_first("shreddit-feed")
    if feed is None:
        raise missing("feed", body)
    # The column beside the feed comes after it, and so does the promise of more cards.
    if page.css_first("#right-sidebar-container") is None:
        raise missing("end", body)
    return _listing(feed, body)


def parse_partial(body: str | bytes) -> Listing:
    """Return the cards of /svc/shreddit/community-more-posts, none where the listing ends."""
    page = read_page(body)
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    is_cut = text.count("<shreddit-post ") != text.count("</shreddit-post>")
    is_other = page.css_first("shreddit-post, shreddit-feed, faceplate-batch, #feed") is None
    if is_cut or not text.rstrip().endswith(">") or page.css_first("shreddit-app") is not None:
        raise missing("end", body)
    if is_other:
        raise missing("cards", body)
    root = page.root
    if root is None:
        raise missing("cards", body)
    return _listing(root, body)


def with_more_cards(listing: Listing, cards: str) -> Listing:
    """Return a feed with the cards that came while it was scrolled, each once."""
    root = read_page(f"<shreddit-feed>{cards}</shreddit-feed>").css_first("shreddit-feed")
    if root is None:
        return listing
    later = _listing(root, cards)
    posts = {post.id: post for post in (*listing.posts, *later.posts)}
    children = len(posts) + listing.advertisements
    return replace(listing, posts=tuple(posts.values()), children=children)


def parse_subreddit(body: str | bytes) -> Subreddit:
    """Return what the header tells; how many subscribers there are is not told since 2025."""
    page = read_page(body)
    header = page.css_first("shreddit-subreddit-header[name]")
    if header is None:
        raise missing("header of the subreddit", body)
    icon = page.css_first("img.shreddit-subreddit-icon__icon")
    return Subreddit(
        name=attribute(header, "name") or "",
        title=attribute(header, "display-name") or "",
        description=attribute(header, "description") or "",
        subscribers=natural(number(attribute(header, "subscribers"))),
        active_users=natural(number(attribute(header, "active"))),
        icon=web_address(attribute(icon, "src") or ""),
    )


def _listing(root: LexborNode, body: str | bytes) -> Listing:
    advertisements = {node.mem_id for node in root.css(_ADVERTISEMENTS)}
    cards = [node for node in root.css("shreddit-post") if node.mem_id not in advertisements]
    posts = {post.id: post for post in (post_of(node, body) for node in cards)}
    after = _after(root, cards)
    if not cards and (after or _has_posts(root, advertisements)):
        raise missing("posts", body)
    return Listing(
        posts=tuple(posts.values()),
        comments=(),
        more=(),
        subreddits=(),
        advertisements=len(advertisements),
        children=len(cards),
        after=after,
    )


def _has_posts(root: LexborNode, advertisements: set[int]) -> bool:
    """Say whether there is something that looks like a post outside of the advertisements."""
    for node in root.css(_SIGNS_OF_POSTS):
        step: LexborNode | None = node
        while step is not None and step.mem_id not in advertisements:
            step = step.parent
        if step is None:
            return True
    return False


def _after(root: LexborNode, cards: list[LexborNode]) -> str | None:
    loader = root.css_first('faceplate-partial[src*="more-posts"]')
    try:
        query = parse_qs(urlsplit(attribute(loader, "src") or "").query)
    except ValueError:
        query = {}
    told = next(iter(query.get("after", ())), "")
    if not told and cards:
        told = attribute(cards[-1], "more-posts-cursor") or ""
    return told.rstrip("=") or None


def post_of(node: LexborNode, body: str | bytes) -> Post:
    """Return what a card tells. Raises LayoutChanged."""
    name, permalink = attribute(node, "id") or "", attribute(node, "permalink") or ""
    prefixed = attribute(node, "subreddit-prefixed-name") or ""
    subreddit = attribute(node, "subreddit-name") or prefixed.removeprefix("r/")
    created = moment(attribute(node, "created-timestamp"))
    title = attribute(node, "post-title") or words(node.css_first('[slot="title"]'))
    if not (name.startswith("t3_") and permalink and subreddit and title and created):
        raise missing("post as we know it", body)
    permalink = relative_permalink(permalink)
    url = attribute(node, "content-href") or WWW + permalink
    domain = attribute(node, "domain") or ""
    post_type = _post_type(node, domain, url)
    selftext, removed = body_and_removal(markdown(_text(node)))
    is_self = domain.startswith("self.") and post_type != "crosspost"
    origin = post_in_path(url) if post_type == "crosspost" else None
    lock = node.css_first("svg.lock-status:not(.hidden)")
    return Post(
        id=name,
        subreddit=subreddit,
        title=title,
        author=author_name(attribute(node, "author") or ""),
        selftext=selftext,
        url=WWW + permalink if is_self else url,
        permalink=permalink,
        domain=domain,
        score=count(number(attribute(node, "score"))),
        upvote_ratio=ratio(number(attribute(node, "upvote-ratio"))),
        num_comments=natural(number(attribute(node, "comment-count"))),
        flair=_flair(node),
        over_18=attribute(node, "nsfw") is not None,
        spoiler=attribute(node, "spoiler") is not None,
        stickied=attribute(node, "stickied") is not None,
        locked=attribute(node, "locked") is not None or lock is not None,
        is_self=is_self,
        post_type=post_type,
        thumbnail=web_address(attribute(node.css_first('[slot="thumbnail"] img'), "src") or ""),
        media=_media(node, post_type, url),
        crosspost_parent=origin if origin != name else None,
        removed=removed,
        created_at=created,
    )


def _post_type(node: LexborNode, domain: str, url: str) -> PostType:
    if attribute(node, "is-crosspost") is not None:
        return "crosspost"
    if attribute(node, "gallery") is not None:
        return "gallery"
    # "multi_media" is a text with pictures in it, for instance.
    known = _TYPES.get(attribute(node, "post-type") or "")
    return known or type_by_target(domain, url)


def _text(node: LexborNode) -> LexborNode | None:
    return node.css_first('[property="schema:articleBody"], [id$="-post-rtjson-content"]')


def _flair(node: LexborNode) -> str | None:
    """Return the flair: the link that searches for it has its text, its label may have pictures."""
    flair = node.css_first("shreddit-post-flair")
    if flair is None:
        return None
    try:
        query = parse_qs(urlsplit(attribute(flair.css_first("a"), "href") or "").query)
    except ValueError:
        query = {}
    found = _FLAIR_IN_SEARCH.fullmatch(next(iter(query.get("f", ())), ""))
    return (found[1] if found else words(flair.css_first(".flair-content"))) or None


def _media(node: LexborNode, post_type: PostType, url: str) -> tuple[Media, ...]:
    if post_type == "gallery":
        pictures = node.css('gallery-carousel li img:not([role="presentation"])')
        found = {address: picture for picture in pictures if (address := _largest(picture))}
        return tuple(
            Media(
                type="image",
                url=address,
                width=natural(number(attribute(picture, "width"))),
                height=natural(number(attribute(picture, "height"))),
            )
            for address, picture in found.items()
        )
    if post_type == "video":
        player = node.css_first("shreddit-player[src], shreddit-player-2[src]")
        address = web_address(attribute(player, "src") or "")
        return (Media(type="video", url=address),) if address else ()
    return picture_of(url) if post_type == "image" else ()


def _largest(picture: LexborNode) -> str | None:
    """Return the address of the widest form of a picture."""
    told = attribute(picture, "srcset") or attribute(picture, "data-lazy-srcset") or ""
    offered = told.split(",")
    widths = {
        parts[0]: number(parts[1].rstrip("w")) or 0
        for offer in offered
        if len(parts := offer.split()) > 1
    }
    only = attribute(picture, "src") or attribute(picture, "data-lazy-src") or ""
    return web_address(max(widths, key=lambda address: widths[address], default=only))
