from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import InvalidResponse, LayoutChanged, Media, Post
from data_provider.parsing.reddit_json import (
    Listing,
    next_place,
    parse_listing,
    parse_listings,
    parse_more_children,
    parse_subreddit,
    parse_thread,
)
from tests.data_provider import oracle
from tests.data_provider.scripted_server import listing, t3

if TYPE_CHECKING:
    from tests.data_provider.conftest import Recording, Recordings

LISTINGS = (
    "listing",
    "listing_series",
    "listing_top_daily",
    "pagination_chain",
    "search_posts",
    "subreddits_list",
    "subreddits_search",
    "info",
    "user_listing",
)


def fields_of(item: Any, like: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in like}


def assert_same(recording: Recording, found: tuple[Any, ...], kind: str, expect: Any) -> int:
    wanted = [
        expect(data, raw_json=recording.raw_json) for data in oracle.things(recording.value, kind)
    ]
    assert [fields_of(i, w) for i, w in zip(found, wanted, strict=True)] == wanted, recording.name
    return len(wanted)


def assert_listing(recording: Recording, found: Listing) -> int:
    same = assert_same(recording, found.posts, "t3", oracle.post)
    same += assert_same(recording, found.comments, "t1", oracle.comment)
    same += assert_same(recording, found.subreddits, "t5", oracle.subreddit)
    assert len(found.more) == len(oracle.things(recording.value, "more"))
    return same


def one(**fields: Any) -> Post:
    page = {"kind": "Listing", "data": {"after": None, "children": [t3(1, **fields)]}}
    return parse_listing(json.dumps(page).encode()).posts[0]


class TestRecordedListings:
    def test_give_every_thing_as_the_raw_json_has_it(self, recordings: Recordings) -> None:
        same, others = 0, []
        for recording in recordings.of_kind(*LISTINGS):
            if recording.value.get("kind") != "Listing":
                others.append(recording)
                continue
            found = parse_listing(recording.body, raw_json=recording.raw_json)
            same += assert_listing(recording, found)
            assert found.after == (recording.value["data"]["after"] or None)
            assert found.children == len(recording.value["data"]["children"])
        assert same > 2000
        assert sorted(next(iter(other.value)) for other in others) == ["kind", "names", "names"]
        for recording in others:
            with pytest.raises(LayoutChanged):
                parse_listing(recording.body)

    def test_of_duplicates_come_as_two(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("duplicates"):
            found = parse_listings(recording.body, raw_json=recording.raw_json)
            posts = tuple(post for part in found for post in part.posts)
            assert assert_same(recording, posts, "t3", oracle.post) > 1

    def test_are_unescaped_exactly_once(self, recordings: Recordings) -> None:
        seen = 0
        for recording in recordings.of_kind("listing_top_daily"):
            assert not recording.raw_json
            for post in parse_listing(recording.body, raw_json=False).posts:
                assert "&amp;" not in post.url
                seen += "&" in post.title + post.selftext
        assert seen


class TestRecordedThreads:
    def test_give_every_comment_depth_first(self, recordings: Recordings) -> None:
        same = 0
        for recording in recordings.of_kind("comments"):
            found = parse_thread(recording.body, raw_json=recording.raw_json)
            posts = (found.post,) if found.post else ()
            assert_same(recording, posts, "t3", oracle.post)
            same += assert_same(recording, found.comments, "t1", oracle.comment)
            stubs = oracle.things(recording.value, "more")
            assert [(m.parent_id, list(m.children), m.count) for m in found.more] == [
                (stub["parent_id"], stub["children"], stub["count"]) for stub in stubs
            ]
        assert same > 900

    def test_say_the_depth_that_reddit_says(self, recordings: Recordings) -> None:
        compared = 0
        for recording in recordings.of_kind("comments"):
            said = {d["name"]: d.get("depth") for d in oracle.things(recording.value, "t1")}
            for comment in parse_thread(recording.body).comments:
                if said[comment.id] is not None:
                    assert comment.depth == said[comment.id]
                    compared += 1
        assert compared > 500

    def test_with_more_children_come_flat(self, recordings: Recordings) -> None:
        same = 0
        for recording in recordings.of_kind("morechildren"):
            comments, stubs = parse_more_children(recording.body, raw_json=recording.raw_json)
            same += assert_same(recording, comments, "t1", oracle.comment)
            assert len(stubs) == len(oracle.things(recording.value, "more"))
        assert same > 100


class TestRecordedSubreddits:
    def test_are_described_as_the_raw_json_has_it(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("subreddit_about"):
            found = parse_subreddit(recording.body, raw_json=recording.raw_json)
            assert_same(recording, (found,), "t5", oracle.subreddit)


class TestParseListing:
    def test_drops_advertisements_and_counts_them(self) -> None:
        page = listing([1, 2])
        page["data"]["children"].append(t3(3, promoted=True))
        found = parse_listing(json.dumps(page).encode())
        assert [post.id for post in found.posts] == ["t3_p1", "t3_p2"]
        assert (found.advertisements, found.children) == (1, 3)

    def test_keeps_what_is_missing_null_or_false(self) -> None:
        post = one(score=None, author=None, selftext=None)
        assert (post.score, post.upvote_ratio, post.num_comments, post.flair) == (None,) * 4
        assert (post.author, post.edited_at, post.thumbnail, post.removed) == (None,) * 4
        assert not any((post.over_18, post.spoiler, post.stickied, post.locked, post.is_self))

    @pytest.mark.parametrize("odd", [False, None, True, [], "x", {}, 0])
    def test_reads_odd_values_in_nested_fields(self, odd: Any) -> None:
        post = one(
            poll_data=odd, gallery_data=odd, media_metadata=odd, preview=odd, media=odd,
            crosspost_parent_list=odd, is_gallery=True,
        )  # fmt: skip
        assert post.media == ()

    @pytest.mark.parametrize(
        ("edited", "second"),
        [(False, None), (True, None), (None, None), (1600000000.9, 0), (60, 0)],
    )
    def test_reads_every_kind_of_edited(self, edited: Any, second: int | None) -> None:
        at = one(edited=edited).edited_at
        assert at is None if second is None else at is not None and at.microsecond == second

    def test_takes_the_first_seconds_of_created_as_int_float_or_text(self) -> None:
        stamps = [
            one(created_utc=v).created_at.timestamp()
            for v in (1595577600, 1595577600.7, "1595577600")
        ]
        assert stamps == [1595577600] * 3

    @pytest.mark.parametrize(
        ("ratio", "read"), [(1, 1.0), (0, 0.0), (0.97, 0.97), ("x", None), (7, None)]
    )
    def test_reads_upvote_ratio(self, ratio: Any, read: float | None) -> None:
        assert one(upvote_ratio=ratio).upvote_ratio == read

    @pytest.mark.parametrize(
        ("fields", "removed"),
        [
            ({"selftext": "[deleted]"}, "deleted"),
            ({"selftext": "[removed]"}, "removed"),
            ({"selftext": "[ Removed by Reddit ]"}, "removed"),
            ({"removed_by_category": "moderator"}, "removed"),
            ({"removed_by_category": "deleted"}, "deleted"),
            ({"selftext": "[removed]", "removed_by_category": "deleted"}, "deleted"),
            ({"selftext": "why is [deleted] shown"}, None),
        ],
    )
    def test_says_who_removed_a_post(self, fields: dict[str, Any], removed: str | None) -> None:
        post = one(**fields)
        assert post.removed == removed
        assert (post.selftext == "") == (removed is not None)

    @pytest.mark.parametrize(
        "word", ["self", "default", "nsfw", "spoiler", "", None, "javascript:x"]
    )
    def test_has_no_thumbnail_that_is_not_an_address(self, word: str | None) -> None:
        assert one(thumbnail=word).thumbnail is None

    @pytest.mark.parametrize("count", [-1, True, "12", 2**40, 1.5e300, None])
    def test_knows_no_impossible_count(self, count: Any) -> None:
        assert one(num_comments=count).num_comments is None

    def test_drops_nul_and_replaces_lone_surrogates(self) -> None:
        assert one(title="a\x00b", selftext="x\ud83dy").model_dump()["title"] == "ab"
        assert one(selftext="x\ud83dy \U0001f600").selftext == "x\ufffdy \U0001f600"

    def test_replaces_bytes_that_are_not_utf8(self) -> None:
        body = json.dumps(listing([1])).encode().replace(b"Post 1", b"Post \xff")
        assert parse_listing(body).posts[0].title == "Post \ufffd"

    def test_reads_the_longest_fields_seen(self) -> None:
        post = one(selftext="é" * 77_835, url="https://example.org/" + "x" * 23_100)
        assert (len(post.selftext), len(post.url)) == (77_835, 23_120)

    def test_unescapes_only_when_the_answer_is_escaped(self) -> None:
        body = json.dumps(
            {"kind": "Listing", "data": {"after": None, "children": [t3(1, title="&amp;lt;")]}}
        )
        assert parse_listing(body.encode()).posts[0].title == "&amp;lt;"
        assert parse_listing(body.encode(), raw_json=False).posts[0].title == "&lt;"

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"<html>", b'{"kind": "Listing", "data"', b"\x00", b"[" * 100_000]
    )
    def test_refuses_bytes_that_do_not_parse(self, body: bytes) -> None:
        with pytest.raises(InvalidResponse):
            parse_listing(body)

    @pytest.mark.parametrize(
        "value",
        [
            [], {}, None, {"kind": "Listing"}, {"kind": "t3", "data": {}},
            {"message": "Forbidden", "error": 403},
            {"kind": "Listing", "data": {"children": []}},
            {"kind": "Listing", "data": {"after": None, "children": [{"kind": "t9", "data": {}}]}},
            {"kind": "Listing", "data": {"after": None, "children": [{"kind": "t3", "data": {}}]}},
            {"kind": "Listing", "data": {"after": None, "children": [t3(1, created_utc=None)]}},
            {"kind": "Listing", "data": {"after": None, "children": [t3(1, created_utc=1e30)]}},
            {"kind": "Listing", "data": {"after": None, "children": {"0": t3(1)}}},
        ],
    )  # fmt: skip
    def test_refuses_another_shape_with_a_small_sample(self, value: Any) -> None:
        body = json.dumps(value).encode() + b" " * 9000
        with pytest.raises(LayoutChanged) as caught:
            parse_listing(body)
        assert caught.value.sample is not None
        assert len(caught.value.sample) <= 2048


class TestMedia:
    def test_of_a_gallery_keep_the_gallerys_order(self) -> None:
        item = {
            "status": "valid",
            "e": "Image",
            "s": {"u": "https://i.example/a?x=1", "x": 3, "y": 2},
        }
        gif = {
            "status": "valid",
            "e": "AnimatedImage",
            "s": {"gif": "https://i.example/b", "x": 1, "y": 1},
        }
        post = one(
            is_gallery=True,
            gallery_data={"items": [{"media_id": "b"}, {"media_id": "gone"}, {"media_id": "a"}]},
            media_metadata={"a": item, "b": gif, "gone": {"status": "failed"}},
        )
        assert post.post_type == "gallery"
        assert post.media == (
            Media(type="gif", url="https://i.example/b", width=1, height=1),
            Media(type="image", url="https://i.example/a?x=1", width=3, height=2),
        )

    def test_of_a_gallery_without_order_are_still_found(self) -> None:
        item = {"status": "valid", "e": "Image", "s": {"u": "https://i.example/a"}}
        assert len(one(is_gallery=True, gallery_data=None, media_metadata={"a": item}).media) == 1

    def test_of_a_video_are_its_film(self) -> None:
        video = {
            "reddit_video": {"fallback_url": "https://v.redd.it/x", "width": 640, "height": 360}
        }
        post = one(is_video=True, media=video)
        assert post.post_type == "video"
        assert post.media == (
            Media(type="video", url="https://v.redd.it/x", width=640, height=360),
        )

    def test_of_a_crosspost_are_those_of_the_original(self) -> None:
        original = t3(9, url="https://i.redd.it/x.png")["data"]
        post = one(crosspost_parent="t3_p9", crosspost_parent_list=[original])
        assert (post.post_type, post.crosspost_parent) == ("crosspost", "t3_p9")
        assert [media.url for media in post.media] == ["https://i.redd.it/x.png"]

    def test_are_never_of_another_scheme(self) -> None:
        assert one(post_hint="image", url="javascript:alert(1)").media == ()

    @pytest.mark.parametrize(
        ("fields", "post_type"),
        [
            ({"is_self": True}, "text"),
            ({}, "link"),
            ({"poll_data": {"options": []}, "is_self": True}, "poll"),
            ({"url": "https://i.redd.it/a.jpg?x"}, "image"),
            ({"post_hint": "image"}, "image"),
        ],
    )  # fmt: skip
    def test_and_hints_tell_the_post_type(self, fields: dict[str, Any], post_type: str) -> None:
        assert one(**fields).post_type == post_type


class TestNextPlace:
    def test_is_guessed_rightly_or_not_at_all(self, recordings: Recordings) -> None:
        guesses = 0
        for recording in recordings.of_kind("listing", "listing_series", "listing_top_daily"):
            found = parse_listing(recording.body, raw_json=recording.raw_json)
            guess = next_place(recording.body, 100)
            assert guess in (None, (found.after, 100 + found.children)), recording.name
            guesses += guess is not None
        assert guesses > 10
        assert next_place(b"<html>", 0) is None
