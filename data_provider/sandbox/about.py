"""Writes one subreddit (t5) in Reddit's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_provider.sandbox.dice import Dice
from data_provider.sandbox.text import mark_html

if TYPE_CHECKING:
    from data_provider.sandbox.world import Subreddit, World

Thing = dict[str, Any]

# What a visitor without an account sees the same in every subreddit (recordings of 2020-2023).
_TEMPLATE: Thing = {
    "user_flair_background_color": None, "submit_text_html": None, "restrict_posting": True,
    "user_is_banned": None, "free_form_reports": True, "wiki_enabled": True,
    "user_is_muted": None, "user_can_flair_in_sr": None, "header_img": None,
    "allow_galleries": True, "icon_size": None, "primary_color": "", "active_user_count": None,
    "icon_img": "", "accounts_active": None, "public_traffic": False, "user_flair_richtext": [],
    "videostream_links_count": 0, "quarantine": False, "hide_ads": False,
    "prediction_leaderboard_entry_type": "IN_FEED", "emojis_enabled": False,
    "advertiser_category": "", "comment_score_hide_mins": 0, "allow_predictions": False,
    "user_has_favorited": None, "user_flair_template_id": None, "community_icon": "",
    "banner_background_image": "", "original_content_tag_enabled": False,
    "community_reviewed": True, "submit_text": "", "spoilers_enabled": True, "header_title": "",
    "header_size": None, "user_flair_position": "right", "all_original_content": False,
    "has_menu_widget": False, "is_enrolled_in_new_modmail": None, "key_color": "",
    "can_assign_user_flair": True, "wls": None, "show_media_preview": True,
    "submission_type": "any", "user_is_subscriber": None, "disable_contributor_requests": False,
    "allow_videogifs": True, "user_flair_type": "text", "allow_polls": True,
    "collapse_deleted_comments": False, "emojis_custom_size": None, "allow_videos": True,
    "is_crosspostable_subreddit": True, "notification_level": None,
    "can_assign_link_flair": True, "accounts_active_is_fuzzed": False, "submit_text_label": "",
    "link_flair_position": "right", "user_sr_flair_enabled": None,
    "user_flair_enabled_in_sr": True, "allow_discovery": True, "user_sr_theme_enabled": True,
    "link_flair_enabled": True, "subreddit_type": "public", "suggested_comment_sort": None,
    "banner_img": "", "user_flair_text": None, "banner_background_color": "", "show_media": True,
    "user_is_moderator": None, "over18": False, "submit_link_label": "",
    "user_flair_text_color": None, "restrict_commenting": False, "user_flair_css_class": None,
    "allow_images": True, "lang": "en", "whitelist_status": None, "banner_size": None,
    "mobile_banner_image": "", "user_is_contributor": None,
    "allow_predictions_tournament": False,
}  # fmt: skip

_OLDEST_SECONDS = 15 * 365 * 86_400


def build_subreddit(world: World, subreddit: Subreddit, *, is_listed: bool = True) -> Thing:
    """Write a subreddit; how many are online is told on its own page only."""
    dice = Dice(world.key(subreddit, 0) ^ 0x5B)
    summary = summary_of(subreddit)
    text = f"# r/{subreddit.name}\n\n{summary}\n\nBe kind & stay on topic. No ads < 3 a week."
    created = float(world.newest_at - 365 * 86_400 - dice.below(_OLDEST_SECONDS))
    thing = _TEMPLATE.copy()
    thing.update(
        id=subreddit.fullname[3:],
        name=subreddit.fullname,
        display_name=subreddit.name,
        display_name_prefixed="r/" + subreddit.name,
        title=f"{subreddit.name}: {subreddit.topic.title}",
        url=f"/r/{subreddit.name}/",
        public_description=summary,
        public_description_html=mark_html(summary),
        description=text,
        description_html=mark_html(text),
        subscribers=subreddit.subscribers,
        created=created,
        created_utc=created,
        over18=dice.chance(0.03),
    )
    if dice.chance(0.5):
        token = dice.token(13)
        thing["community_icon"] = (
            f"https://styles.redditmedia.com/{token}.png?width=256&frame=1&auto=webp&s={token}"
        )
    if not is_listed:
        online = 1 + subreddit.subscribers // 500
        thing.update(active_user_count=online, accounts_active=online)
    return thing


def summary_of(subreddit: Subreddit) -> str:
    """Return one or two sentences about a subreddit, which searches look at too."""
    if subreddit.special is not None:
        return f"A subreddit that misbehaves: {subreddit.special.says}."
    topic = subreddit.topic
    first, second = (topic.things[(subreddit.number + step) % len(topic.things)] for step in (0, 5))
    return (
        f"A place to talk about {subreddit.name} and {topic.title}: "
        f"{first}, {second} and life in {topic.places[subreddit.number % len(topic.places)]}."
    )
