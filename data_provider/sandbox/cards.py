"""Writes posts and comments as the custom elements of www.reddit.com's pages of 2026."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from data_provider.sandbox.html import attributes, iso_with_fraction, text
from data_provider.sandbox.text import mark_comment_html

if TYPE_CHECKING:
    from collections.abc import Iterator

Thing = dict[str, Any]

_PREFIX = "commenttree:"


def card(post: Thing, place: int | None, cursor: str | None = None) -> str:
    """Write a post: in the feed with its place there, without one on its own page."""
    is_in_feed = place is not None
    data: dict[str, Any] = {
        "data-ks-item": is_in_feed,
        "class": "block relative cursor-pointer",
        "permalink": post["permalink"],
        "content-href": post["url"],
        "view-context": "SubredditFeed" if is_in_feed else "CommentsPage",
        "comment-count": post["num_comments"],
        "view-type": "cardView" if is_in_feed else None,
        # Servers write it so; in a browser's DOM all names are lower case.
        "feedIndex": place,
        "more-posts-cursor": cursor,
        "award-count": 0,
        "moderation-verdict": "",
        "is-embeddable": True,
        "is-desktop-viewport": True,
        "is-awardable": True,
        "is-crosspost": bool(post.get("crosspost_parent")),
        "gallery": bool(post.get("is_gallery")),
        "nsfw": post["over_18"],
        "spoiler": post["spoiler"],
        "stickied": post["stickied"],
        "created-timestamp": iso_with_fraction(post["created_utc"]),
        "domain": post["domain"],
        "id": post["name"],
        "post-title": post["title"],
        "post-language": "en",
        "post-type": _kind(post),
        "score": None if post["hide_score"] else post["score"],
        # The page of a post has had none.
        "upvote-ratio": post["upvote_ratio"] if is_in_feed else None,
        "subreddit-id": post["subreddit_id"],
        "subreddit-prefixed-name": "r/" + post["subreddit"],
        "author-id": post.get("author_fullname"),
        "author": post["author"],
        "subreddit-name": post["subreddit"],
        "item-state": "UNMODERATED",
    }
    inside = _title(post) + _icons(post) + _flair(post) + _picture(post) + _text(post)
    return f"<shreddit-post {attributes(data)}>{inside}</shreddit-post>"


def articles(posts: list[Thing], start: int, cursor: str | None) -> str:
    """Write posts as the feed holds them, an advertisement among them."""
    parts = []
    for place, post in enumerate(posts, start):
        parts.append(
            f'<article class="w-full m-0" data-post-id="{post["name"]}">'
            f"{card(post, place, cursor)}</article><hr>"
        )
    if parts:
        parts.insert(
            1, '<shreddit-ad-post class="promotedlink block relative">Buy</shreddit-ad-post>'
        )
    return "".join(parts)


def _kind(post: Thing) -> str:
    is_picture = post.get("post_hint") == "image"
    known = (
        ("crosspost", post.get("crosspost_parent")),
        ("poll", post.get("poll_data")),
        ("gallery", post.get("is_gallery")),
        ("video", post["is_video"]),
        ("text", post["is_self"]),
        ("gif", is_picture and post["url"].endswith(".gif")),
        ("image", is_picture),
    )
    return next((kind for kind, is_it in known if is_it), "link")


def _title(post: Thing) -> str:
    name = attributes({"slot": "title", "id": f"post-title-{post['name']}", "href": post["url"]})
    return f"<a {name}>{text(post['title'])}</a>"


def _icons(post: Thing) -> str:
    states = (("lock-status", post["locked"]), ("stickied-status", post["stickied"]))
    icons = "".join(
        f'<svg class="{"" if is_on else "hidden "}{name}"></svg>' for name, is_on in states
    )
    return (
        f'<shreddit-status-icons class="nd:visible" thing-id="{post["name"]}">{icons}'
        "</shreddit-status-icons>"
    )


def _flair(post: Thing) -> str:
    words, label = post["link_flair_text"], ""
    if words:
        query = urlencode({"f": f'flair_name:"{words}"'})
        link = attributes({"href": f"/r/{post['subreddit']}/?{query}"})
        label = f'<a {link}><span><div class="flair-content">{text(words)}</div></span></a>'
    name = attributes({"slot": "post-flair", "post-id": post["name"]})
    return f"<shreddit-post-flair {name}>{label}</shreddit-post-flair>"


def _picture(post: Thing) -> str:
    kind = _kind(post)
    if kind == "gallery":
        return (
            f'<gallery-carousel post-id="{post["name"]}"><ul>{_pages(post)}</ul></gallery-carousel>'
        )
    if kind == "video" and post["media"]:
        source = attributes({"src": post["media"]["reddit_video"]["hls_url"], "post-type": "video"})
        return f"<shreddit-player {source}></shreddit-player>"
    if kind == "link" and (post["thumbnail"] or "").startswith("http"):
        source = attributes({"src": post["thumbnail"], "loading": "lazy"})
        return f'<div data-testid="post-thumbnail" slot="thumbnail"><img {source}></div>'
    return ""


def _pages(post: Thing) -> str:
    known = post.get("media_metadata") or {}
    order = (post.get("gallery_data") or {}).get("items", ())
    sources = [known.get(item["media_id"], {}).get("s") for item in order]
    return "".join(
        f'<li slot="page-{number}"><img {_source(source)}></li>'
        for number, source in enumerate(filter(None, sources), 1)
    )


def _source(source: Thing) -> str:
    offered = f"{source['u']} {source['x']}w"
    size = {"width": source["x"], "height": source["y"]}
    return attributes({"class": "media-lightbox-img", "srcset": offered, **size})


def _text(post: Thing) -> str:
    if not post["selftext"]:
        return ""
    content = mark_comment_html(post["selftext"]).replace('<div class="md">', "<div>")
    about = attributes(
        {
            "id": f"{post['name']}-post-rtjson-content",
            "class": "md feed-card-text-preview",
            "about": post["name"],
            "property": "schema:articleBody",
            "dir": "auto",
        }
    )
    name = attributes({"slot": "text-body", "post-id": post["name"]})
    return f"<shreddit-post-text-body {name}><div {about}>{content}</div></shreddit-post-text-body>"


def comments(things: list[Thing], post: Thing, base: str) -> Iterator[str]:
    """Yield comments with what answers them inside, and loaders for those left out.

    A flat list, as loaders bring it, has no answers inside.
    """
    for place, thing in enumerate(things):
        data = thing["data"]
        slot = f"children-{data['parent_id']}-{place}" if data["depth"] else None
        if thing["kind"] == "more":
            yield _loader(data, post, base, slot)
        else:
            yield _comment(data, post, base, slot)


def _comment(comment: Thing, post: Thing, base: str, slot: str | None) -> str:
    replies = comment["replies"]
    inside = "".join(comments(replies["data"]["children"], post, base)) if replies else ""
    is_gone = comment["body"] in ("[deleted]", "[removed]")
    answered = comment["parent_id"]
    data = {
        "author": comment["author"],
        "thingid": comment["name"],
        "depth": comment["depth"],
        "parentid": answered if answered.startswith("t1_") else None,
        "permalink": None if is_gone else comment["permalink"],
        "score": None if is_gone or comment["score_hidden"] else comment["score"],
        "postid": None if is_gone else post["name"],
        "content-type": None if is_gone else "text",
        "created": iso_with_fraction(comment["created_utc"]),
        "is-comment-deleted": is_gone,
        "is-author-deleted": comment["author"] == "[deleted]",
        "slot": slot,
        "arialabel": f"Comment from {comment['author']}",
        "award-count": 0,
    }
    said = mark_comment_html(comment["body"]).replace('<div class="md">', "<div>")
    body = (
        f'<div class="md" id="{comment["name"]}-comment-rtjson-content" slot="comment">{said}</div>'
    )
    if is_gone:
        body = '<div class="md"><p>Comment deleted by user</p></div>'
    return f"<shreddit-comment {attributes(data)}>{body}{inside}</shreddit-comment>"


def _loader(stub: Thing, post: Thing, base: str, slot: str | None) -> str:
    """Write what loads comments left out: by their names, or by the name of what they answer."""
    children = stub["children"]
    names = ",".join(f"t1_{child}" for child in children) or stub["parent_id"]
    token = f"{_PREFIX}{'ex' if children else 'd1'}:{names}"
    cursor = base64.b64encode(token.encode()).decode()
    address = (
        f"{base}/svc/shreddit/more-comments/{post['subreddit']}/{post['name']}"
        f"?sort=CONFIDENCE&startingDepth={stub['depth']}"
    )
    data = {"loading": "action", "src": address, "method": "post", "slot": slot}
    hidden = attributes({"type": "hidden", "name": "cursor", "value": cursor})
    return f"<faceplate-partial {attributes(data)}><input {hidden}></faceplate-partial>"


def read_cursor(cursor: str) -> tuple[str, list[str]]:
    """Return the kind of a loader's cursor and the ids in it. Raises ValueError."""
    told = base64.b64decode(cursor, validate=True).decode()
    kind, _, names = told.removeprefix(_PREFIX).partition(":")
    return kind, [name.removeprefix("t1_") for name in names.split(",") if name]
