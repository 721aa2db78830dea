"""The ledger of the recordings: which test reads a folder, or why nothing does."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import InvalidResponse, LayoutChanged
from data_provider.parsing import (
    atom,
    brightdata,
    old_html,
    reddit_json,
    shreddit_html,
    shreddit_threads,
)
from tests.data_provider import oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.data_provider.conftest import Recording, Recordings

# The test module that reads a folder's files.
READ = {
    "brightdata": "test_brightdata",
    "comments": "test_reddit_json",
    "duplicates": "test_reddit_json",
    "error": "test_http",
    "info": "test_reddit_json",
    "legacy_react_html": "test_shreddit_html",
    "listing": "test_reddit_json",
    "listing_series": "test_reddit_json",
    "listing_top_daily": "test_reddit_json",
    "morechildren": "test_reddit_json",
    "old_html_comments": "test_old_html",
    "old_html_listing": "test_old_html",
    "pagination_chain": "test_reddit_json",
    "redirect": "test_http",
    "rss": "test_atom",
    "search_posts": "test_reddit_json",
    "shreddit_listing": "test_shreddit_html",
    "shreddit_partial": "test_shreddit_html",
    "shreddit_post": "test_shreddit_html",
    "subreddit_about": "test_reddit_json",
    "subreddits_list": "test_reddit_json",
    "subreddits_search": "test_reddit_json",
    "user_listing": "test_reddit_json",
}
# Folders and files that hold what the product has no type for; none of it may pass for posts.
UNREAD = {
    "user_about": (
        45,
        "accounts, and 3 lists of their profiles: the product keeps no more of them than the name",
    ),
    "subreddit_rules_mods": (20, "rules and moderators of subreddits: the product keeps neither"),
    "bulk_csv": (3, "tables of a data set, without author and subreddit; no source answers so"),
    "brightdata/profiles.json": (1, "profiles of accounts: only posts are ordered"),
}
# What BrightData's record of a post holds beside the post itself.
UNREAD_FIELDS = {
    "related_posts": "other posts, of any subreddit, that nobody asked for",
    "comments": "some of the thread, and not which ones are left out: it is read from elsewhere",
    "community_url": "follows from the name",
    "community_description": "of the subreddit, not of the post",
    "community_members_num": "of the subreddit, not of the post",
    "community_rank": "of the subreddit, not of the post",
    "subreddit_icon_image": "of the subreddit, not of the post",
    "post_karma": "of the account, not of the post",
    "bio_description": "of the account, not of the post",
    "author_icon": "of the account, not of the post",
    "user_id": "of the account, not of the post",
    "description_markdown": "the same text as in description",
}
PARSERS: tuple[Callable[[bytes], Any], ...] = (
    reddit_json.parse_listing,
    reddit_json.parse_listings,
    reddit_json.parse_thread,
    reddit_json.parse_more_children,
    reddit_json.parse_subreddit,
    old_html.parse_listing,
    old_html.parse_thread,
    old_html.parse_subreddit,
    shreddit_html.parse_feed,
    shreddit_html.parse_partial,
    shreddit_html.parse_subreddit,
    shreddit_threads.parse_thread,
    atom.parse_feed,
    brightdata.parse_snapshot,
)


def key_of(name: str) -> str:
    return name if name in UNREAD else name.partition("/")[0]


def is_listing_of_profiles(recording: Recording) -> bool:
    return recording.body.startswith(b'{"kind": "Listing"') and b'"kind": "t5"' in recording.body


def read_by(module: str) -> set[str]:
    """Return the folders that a test module asks for: by kind, or by the name of a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((Path(__file__).parent / f"{module}.py").read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "of_kind":
            found |= texts_in(*node.args)
        elif isinstance(node, ast.Assign) and "LISTINGS" in map(ast.unparse, node.targets):
            found |= texts_in(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            folder, _, name = node.value.partition("/")
            found |= {folder} if "." in name else set()
    return found


def texts_in(*nodes: ast.AST) -> set[str]:
    inner = (one for node in nodes for one in ast.walk(node))
    return {one.value for one in inner if isinstance(one, ast.Constant)}  # type: ignore[misc]


class TestLedger:
    def test_knows_every_folder_and_no_other(self, recordings: Recordings) -> None:
        found = Counter(key_of(name) for name in recordings.names)
        assert set(found) == READ.keys() | UNREAD.keys()
        assert {key: found[key] for key in UNREAD} == {
            key: amount for key, (amount, _) in UNREAD.items()
        }
        assert all(reason for _, reason in UNREAD.values())

    @pytest.mark.parametrize(("kind", "module"), READ.items())
    def test_names_the_test_that_reads_a_folder(self, kind: str, module: str) -> None:
        assert kind in read_by(module)

    @pytest.mark.parametrize("key", UNREAD)
    def test_of_what_is_not_read_nothing_passes_for_content(
        self, recordings: Recordings, key: str
    ) -> None:
        found = [recordings.named(name) for name in recordings.names if key_of(name) == key]
        bodies = [one.body for one in found if not is_listing_of_profiles(one)]
        for body in bodies:
            for parse in PARSERS:
                with pytest.raises((LayoutChanged, InvalidResponse)):
                    parse(body)
        assert len(found) - len(bodies) == (3 if key == "user_about" else 0)

    def test_reads_profiles_as_the_subreddits_that_they_are(self, recordings: Recordings) -> None:
        compared = 0
        for recording in filter(is_listing_of_profiles, recordings.of_kind("user_about")):
            found = reddit_json.parse_listing(recording.body, raw_json=recording.raw_json)
            wanted = [
                oracle.subreddit(data, raw_json=recording.raw_json)
                for data in oracle.things(recording.value, "t5")
            ]
            for subreddit, facts in zip(found.subreddits, wanted, strict=True):
                assert {name: getattr(subreddit, name) for name in facts} == facts
                compared += 1
            assert found.posts == found.comments == ()
        assert compared == 45

    def test_knows_every_field_of_a_collected_post(self, recordings: Recordings) -> None:
        (record,) = recordings.named("brightdata/posts_collect_by_url.json").value
        read = set(brightdata.PostRecord.__struct_fields__)
        assert record.keys() - read == UNREAD_FIELDS.keys()
        assert record["description_markdown"].split() == record["description"].split()
        assert len(record["comments"]) < record["num_comments"]
