"""Writes listings and threads as old.reddit.com does, with its elements, classes and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from data_provider.sandbox.about import build_subreddit
from data_provider.sandbox.html import attributes, iso, page, text
from data_provider.sandbox.text import mark_comment_html
from data_provider.sandbox.walls import NOTHING_OLD

if TYPE_CHECKING:
    from data_provider.sandbox.bodies import Response
    from data_provider.sandbox.requests import Request
    from data_provider.sandbox.world import Subreddit, World

Thing = dict[str, Any]

_END = (
    '<div class="footer-parent"><div class="footer rounded"></div>'
    '<p class="bottommenu">simulated</p></div><p class="bottommenu debuginfo"></p></body></html>'
)
# Three posts are followed by an advertisement, which nobody wants.
_ADVERTISEMENT_AFTER = 3
_ADVERTISEMENT = (
    '<div class=" thing id-t3_adv{n} odd  link  promoted promotedlink" id="thing_t3_adv{n}"'
    ' data-fullname="t3_adv{n}" data-type="link" data-promoted="true" data-context="listing"'
    '><div class="entry unvoted"><a class="title" href="/">Buy</a></div></div>'
)


def render_listing(
    world: World, subreddit: Subreddit, sort: str, request: Request, listing: Thing
) -> Response:
    """Write one page of a listing."""
    posts = [child["data"] for child in listing["data"]["children"]]
    things = [_link(post, rank, "listing") for rank, post in enumerate(posts, 1)]
    if len(things) > _ADVERTISEMENT_AFTER:
        things.insert(_ADVERTISEMENT_AFTER, _ADVERTISEMENT.format(n=posts[0]["id"]))
    after, navigation = listing["data"]["after"], ""
    if after:
        more = {key: value for key, value in request.params.items() if key in ("limit", "t")}
        count = int(request.params.get("count") or 0) + len(posts)
        query = urlencode({**more, "count": count, "after": after})
        address = f"http://{request.host}{request.prefix}/r/{subreddit.name}/{sort}/?{query}"
        link = f"<a {attributes({'href': address, 'rel': 'nofollow next'})}>next</a>"
        navigation = f'<span class="nextprev">view more: <span class="next-button">{link}</span>'
    empty = "" if posts else NOTHING_OLD
    table = f'<div id="siteTable" class="sitetable linklisting">{"".join(things)}{empty}'
    body = f'{table}<div class="nav-buttons">{navigation}</div></div>'
    return _page(world, subreddit, "listing-page", body, items=len(posts))


def render_thread(world: World, subreddit: Subreddit, post: Thing, tree: list[Thing]) -> Response:
    """Write a post with its comments, nested as they answer."""
    table = (
        f'<div id="siteTable" class="sitetable linklisting">{_link(post, None, "comments")}</div>'
    )
    comments = _comments(tree, post) or NOTHING_OLD
    area = (
        f'<div class="commentarea"><div id="siteTable_{post["name"]}" class="sitetable'
        f' nestedlisting">{comments}</div></div>'
    )
    percent = round(post["upvote_ratio"] * 100)
    info = (
        f'<div class="linkinfo"><div class="date"><time datetime="{iso(post["created_utc"])}">then'
        f'</time></div><div class="score"><span class="number">{post["score"]:,}</span>'
        f' <span class="word">points</span> ({percent}% upvoted)</div></div>'
    )
    return _page(world, subreddit, "single-page comments-page", info + table + area)


def _page(world: World, subreddit: Subreddit, kind: str, content: str, items: int = 0) -> Response:
    about = build_subreddit(world, subreddit, is_listed=False)
    description = attributes({"name": "description", "content": about["public_description"]})
    box = (
        '<div class="titlebox"><h1 class="hover redditname"><a'
        f' href="/r/{subreddit.name}/" class="hover">{subreddit.name}</a></h1>'
        f'<span class="subscribers"><span class="number">{about["subscribers"]:,}</span>'
        ' <span class="word">readers</span></span><p class="users-online"><span class="number">'
        f'{about["active_user_count"]:,}</span></p><div class="bottom"><span class="age">'
        f'a community for <time datetime="{iso(about["created_utc"])}">years</time></span></div>'
        "</div>"
    )
    head = f"<head><title>{text(about['title'])}</title><meta {description}></head>"
    html = (
        f'<!doctype html><html lang="en">{head}<body class="{kind}"><div class="side">{box}</div>'
        f'<div class="content" role="main">{content}</div>{_END}'
    )
    return page(html, items=items)


def _link(post: Thing, rank: int | None, context: str) -> str:
    is_gone, is_crosspost = post["author"] == "[deleted]", bool(post.get("crosspost_parent"))
    found = ["thing", f"id-{post['name']}", "linkflair" if post["link_flair_text"] else "", "link"]
    found += [name for name in ("stickied", "locked", "spoiler") if post[name]]
    found += ["self"] if post["is_self"] else []
    is_hidden = post["hide_score"]
    data: dict[str, Any] = {
        "class": " " + " ".join(filter(None, found)),
        "id": f"thing_{post['name']}",
        "data-fullname": post["name"],
        "data-type": "link",
        "data-is-gallery": _flag(post.get("is_gallery")),
        "data-author": None if is_gone else post["author"],
        "data-author-fullname": post.get("author_fullname"),
        "data-subreddit": post["subreddit"],
        "data-subreddit-prefixed": "r/" + post["subreddit"],
        "data-subreddit-fullname": post["subreddit_id"],
        "data-subreddit-type": "public",
        "data-timestamp": int(post["created_utc"]) * 1000,
        "data-url": post["permalink"] if post["is_self"] else post["url"],
        "data-permalink": post["permalink"],
        "data-domain": post["domain"],
        "data-rank": rank or "",
        "data-comments-count": post["num_comments"],
        "data-score": None if is_hidden else post["score"],
        "data-promoted": "false",
        "data-nsfw": _flag(post["over_18"]),
        "data-spoiler": _flag(post["spoiler"]),
        "data-oc": "false",
        "data-num-crossposts": post["num_crossposts"],
        "data-crosspost-root-subreddit": "elsewhere" if is_crosspost else None,
        "data-kind": "video" if post["is_video"] and not is_crosspost else None,
        "data-context": context,
    }
    score = None if is_hidden else post["score"]
    votes = f"<div {attributes({'class': 'score unvoted', 'title': score})}>{_short(score)}</div>"
    return (
        f'<div {attributes(data)}><p class="parent"></p><span class="rank">{rank or ""}</span>'
        f'<div class="midcol unvoted">{votes}</div>{_thumbnail(post)}<div class="entry unvoted">'
        f'<div class="top-matter">{_heading(post)}{_tagline(post, is_gone=is_gone)}</div>'
        f'{_expando(post, context)}</div><div class="child"></div></div>'
        '<div class="clearleft"></div>'
    )


def _flag(value: Any) -> str:
    return "true" if value else "false"


def _short(score: int | None) -> str:
    """Write a score as people see it: nobody should read this one."""
    if score is None:
        return "&bull;"
    return str(score) if score < 10_000 else f"{score / 1000:.1f}k"  # noqa: PLR2004


def _thumbnail(post: Thing) -> str:
    address = post["thumbnail"] or ""
    if not address.startswith("http"):
        return f'<a class="thumbnail {address} may-blank"></a>'
    source = attributes({"src": address.removeprefix("https:"), "width": 70, "height": 55})
    return f'<a class="thumbnail may-blank outbound"><img {source}></a>'


def _heading(post: Thing) -> str:
    flair, label = post["link_flair_text"], ""
    if flair:
        label = attributes({"class": "linkflairlabel ", "title": flair})
        label = f"<span {label}>{text(flair)}</span>"
    title = attributes({"class": "title may-blank ", "href": post["url"]})
    domain = f'<span class="domain">(<a href="/domain/x/">{text(post["domain"])}</a>)</span>'
    return f'<p class="title">{label}<a {title}>{text(post["title"])}</a> {domain}</p>'


def _tagline(thing: Thing, *, is_gone: bool) -> str:
    author = f'<a class="author may-blank">{thing["author"]}</a>'
    edited = thing["edited"]
    mark = ""
    if edited and edited is not True:
        mark = f'<time class="edited-timestamp" datetime="{iso(edited)}">*</time>'
    return (
        f'<p class="tagline ">submitted <time datetime="{iso(thing["created_utc"])}"'
        f' class="live-timestamp">then</time>{mark} by {"[deleted]" if is_gone else author}</p>'
    )


def _expando(post: Thing, context: str) -> str:
    """A listing loads texts on demand only; the post's own page has them."""
    if context == "listing" or not post["selftext"]:
        return (
            '<div class="expando expando-uninitialized"><span class="error">loading...</span></div>'
        )
    return (
        '<div class="expando"><form class="usertext"><div class="usertext-body may-blank-within'
        f' md-container ">{mark_comment_html(post["selftext"])}</div></form></div>'
    )


def _comments(things: list[Thing], post: Thing) -> str:
    return "".join(
        _comment(thing["data"], post) if thing["kind"] == "t1" else _stub(thing["data"], post)
        for thing in things
    )


def _comment(comment: Thing, post: Thing) -> str:
    replies = comment["replies"]
    inside = _comments(replies["data"]["children"], post) if replies else ""
    if inside:
        inside = f'<div id="siteTable_{comment["name"]}" class="sitetable listing">{inside}</div>'
    is_gone = comment["author"] == "[deleted]"
    is_deleted = comment["body"] in ("[deleted]", "[removed]")
    states = {
        "stickied": comment["stickied"],
        "score-hidden": comment["score_hidden"],
        "deleted": is_deleted,
    }
    found = ["thing", *(name for name, is_on in states.items() if is_on), "noncollapsed", "comment"]
    data = {
        # One that is gone has lost its name and keeps its address.
        "class": " " + " ".join(found) + " ",
        "id": None if is_deleted else f"thing_{comment['name']}",
        "data-fullname": None if is_deleted else comment["name"],
        "data-type": None if is_deleted else "comment",
        "data-subreddit": comment["subreddit"],
        "data-author": None if is_gone else comment["author"],
        "data-author-fullname": comment.get("author_fullname"),
        "data-replies": "0",
        "data-permalink": comment["permalink"],
    }
    return (
        f'<div {attributes(data)}><div class="entry unvoted">{_signed(comment, is_gone=is_gone)}'
        '<form class="usertext"><div class="usertext-body may-blank-within md-container ">'
        f'{mark_comment_html(comment["body"])}</div></form></div><div class="child">{inside}</div>'
        '<div class="clearleft"></div></div>'
    )


def _signed(comment: Thing, *, is_gone: bool) -> str:
    titles = ["author"]
    titles += ["submitter"] if comment["is_submitter"] else []
    titles += [comment["distinguished"]] if comment["distinguished"] else []
    name = f'<a class="{" ".join(titles)} may-blank">{comment["author"]}</a>'
    score = (
        f'<span class="score unvoted" title="{comment["score"]}">{comment["score"]} points</span>'
    )
    if comment["score_hidden"]:
        score = '<span class="score-hidden">[score hidden]</span>'
    edited = comment["edited"]
    mark = ""
    if edited and edited is not True:
        mark = f'<time class="edited-timestamp" datetime="{iso(edited)}">*</time>'
    return (
        f'<p class="tagline">{"<em>[deleted]</em>" if is_gone else name} {score} <time'
        f' datetime="{iso(comment["created_utc"])}" class="live-timestamp">then</time>{mark}</p>'
    )


def _stub(stub: Thing, post: Thing) -> str:
    if not stub["children"]:
        address = f"{post['permalink']}{stub['parent_id'].removeprefix('t1_')}/"
        return f'<span class="deepthread"><a href="{address}">continue this thread</a></span>'
    token = "c1:" + ",".join("t1_" + child for child in stub["children"])
    call = f"return morechildren(this, '{post['name']}', 'confidence', '{token}', 'False')"
    button = attributes({"class": "button", "href": "javascript:void(0)", "onclick": call})
    return (
        f'<div class=" thing id-{stub["name"]} noncollapsed   morechildren "'
        f' data-fullname="{stub["name"]}" data-type="morechildren"><div class="entry unvoted">'
        f'<span class="morecomments"><a {button}>load more comments<span class="gray">'
        f"&nbsp;({stub['count']} replies)</span></a></span></div></div>"
    )
