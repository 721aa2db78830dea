"""Pictures and films of a post, found in the four places where Reddit's JSON keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from data_provider.errors import InvalidResponse
from data_provider.parsing.reddit_values import count, is_picture_address, web_address
from data_provider.parsing.reddit_wire import PostWire, Scalar, read_loosely
from data_provider.types import Media

if TYPE_CHECKING:
    from data_provider.parsing.reddit_values import TextReader


class _Source(msgspec.Struct):
    width: Scalar = None
    height: Scalar = None


class _Image(msgspec.Struct):
    source: _Source


class _Preview(msgspec.Struct):
    images: list[_Image]


_PREVIEW = msgspec.json.Decoder(_Preview)
_EMPTY = (b"null", b"{}", b"[]", b"true", b"false")
# The longest of those; spares copying a gallery only to see that it is one.
_LONGEST_EMPTY = 5


def has_value(raw: msgspec.Raw) -> bool:
    """Say whether a nested value is there, and is an object or a list of something."""
    return memoryview(raw).nbytes > _LONGEST_EMPTY or bytes(raw) not in _EMPTY


def is_picture(post: PostWire) -> bool:
    """Say whether the post is one directly linked picture."""
    if post.post_hint == "image":
        return True
    if post.is_self or not isinstance(post.url, str):
        return False
    return is_picture_address(post.url)


def media_of(post: PostWire, text: TextReader) -> tuple[Media, ...]:
    """Return the media of a post; of a crosspost without its own, those of the original."""
    if has_value(post.media_metadata):
        found = _gallery(post, text)
    else:
        found = _video(post, text) or _picture(post, text)
    if not found and has_value(post.crosspost_parent_list):
        return _of_original(post, text)
    return found


def _of_original(post: PostWire, text: TextReader) -> tuple[Media, ...]:
    try:
        originals = msgspec.convert(read_loosely(post.crosspost_parent_list), list[dict[str, Any]])
        original = msgspec.json.decode(msgspec.json.encode(originals[0]), type=PostWire)
    except (ValueError, IndexError, InvalidResponse):
        return ()
    original.crosspost_parent_list = msgspec.Raw(b"null")
    return media_of(original, text)


def _gallery(post: PostWire, text: TextReader) -> tuple[Media, ...]:
    """Return gallery items in their order; the order or single items may be missing (Census)."""
    known = _mapping(read_loosely(post.media_metadata))
    order = _mapping(read_loosely(post.gallery_data)).get("items")
    if isinstance(order, list):
        ids = [_mapping(item).get("media_id") for item in order]
    else:
        ids = list(known)
    items = (_gallery_item(_mapping(known.get(str(media_id))), text) for media_id in ids)
    return tuple(item for item in items if item)


def _gallery_item(item: dict[str, Any], text: TextReader) -> Media | None:
    source = _mapping(item.get("s"))
    kind: Literal["image", "gif"] = "gif" if item.get("e") == "AnimatedImage" else "image"
    address = source.get("u") or source.get("gif") or source.get("mp4")
    return _media(kind, text(address), source.get("x"), source.get("y"))


def _video(post: PostWire, text: TextReader) -> tuple[Media, ...]:
    for raw in (post.media, post.secure_media):
        if not has_value(raw):
            continue
        video = _mapping(_mapping(read_loosely(raw)).get("reddit_video"))
        kind: Literal["video", "gif"] = "gif" if video.get("is_gif") is True else "video"
        address = text(video.get("fallback_url"))
        found = _media(kind, address, video.get("width"), video.get("height"))
        if found:
            return (found,)
    return ()


def _picture(post: PostWire, text: TextReader) -> tuple[Media, ...]:
    if not is_picture(post):
        return ()
    width, height = _preview_size(post.preview)
    address = text(post.url)
    is_gif = address.partition("?")[0].lower().endswith(".gif")
    found = _media("gif" if is_gif else "image", address, width, height)
    return (found,) if found else ()


def _preview_size(raw: msgspec.Raw) -> tuple[Scalar, Scalar]:
    try:
        source = _PREVIEW.decode(raw).images[0].source
    except (ValueError, IndexError):
        return None, None
    return source.width, source.height


def _media(
    kind: Literal["image", "video", "gif"], address: str, width: Any, height: Any
) -> Media | None:
    if not web_address(address):
        return None
    return Media(type=kind, url=address, width=_pixels(width), height=_pixels(height))


def _pixels(value: Any) -> int | None:
    return count(value) or None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
