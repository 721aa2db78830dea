from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_provider import InvalidResponse, LayoutChanged
from data_provider.parsing.reddit_json import parse_listing, parse_thread
from data_provider.parsing.reddit_wire import CommentWire, PostWire, SubredditWire
from tests.data_provider.scripted_server import t3

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
URLISH = st.sampled_from(["https://i.redd.it/a.png", "http://[", "//x", "javascript:x", "\x00", ""])


def listing_of(kind: str, data: dict[str, Any]) -> bytes:
    page = {"kind": "Listing", "data": {"after": None, "children": [{"kind": kind, "data": data}]}}
    return json.dumps(page).encode()


def assert_parsed_or_refused(body: bytes) -> None:
    for raw_json in (True, False):
        try:
            found = parse_listing(body, raw_json=raw_json)
        except (LayoutChanged, InvalidResponse):
            continue
        items = (*found.posts, *found.comments, *found.subreddits)
        assert len(items) + found.advertisements == 1
        stored = items[0].model_dump_json() if items else ""
        assert "\x00" not in stored
        assert "\\u0000" not in stored
        stored.encode("utf-8")


class TestAnyValueInAnyField:
    @settings(max_examples=300, deadline=None)
    @given(
        st.dictionaries(st.sampled_from(PostWire.__struct_fields__), ANY_JSON | URLISH, max_size=6)
    )
    def test_of_a_post_is_read_or_refused(self, fields: dict[str, Any]) -> None:
        assert_parsed_or_refused(listing_of("t3", t3(1)["data"] | fields))

    @settings(max_examples=150, deadline=None)
    @given(st.dictionaries(st.sampled_from(CommentWire.__struct_fields__), ANY_JSON, max_size=4))
    def test_of_a_comment_is_read_or_refused(self, fields: dict[str, Any]) -> None:
        known = {"id": "a", "link_id": "t3_p1", "parent_id": "t3_p1", "body": "x", "created_utc": 1}
        assert_parsed_or_refused(listing_of("t1", known | fields))

    @settings(max_examples=150, deadline=None)
    @given(st.dictionaries(st.sampled_from(SubredditWire.__struct_fields__), ANY_JSON, max_size=4))
    def test_of_a_subreddit_is_read_or_refused(self, fields: dict[str, Any]) -> None:
        assert_parsed_or_refused(listing_of("t5", {"display_name": "python"} | fields))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
    def test_as_a_whole_answer_is_refused(self, body: bytes) -> None:
        for parse in (parse_listing, parse_thread):
            with pytest.raises((LayoutChanged, InvalidResponse)) as caught:
                parse(body)
            assert len((caught.value.sample or "").encode()) <= 2048
