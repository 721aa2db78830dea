"""Pure parser of old.reddit.com's pages: listings, threads, subreddit facts.

Reads data-* attributes, which are exact and the same in every language. A page without its
footer was cut. Raises LayoutChanged, with a sample, for what is not the page that we know.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from data_provider.parsing.html_page import (
    WWW,
    attribute,
    child_with,
    children,
    classes,
    digits,
    markdown,
    missing,
    moment,
    number,
    picture_address,
    picture_of,
    post_in_path,
    read_page,
    type_by_target,
    words,
)
from data_provider.parsing.reddit_json import Listing, MoreStub, Thread
from data_provider.parsing.reddit_values import (
    author_name,
    body_and_removal,
    count,
    natural,
    ratio,
    relative_permalink,
)
from data_provider.types import Comment, Post, Subreddit

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from data_provider.types import PostType

# The ids in the call behind "load more comments", whose third argument is 'c1:t1_a,t1_b'.
_HIDDEN = re.compile(r"t1_([0-9a-z]+)", re.ASCII)
_CALL_ARGUMENTS = re.compile(r"'([^']*)'")
_IDS_ARGUMENT = 2
# What an empty list of posts or comments shows: one without it has something that we do not know.
_NOTHING = "#noresults"
_PERCENT = re.compile(r"(\d{1,3})\s?%")
_OFFICIAL = ("moderator", "admin")


def parse_listing(body: str | bytes) -> Listing:
    """Return one page of a listing; `after` is where the next one starts."""
    page = _whole(body)
    table = page.css_first("#siteTable")
    links = [node for node in children(table) if {"thing", "link"} <= classes(node)]
    if not links and page.css_first(_NOTHING) is None:
        raise missing("posts" if table is not None else "list of posts", body)
    posts = tuple(_post(node, body) for node in links if not _is_advertisement(node))
    return Listing(
        posts=posts,
        comments=(),
        more=(),
        subreddits=(),
        advertisements=len(links) - len(posts),
        children=len(links),
        after=_after(page),
    )


def parse_thread(body: str | bytes) -> Thread:
    """Return a post with the comments on its page, depth first."""
    page = _whole(body)
    link = page.css_first("#siteTable div.thing.link")
    area = page.css_first("div.commentarea")
    if link is None or area is None:
        raise missing("post and comments", body)
    post = _post(link, body)
    percent = _PERCENT.search(words(page.css_first("div.linkinfo div.score")))
    share = ratio(int(percent[1]) / 100) if percent else None
    post = post.model_copy(update={"upvote_ratio": share})
    comments: list[Comment] = []
    more: list[MoreStub] = []
    for node in area.css("div.thing"):
        found = classes(node)
        if "morechildren" in found:
            more.append(_stub(node, post.id))
        elif "comment" in found:
            comments.append(_comment(node, post, body))
    deeper = area.css("span.deepthread a")
    more += [MoreStub(_parent(node, post.id)[0], (), 0) for node in deeper]
    is_promised = bool(more or post.num_comments)
    if is_promised and not comments and area.css_first(_NOTHING) is None:
        raise missing("comments", body)
    return Thread(post, tuple(comments), tuple(more))


def parse_subreddit(body: str | bytes) -> Subreddit:
    """Return what the column beside a listing tells."""
    page = _whole(body)
    box = page.css_first("div.side div.titlebox")
    name = words(page.css_first("div.titlebox h1.redditname"))
    if box is None or not name:
        raise missing("description of the subreddit", body)
    about = page.css_first('meta[name="description"]')
    # Over a thread, title and description are those of the post.
    is_own = page.css_first("body.listing-page") is not None
    return Subreddit(
        name=name,
        title=words(page.css_first("head title")) if is_own else "",
        description=(attribute(about, "content") or "") if is_own else "",
        subscribers=digits(words(box.css_first("span.subscribers span.number"))),
        created_at=moment(attribute(box.css_first("span.age time"), "datetime")),
        subreddit_type=attribute(page.css_first("div.thing"), "data-subreddit-type") or None,
        active_users=digits(words(box.css_first("p.users-online span.number"))),
    )


def _whole(body: str | bytes) -> LexborHTMLParser:
    page = read_page(body)
    if page.css_first("div.footer-parent") is None:
        raise missing("end", body)
    return page


def _after(page: LexborHTMLParser) -> str | None:
    link = page.css_first('span.next-button a[rel~="next"], span.nextprev a[rel~="next"]')
    try:
        query = parse_qs(urlsplit(attribute(link, "href") or "").query)
    except ValueError:
        return None
    return next(iter(query.get("after", ())), None)


def _is_advertisement(node: LexborNode) -> bool:
    is_paid = attribute(node, "data-promoted") == "true"
    return is_paid or bool(classes(node) & {"promoted", "promotedlink"})


def _post(node: LexborNode, body: str | bytes) -> Post:
    entry = child_with(node, "class", "entry") or node
    permalink = _permalink(node, entry)
    title = entry.css_first("a.title")
    name = attribute(node, "data-fullname") or ""
    created = _created(node, entry)
    if not name.startswith("t3_") or title is None or not permalink or created is None:
        raise missing("post as we know it", body)
    words_of_class = classes(node)
    domain = attribute(node, "data-domain") or words(entry.css_first("span.domain a"))
    url = attribute(node, "data-url") or attribute(title, "href") or permalink
    is_self = domain.startswith("self.")
    post_type = _post_type(node, domain, url)
    selftext, removed = body_and_removal(markdown(entry.css_first("div.expando div.md")))
    return Post(
        id=name,
        subreddit=attribute(node, "data-subreddit") or permalink.split("/")[2],
        title=title.text().strip(),
        author=author_name(attribute(node, "data-author") or words(entry.css_first("a.author"))),
        selftext=selftext,
        url=WWW + permalink if is_self else url,
        permalink=permalink,
        domain=domain,
        score=_score(node),
        num_comments=natural(number(attribute(node, "data-comments-count"))),
        flair=_flair(entry),
        over_18=attribute(node, "data-nsfw") == "true" or "over18" in words_of_class,
        spoiler=attribute(node, "data-spoiler") == "true",
        stickied="stickied" in words_of_class,
        locked="locked" in words_of_class or entry.css_first("span.locked-tagline") is not None,
        is_self=is_self,
        post_type=post_type,
        thumbnail=picture_address(attribute(node.css_first("a.thumbnail img"), "src")),
        media=picture_of(url) if post_type == "image" else (),
        crosspost_parent=post_in_path(url) if post_type == "crosspost" else None,
        removed=removed,
        edited_at=_edited(entry),
        created_at=created,
    )


def _permalink(node: LexborNode, entry: LexborNode) -> str:
    known = attribute(node, "data-permalink") or attribute(entry.css_first("a.comments"), "href")
    path = relative_permalink(known or "")
    return path if path.startswith("/r/") else ""


def _created(node: LexborNode, entry: LexborNode) -> datetime | None:
    milliseconds = natural((number(attribute(node, "data-timestamp")) or -1) // 1000)
    if milliseconds is not None:
        return datetime.fromtimestamp(milliseconds, UTC)
    return moment(attribute(entry.css_first("p.tagline time[datetime]"), "datetime"))


def _score(node: LexborNode) -> int | None:
    exact = number(attribute(node, "data-score"))
    if exact is None:
        exact = number(attribute(node.css_first("div.score.unvoted"), "title"))
    return count(exact)


def _flair(entry: LexborNode) -> str | None:
    label = entry.css_first("span.linkflairlabel")
    return (attribute(label, "title") or words(label)).strip() or None


def _post_type(node: LexborNode, domain: str, url: str) -> PostType:
    if attribute(node, "data-crosspost-root-subreddit") is not None:
        return "crosspost"
    if attribute(node, "data-is-gallery") == "true":
        return "gallery"
    if attribute(node, "data-kind") == "video":
        return "video"
    return type_by_target(domain, url)


def _comment(node: LexborNode, post: Post, body: str | bytes) -> Comment:
    entry = child_with(node, "class", "entry") or node
    tagline = entry.css_first("p.tagline") or entry
    permalink = (attribute(node, "data-permalink") or "").rstrip("/")
    # A comment that is gone has lost its own name, and still has its address.
    name = attribute(node, "data-fullname") or f"t1_{permalink.rpartition('/')[2]}"
    created = moment(attribute(tagline.css_first("time[datetime]"), "datetime"))
    if name == "t1_" or created is None:
        raise missing("comment as we know it", body)
    found = classes(node)
    author = tagline.css_first("a.author")
    text, removed = body_and_removal(markdown(entry.css_first("div.usertext-body div.md")))
    if removed is None and "deleted" in found:
        text, removed = "", "deleted"
    parent, depth = _parent(node, post.id)
    titles = classes(author) if author is not None else frozenset[str]()
    return Comment(
        id=name,
        post_id=post.id,
        parent_id=parent,
        depth=depth,
        author=author_name(attribute(node, "data-author") or words(author)),
        body=text,
        score=count(number(attribute(tagline.css_first("span.score.unvoted"), "title"))),
        is_submitter="submitter" in titles,
        stickied="stickied" in found,
        distinguished=next((word for word in _OFFICIAL if word in titles), None),
        removed=removed,
        edited_at=_edited(entry),
        created_at=created,
    )


def _edited(entry: LexborNode) -> datetime | None:
    return moment(attribute(entry.css_first("p.tagline time.edited-timestamp"), "datetime"))


def _parent(node: LexborNode, post_id: str) -> tuple[str, int]:
    """Return what a comment answers, and its depth: comments are nested as they answer."""
    above: list[LexborNode] = []
    step = node.parent
    while step is not None:
        if {"thing", "comment"} <= classes(step):
            above.append(step)
        step = step.parent
    if not above:
        return post_id, 0
    permalink = (attribute(above[0], "data-permalink") or "").rstrip("/")
    name = attribute(above[0], "data-fullname") or f"t1_{permalink.rpartition('/')[2]}"
    return name, len(above)


def _stub(node: LexborNode, post_id: str) -> MoreStub:
    button = node.css_first("span.morecomments a")
    arguments = _CALL_ARGUMENTS.findall(attribute(button, "onclick") or "")
    token = arguments[_IDS_ARGUMENT] if len(arguments) > _IDS_ARGUMENT else ""
    # A token of depth ("d1:t1_a") names the comment that is answered, all others the answers.
    hidden = () if token.startswith("d") else tuple(_HIDDEN.findall(token))
    said = digits(words(button.css_first("span.gray"))) if button is not None else None
    return MoreStub(_parent(node, post_id)[0], hidden, max(said or 0, len(hidden)))
