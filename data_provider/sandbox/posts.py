"""Writes one post (t3) in Reddit's dialect of 2026, without html escaping (rendering does that)."""

from __future__ import annotations

from typing import Any

from data_provider.sandbox import facts, media, oddities
from data_provider.sandbox.dice import Dice, mix, to_base36
from data_provider.sandbox.text import author_of, slug_of
from data_provider.sandbox.world import Subreddit, World, post_id

Thing = dict[str, Any]

# What a visitor without an account sees the same in every post (recorded listings of 2020-2026).
_TEMPLATE: Thing = {
    "approved_at_utc": None, "user_reports": [], "saved": False, "mod_reason_title": None,
    "gilded": 0, "clicked": False, "hidden": False, "pwls": 6, "link_flair_css_class": None,
    "downs": 0, "top_awarded_type": None, "hide_score": False, "quarantine": False,
    "link_flair_text_color": "dark", "author_flair_background_color": None,
    "subreddit_type": "public", "total_awards_received": 0, "media_embed": {},
    "author_flair_template_id": None, "is_original_content": False, "secure_media": None,
    "is_reddit_media_domain": False, "is_meta": False, "category": None, "secure_media_embed": {},
    "link_flair_text": None, "can_mod_post": False, "approved_by": None,
    "is_created_from_ads_ui": False, "author_premium": False, "thumbnail": "self",
    "thumbnail_height": None, "thumbnail_width": None, "edited": False,
    "author_flair_css_class": None, "author_flair_richtext": [], "gildings": {},
    "content_categories": None, "is_self": True, "mod_note": None, "link_flair_type": "text",
    "wls": 6, "removed_by_category": None, "banned_by": None, "author_flair_type": "text",
    "allow_live_comments": False, "selftext": "", "selftext_html": None, "likes": None,
    "suggested_sort": None, "banned_at_utc": None, "view_count": None, "archived": False,
    "no_follow": False, "is_crosspostable": False, "pinned": False, "over_18": False,
    "all_awardings": [], "awarders": [], "media_only": False, "can_gild": False,
    "spoiler": False, "locked": False, "author_flair_text": None, "treatment_tags": [],
    "visited": False, "removed_by": None, "num_reports": None, "distinguished": None,
    "author_is_blocked": False, "mod_reason_by": None, "removal_reason": None,
    "link_flair_background_color": "", "is_robot_indexable": True, "report_reasons": None,
    "discussion_type": None, "send_replies": True, "contest_mode": False, "mod_reports": [],
    "author_patreon_flair": False, "author_flair_text_color": None, "media": None,
    "is_video": False, "stickied": False, "num_crossposts": 0, "link_flair_richtext": [],
    "whitelist_status": "all_ads", "parent_whitelist_status": "all_ads",
}  # fmt: skip

# Reddit closes threads for new comments after half a year.
ARCHIVED_AFTER_SECONDS = 180 * 86_400
_FLAIR_COLOURS = ("", "#46d160", "#ea0027", "#0079d3", "#ffd635")


def build_post(world: World, subreddit: Subreddit, index: int) -> Thing:
    """Write the post at an index; the same at any time and from any route."""
    post = _build_plain(world, subreddit, index)
    if not media.dress(post, subreddit, facts.shape_dice(world, subreddit, index)):
        _make_crosspost(post, world, subreddit, index)
    special = subreddit.special
    if special is not None and special.is_odd:
        oddities.make_odd(post, index)
    elif special is not None and special.has_lone_surrogates:
        post["title"] = f"{oddities.SURROGATE_MARK} {post['title']}"
    else:
        throw = mix(world.key(subreddit, index) ^ 0x0DD)
        if throw % 1000 < facts.ODD_SHARE * 1000:
            oddities.make_odd(post, throw >> 16)
    return post


def title_of_post(world: World, subreddit: Subreddit, index: int) -> str:
    """Return the title that a post was made with, before an odd shape replaced it."""
    dice = facts.dice_of(world, subreddit, index)
    author_of(dice)
    return subreddit.topic.title_of(dice)


def _build_plain(world: World, subreddit: Subreddit, index: int) -> Thing:
    dice = facts.dice_of(world, subreddit, index)
    author = author_of(dice)
    title = subreddit.topic.title_of(dice)
    score = facts.score_of(world, subreddit, index)
    created = float(world.created_at(subreddit, index))
    id36 = post_id(subreddit, index)
    permalink = f"/r/{subreddit.name}/comments/{id36}/{slug_of(title)}/"
    post = _TEMPLATE.copy()
    post.update(
        id=id36,
        name="t3_" + id36,
        subreddit=subreddit.name,
        subreddit_id=subreddit.fullname,
        subreddit_name_prefixed="r/" + subreddit.name,
        subreddit_subscribers=subreddit.subscribers,
        title=title,
        author=author.name,
        author_fullname=author.fullname,
        score=score,
        ups=score,
        upvote_ratio=round(facts.ratio_of(world, subreddit, index), 2),
        num_comments=facts.num_comments_of(world, subreddit, index),
        created=created,
        created_utc=created,
        permalink=permalink,
        url="https://www.reddit.com" + permalink,
        domain="self." + subreddit.name,
        stickied=is_stickied(subreddit, index),
        archived=world.newest_at - created > ARCHIVED_AFTER_SECONDS,
        over_18=dice.chance(0.02),
        spoiler=dice.chance(0.01),
        locked=dice.chance(0.02),
        hide_score=dice.chance(0.01),
    )
    _put_flair(post, subreddit, dice)
    _put_life(post, created, dice)
    return post


def is_stickied(subreddit: Subreddit, index: int) -> bool:
    """Whether the post is pinned: a few posts, not the newest, stay at the top of hot."""
    first = subreddit.post_count - 10
    return first - subreddit.sticky_count <= index < first


def _make_crosspost(post: Thing, world: World, subreddit: Subreddit, index: int) -> None:
    origin = world.ordinary[mix(subreddit.number * 31 + index) % len(world.ordinary)]
    parent_index = index % max(1, origin.post_count)
    if origin is subreddit or facts.kind_share(world, origin, parent_index) >= media.CROSSPOST_FROM:
        media.make_text(post, subreddit, Dice(index))
        return
    parent = build_post(world, origin, parent_index)
    post.update(
        crosspost_parent=parent["name"],
        crosspost_parent_list=[parent],
        is_self=False,
        url=parent["permalink"],
        url_overridden_by_dest=parent["permalink"],
        domain=parent["domain"],
        thumbnail=parent["thumbnail"],
        media=parent["media"],
        secure_media=parent["secure_media"],
        is_video=parent["is_video"],
    )


def _put_flair(post: Thing, subreddit: Subreddit, dice: Dice) -> None:
    if dice.chance(0.53):
        return
    flair = dice.pick(subreddit.topic.flairs)
    post["link_flair_text"] = flair
    post["link_flair_css_class"] = flair.lower().replace(" ", "-")
    post["link_flair_background_color"] = dice.pick(_FLAIR_COLOURS)
    post["link_flair_template_id"] = f"{dice.below(1 << 32):08x}-0000-11ee-8000-0242ac120002"
    if dice.chance(0.7):
        post["link_flair_type"] = "richtext"
        post["link_flair_richtext"] = [{"e": "text", "t": flair}]


def _put_life(post: Thing, created: float, dice: Dice) -> None:
    if dice.chance(0.1):
        post["edited"] = created + 60 + dice.below(86_400)
    if dice.chance(0.03):
        post["author"] = "[deleted]"
        for key in oddities.GONE_WITH_ACCOUNT:
            del post[key]
    if dice.chance(0.02):
        post["distinguished"] = "moderator"
    post["num_crossposts"] = dice.below(4) if dice.chance(0.1) else 0
    if dice.chance(0.1):
        text = "level " + to_base36(dice.below(1000))
        post["author_flair_text"] = text
        post["author_flair_text_color"] = "dark"
