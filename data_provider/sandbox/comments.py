"""Writes one comment (t1) in Reddit's dialect, without html escaping (rendering does that)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_provider.sandbox.oddities import GONE_WITH_ACCOUNT
from data_provider.sandbox.text import author_of, mark_comment_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_provider.sandbox.dice import Dice
    from data_provider.sandbox.threads import Thread

Thing = dict[str, Any]

# What a visitor without an account sees the same in every comment (recordings of 2020-2026).
_TEMPLATE: Thing = {
    "total_awards_received": 0, "approved_at_utc": None, "awarders": [], "mod_reason_by": None,
    "banned_by": None, "author_flair_type": "text", "removal_reason": None,
    "author_flair_template_id": None, "likes": None, "user_reports": [], "saved": False,
    "banned_at_utc": None, "mod_reason_title": None, "gilded": 0, "archived": False,
    "collapsed_reason_code": None, "no_follow": True, "can_mod_post": False,
    "send_replies": True, "report_reasons": None, "approved_by": None, "all_awardings": [],
    "edited": False, "top_awarded_type": None, "downs": 0, "author_flair_css_class": None,
    "author_patreon_flair": False, "collapsed": False, "author_flair_richtext": [],
    "is_submitter": False, "gildings": {}, "collapsed_reason": None, "distinguished": None,
    "associated_award": None, "stickied": False, "author_premium": False, "can_gild": False,
    "unrepliable_reason": None, "author_flair_text_color": None, "score_hidden": False,
    "num_reports": None, "locked": False, "author_flair_text": None, "treatment_tags": [],
    "controversiality": 0, "author_flair_background_color": None, "author_is_blocked": False,
    "collapsed_because_crowd_control": None, "mod_reports": [], "mod_note": None,
    "comment_type": None, "subreddit_type": "public", "replies": "",
}  # fmt: skip

# The longest body that Reddit accepts.
LONGEST_BODY = 10_000
# Five odd comments in a hundred.
_ODD_IN_THOUSAND = 50


def build_comment(thread: Thread, place: int) -> Thing:
    """Write a comment without its answers; `depth` and `replies` belong to the tree."""
    dice = thread.dice(place)
    score = thread.score(place)
    other = author_of(dice)
    body = thread.subreddit.topic.reply(dice)
    created = float(thread.created_at(place))
    id36 = thread.comment_id(place)
    path = f"/r/{thread.subreddit.name}/comments/{thread.fullname[3:]}/{thread.slug}/{id36}/"
    comment = _TEMPLATE.copy()
    comment.update(
        id=id36,
        name="t1_" + id36,
        link_id=thread.fullname,
        parent_id=thread.parent_name(place),
        subreddit=thread.subreddit.name,
        subreddit_id=thread.subreddit.fullname,
        subreddit_name_prefixed="r/" + thread.subreddit.name,
        body=body,
        body_html=mark_comment_html(body),
        score=score,
        ups=score,
        created=created,
        created_utc=created,
        permalink=path,
        is_submitter=dice.chance(0.05),
        controversiality=int(dice.chance(0.03)),
        score_hidden=dice.chance(0.02),
    )
    author = thread.writer if comment["is_submitter"] else other
    comment.update(
        author=author.name,
        author_fullname=author.fullname,
        is_submitter=author == thread.writer,
    )
    if dice.chance(0.06):
        comment["edited"] = created + 30 + dice.below(3600)
    if dice.below(1000) < _ODD_IN_THOUSAND:
        dice.pick(_ODDITIES)(comment, dice)
    return comment


def _lose_account(comment: Thing, _dice: Dice) -> None:
    comment.update(author="[deleted]", is_submitter=False)
    for key in GONE_WITH_ACCOUNT:
        comment.pop(key, None)


def _delete(comment: Thing, dice: Dice) -> None:
    _lose_account(comment, dice)
    _write(comment, "[deleted]")


def _remove(comment: Thing, dice: Dice) -> None:
    _lose_account(comment, dice)
    _write(comment, "[removed]")


def _write(comment: Thing, body: str) -> None:
    comment.update(body=body, body_html=mark_comment_html(body))


def _edit_long_ago(comment: Thing, _dice: Dice) -> None:
    comment["edited"] = True


def _moderate(comment: Thing, _dice: Dice) -> None:
    comment.update(distinguished="moderator", author="AutoModerator", author_fullname="t2_6l4z3")
    comment["is_submitter"] = False
    comment["stickied"] = comment["parent_id"].startswith("t3_")


def _collapse(comment: Thing, _dice: Dice) -> None:
    comment.update(collapsed=True, collapsed_reason="comment score below threshold")


def _lengthen(comment: Thing, _dice: Dice) -> None:
    _write(comment, ("And another thing. " * 600)[:LONGEST_BODY])


def _empty(comment: Thing, _dice: Dice) -> None:
    _write(comment, "")


def _mix_newlines(comment: Thing, _dice: Dice) -> None:
    _write(comment, "one\r\ntwo\rthree\nfour\u2028five\r\n\r\nevent: done\ndata: {}")


def _attack(comment: Thing, _dice: Dice) -> None:
    _write(comment, "</script><script>alert(1)</script> =1+1 &amp; R&D \U0001f9e8")


_ODDITIES: tuple[Callable[[Thing, Dice], None], ...] = (
    _lose_account,
    _delete,
    _remove,
    _edit_long_ago,
    _moderate,
    _collapse,
    _lengthen,
    _empty,
    _mix_newlines,
    _attack,
)
