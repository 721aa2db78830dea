"""Gives a post its kind: text, link, image, gallery, video, embed or poll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data_provider.sandbox.text import mark_html, slug_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_provider.sandbox.dice import Dice
    from data_provider.sandbox.world import Subreddit

Thing = dict[str, Any]

_SITES = (
    "news.example.com", "kitchen-notes.example.org", "blog.example.net", "papers.example.edu",
    "github.example.com", "shop.example.com", "wiki.example.org",
)  # fmt: skip
_RESOLUTIONS = (108, 216, 320, 640, 960, 1080)
_DAY_SECONDS = 86_400
# Throws from here on are crossposts.
CROSSPOST_FROM = 0.96


def dress(post: Thing, subreddit: Subreddit, dice: Dice) -> bool:
    """Write what belongs to the post's kind; False when the throw says it is a crosspost."""
    roll = dice.share()
    for limit, make in _KINDS:
        if roll < limit:
            make(post, subreddit, dice)
            return True
    return False


def preview_of(token: str, width: int, height: int, host: str = "preview.redd.it") -> Thing:
    """Return the preview block; its addresses carry & so that escaping shows."""
    base = f"https://{host}/{token}.jpg"
    return {
        "images": [
            {
                "source": {
                    "url": f"{base}?auto=webp&s={token * 3}",
                    "width": width,
                    "height": height,
                },
                "resolutions": [
                    {
                        "url": f"{base}?width={step}&crop=smart&auto=webp&s={token * 2}{step}",
                        "width": step,
                        "height": step * height // width,
                    }
                    for step in _RESOLUTIONS
                    if step <= width
                ],
                "variants": {},
                "id": token * 3,
            }
        ],
        "enabled": True,
    }


def make_text(post: Thing, subreddit: Subreddit, dice: Dice) -> None:
    """Write a self post; a few are a title and nothing else."""
    if dice.chance(0.05):
        return
    post["selftext"] = subreddit.topic.selftext(dice)
    post["selftext_html"] = mark_html(post["selftext"])


def _point_to(post: Thing, url: str, domain: str, thumbnail: str) -> None:
    post.update(is_self=False, url=url, url_overridden_by_dest=url, domain=domain)
    post["thumbnail"] = thumbnail
    if thumbnail.startswith("http"):
        post.update(thumbnail_width=140, thumbnail_height=105)


def _make_link(post: Thing, _subreddit: Subreddit, dice: Dice) -> None:
    site = dice.pick(_SITES)
    slug = slug_of(post["title"]).replace("_", "-")
    _point_to(post, f"https://{site}/{slug}?id={dice.below(10**6)}&ref=feed", site, "default")
    if dice.chance(0.6):
        token = dice.token(13)
        post["post_hint"] = "link"
        post["preview"] = preview_of(token, 1200, 630, "external-preview.redd.it")
        post["thumbnail"] = f"https://b.thumbs.redditmedia.com/{token}.jpg"


def _make_image(post: Thing, _subreddit: Subreddit, dice: Dice) -> None:
    token = dice.token(13)
    kind = "gif" if dice.chance(0.1) else "jpg"
    thumbnail = f"https://b.thumbs.redditmedia.com/{token}.jpg"
    _point_to(post, f"https://i.redd.it/{token}.{kind}", "i.redd.it", thumbnail)
    post.update(is_reddit_media_domain=True, post_hint="image")
    preview = preview_of(token, 600 + dice.below(3000), 600 + dice.below(2000))
    if kind == "gif":
        source = {"url": f"https://preview.redd.it/{token}.gif?s=1", "width": 600, "height": 400}
        preview["images"][0]["variants"] = {
            "gif": {"source": source, "resolutions": []},
            "mp4": {"source": source, "resolutions": []},
        }
    post["preview"] = preview


def _make_gallery(post: Thing, _subreddit: Subreddit, dice: Dice) -> None:
    tokens = [dice.token(13) for _ in range(2 + dice.below(5))]
    thumbnail = f"https://b.thumbs.redditmedia.com/{tokens[0]}.jpg"
    _point_to(post, f"https://www.reddit.com/gallery/{post['id']}", "reddit.com", thumbnail)
    first = 600_000_000 + dice.below(10**8)
    post.update(
        is_gallery=True,
        gallery_data={
            "items": [
                {"caption": "", "media_id": token, "is_deleted": False, "id": first + position}
                for position, token in enumerate(tokens)
            ]
        },
        media_metadata={token: _picture(token, dice) for token in tokens},
    )


def _picture(token: str, dice: Dice) -> Thing:
    width, height = 640 + dice.below(3000), 480 + dice.below(2000)
    return {
        "status": "valid",
        "e": "Image",
        "m": "image/jpg",
        "p": [
            {
                "y": step * height // width,
                "x": step,
                "u": f"https://preview.redd.it/{token}.jpg?width={step}&crop=smart&auto=webp&s=1",
            }
            for step in _RESOLUTIONS
            if step <= width
        ],
        "s": {
            "y": height,
            "x": width,
            "u": f"https://preview.redd.it/{token}.jpg?width={width}&format=pjpg&auto=webp&s=1",
        },
        "id": token,
    }


def _make_video(post: Thing, _subreddit: Subreddit, dice: Dice) -> None:
    token = dice.token(13)
    url = f"https://v.redd.it/{token}"
    thumbnail = f"https://external-preview.redd.it/{token}.png?width=140&height=140&s=1"
    _point_to(post, url, "v.redd.it", thumbnail)
    signature = f"a={1_790_000_000 + dice.below(10**6)}%2C{token}&v=1&f=sd"
    video = {
        "reddit_video": {
            "bitrate_kbps": 5000,
            "fallback_url": f"{url}/CMAF_1080.mp4?source=fallback",
            "has_audio": dice.chance(0.8),
            "height": 1920,
            "width": 1080,
            "scrubber_media_url": f"{url}/CMAF_96.mp4",
            "dash_url": f"{url}/DASHPlaylist.mpd?{signature}",
            "duration": 5 + dice.below(300),
            "hls_url": f"{url}/HLSPlaylist.m3u8?{signature}",
            "is_gif": dice.chance(0.1),
            "transcoding_status": "completed",
        }
    }
    post.update(
        is_video=True,
        is_reddit_media_domain=True,
        post_hint="hosted:video",
        media=video,
        secure_media=video,
        preview=preview_of(token, 1080, 1920, "external-preview.redd.it"),
    )


def _make_embed(post: Thing, subreddit: Subreddit, dice: Dice) -> None:
    token = dice.token(11)
    thumbnail = f"https://b.thumbs.redditmedia.com/{token}.jpg"
    _point_to(post, f"https://www.youtube.com/watch?v={token}&t=42", "youtube.com", thumbnail)
    frame = (
        f'<iframe width="600" height="338" src="https://www.youtube.com/embed/{token}'
        '?feature=oembed&enablejsapi=1" frameborder="0" allowfullscreen></iframe>'
    )
    embed = {"content": frame, "width": 600, "scrolling": False, "height": 338}
    media = {
        "type": "youtube.com",
        "oembed": {
            "provider_url": "https://www.youtube.com/",
            "version": "1.0",
            "title": subreddit.topic.sentence(dice),
            "type": "video",
            "thumbnail_width": 480,
            "height": 338,
            "width": 600,
            "html": frame,
            "author_name": "Example Channel",
            "provider_name": "YouTube",
            "thumbnail_url": f"https://i.ytimg.com/vi/{token}/hqdefault.jpg",
            "thumbnail_height": 360,
            "author_url": "https://www.youtube.com/user/example",
        },
    }
    address = f"https://www.redditmedia.com/mediaembed/{post['id']}"
    post.update(
        post_hint="rich:video",
        media=media,
        secure_media=media,
        media_embed=embed,
        secure_media_embed=embed | {"media_domain_url": address},
        preview=preview_of(token, 480, 360, "external-preview.redd.it"),
    )


def _make_poll(post: Thing, subreddit: Subreddit, dice: Dice) -> None:
    make_text(post, subreddit, dice)
    ends_at = int(post["created_utc"]) + 3 * _DAY_SECONDS
    first = dice.below(10**7)
    options: list[Thing] = [
        {"text": dice.pick(subreddit.topic.things), "id": str(first + position)}
        for position in range(2 + dice.below(4))
    ]
    # Counts are hidden from those who have not voted while the poll runs.
    if dice.chance(0.7):
        for option in options:
            option["vote_count"] = dice.below(900)
    post["poll_data"] = {
        "user_selection": None,
        "options": options,
        "voting_end_timestamp": ends_at * 1000,
        "total_vote_count": sum(option.get("vote_count", 3) for option in options),
    }


# Cumulative shares of the kinds.
_KINDS: tuple[tuple[float, Callable[[Thing, Subreddit, Dice], None]], ...] = (
    (0.52, make_text),
    (0.70, _make_link),
    (0.83, _make_image),
    (0.88, _make_gallery),
    (0.92, _make_video),
    (0.94, _make_embed),
    (CROSSPOST_FROM, _make_poll),
)
