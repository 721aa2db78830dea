from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from data_provider.errors import LayoutChanged
from data_provider.parsing.shreddit_html import (
    cursor_after,
    parse_feed,
    parse_partial,
    parse_subreddit,
    post_of_cursor,
)
from data_provider.parsing.shreddit_threads import parse_more_comments, parse_thread
from data_provider.testing import make_post
from tests.data_provider.start_tags import StartTags
from tests.data_provider.written_texts import WrittenTexts, words_of_markdown

if TYPE_CHECKING:
    from tests.data_provider.conftest import Recordings

FEED = "shreddit_listing/MachineLearning_feed_scrolled_2026-07-10.html"
PARTIAL = "shreddit_partial/community-more-posts_technology_top.html"
THREAD = "shreddit_post/aivideos_crosspost_1ooeuoq_2025-11.html"


def told(attributes: dict[str, str]) -> dict[str, Any]:
    """What the attributes of a card say; browsers write names in lower case, servers do not."""
    created = datetime.strptime(attributes["created-timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    ratio = attributes.get("upvote-ratio")
    return {
        "id": attributes["id"],
        "subreddit": attributes["subreddit-name"],
        "title": attributes["post-title"],
        "author": attributes["author"],
        "permalink": attributes["permalink"],
        "url": attributes["content-href"],
        "domain": attributes["domain"],
        "score": int(attributes["score"]),
        "upvote_ratio": float(ratio) if ratio else None,
        "num_comments": int(attributes["comment-count"]),
        "stickied": "stickied" in attributes,
        "over_18": "nsfw" in attributes,
        "spoiler": "spoiler" in attributes,
        "is_self": attributes["domain"].startswith("self."),
        "created_at": created.replace(microsecond=0),
    }


def known(value: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in wanted}


class TestRecordedFeed:
    def test_gives_every_card_field_by_field(self, recordings: Recordings) -> None:
        body = recordings.named(FEED).body
        listing = parse_feed(body)
        cards = StartTags(body.decode()).named("shreddit-post")
        assert len(listing.posts) == len(cards) == listing.children == 50
        for post, attributes in zip(listing.posts, cards, strict=True):
            assert known(post, told(attributes)) == told(attributes)
        assert listing.advertisements == 5

    def test_gives_what_cards_hold(self, recordings: Recordings) -> None:
        posts = parse_feed(recordings.named(FEED).body).posts
        assert {post.flair for post in posts} == {"Discussion", "Research", "Project"}
        texts = [post for post in posts if post.is_self]
        assert all(post.selftext and post.post_type == "text" for post in texts)
        kinds = {post.post_type: post for post in posts if not post.is_self}
        assert set(kinds) == {"image", "gallery", "link"}
        assert len(kinds["gallery"].media) == 3
        sizes = [(media.width, media.height) for media in kinds["gallery"].media]
        assert sizes == [(1513, 450), (1513, 469), (1513, 640)]
        assert kinds["link"].thumbnail is not None

    def test_tells_where_the_rest_starts(self, recordings: Recordings) -> None:
        after = parse_feed(recordings.named(FEED).body).after
        assert after == "dDNfMXR4YzZxZA"
        assert post_of_cursor(after) == "t3_1txc6qd"
        assert cursor_after("t3_1txc6qd") == after

    def test_tells_of_the_subreddit(self, recordings: Recordings) -> None:
        found = parse_subreddit(recordings.named(FEED).body)
        assert (found.name, found.title) == ("MachineLearning", "Machine Learning")
        assert found.description.startswith("Beginners -> /r/mlquestions")
        # Weekly visitors and contributions are other numbers than these two.
        assert (found.subscribers, found.active_users) == (None, None)
        assert found.icon is not None


class TestRecordedPartial:
    def test_gives_every_card_field_by_field(self, recordings: Recordings) -> None:
        body = recordings.named(PARTIAL).body
        listing = parse_partial(body)
        cards = StartTags(body.decode()).named("shreddit-post")
        assert len(listing.posts) == len(cards) == 5
        for post, attributes in zip(listing.posts, cards, strict=True):
            assert known(post, told(attributes)) == told(attributes)


class TestRecordedThread:
    def test_gives_every_comment_field_by_field(self, recordings: Recordings) -> None:
        body = recordings.named(THREAD).body
        thread = parse_thread(body)
        things = StartTags(body.decode()).named("shreddit-comment")
        assert len(thread.comments) == len(things) == 97
        for comment, attributes in zip(thread.comments, things, strict=True):
            assert comment.id == attributes["thingid"]
            assert comment.depth == int(attributes["depth"])
            assert comment.parent_id == attributes.get("parentid", "t3_1ooeuoq")
            is_gone = attributes["author"] == "[deleted]"
            assert comment.author == (None if is_gone else attributes["author"])
            assert comment.score == (int(attributes["score"]) if "score" in attributes else None)
            assert bool(comment.removed) == ("is-comment-deleted" in attributes)
            assert comment.body or attributes.get("content-type") != "text"

    def test_gives_what_comments_say(self, recordings: Recordings) -> None:
        body = recordings.named(THREAD).body
        written = WrittenTexts(body.decode(), ("thingid", ""), ("slot", "comment"), "thingid").words
        comments = parse_thread(body).comments
        assert [comment.id for comment in comments] == list(written)
        for comment in comments:
            assert words_of_markdown(comment.body) == written[comment.id], comment.id
        assert sum(len(words) for words in written.values()) > 1000

    def test_reads_times_that_attributes_lack(self, recordings: Recordings) -> None:
        thread = parse_thread(recordings.named(THREAD).body)
        first = next(comment for comment in thread.comments if comment.id == "t1_nn3raa1")
        assert first.created_at.isoformat() == "2025-11-04T19:05:29+00:00"
        assert first.body == "me too, i'm glad i found it pretty easy too"

    def test_gives_the_post_and_what_is_left_out(self, recordings: Recordings) -> None:
        body = recordings.named(THREAD).body
        thread = parse_thread(body)
        assert thread.post is not None
        (card,) = StartTags(body.decode()).named("shreddit-post")
        assert known(thread.post, told(card)) == told(card)
        assert (thread.post.post_type, thread.post.crosspost_parent) == ("crosspost", "t3_1ooet58")
        assert thread.expected == 166
        assert len(thread.more) == body.count(b"/svc/shreddit/more-comments/")
        assert all(stub.cursor and stub.address.startswith("/svc/") for stub in thread.more)
        answered = {stub.parent_id for stub in thread.more} - {"t3_1ooeuoq"}
        assert answered <= {comment.id for comment in thread.comments}
        assert answered


class TestParseThread:
    def test_of_comments_with_another_name_is_a_changed_layout(
        self, recordings: Recordings
    ) -> None:
        whole = recordings.named(THREAD).body
        unnamed = whole.replace(b" thingid=", b" thing=")
        other = renamed(whole, b"shreddit-comment", b"reddit-note")
        without_loaders = unnamed.replace(b"/more-comments/", b"/others/")
        bare = re.sub(rb'(id|thing)="t1_', b'name="', renamed(without_loaders, *NOTE))
        for body in (unnamed, other, without_loaders, bare):
            with pytest.raises(LayoutChanged, match="comments") as caught:
                parse_thread(body)
            assert caught.value.sample

    def test_of_a_few_removed_comments_is_empty(self) -> None:
        about = ' view-context="CommentsPage" comment-count="2"'
        tree = '<shreddit-comment-tree totalcomments="2"></shreddit-comment-tree>'
        thread = parse_thread(feed(card("a", about), tree))
        assert (thread.comments, thread.expected) == ((), 2)
        with pytest.raises(LayoutChanged):
            parse_thread(feed(card("a", about), tree.replace('"2"', '"20"')))


NOTE = (b"shreddit-comment", b"reddit-note")


def renamed(body: bytes, name: bytes, other: bytes) -> bytes:
    """The page with an element's name changed, its longer relatives aside."""
    return re.sub(rb"(</?)" + name + rb"(?=[ >])", rb"\1" + other, body)


CARD = (
    '<shreddit-post id="t3_{name}" permalink="/r/x/comments/{name}/b/" subreddit-name="x"'
    ' post-title="T" created-timestamp="2026-06-25T15:54:31.771000+0000"{more}></shreddit-post>'
)


def card(name: str = "a", more: str = "") -> str:
    return CARD.format(name=name, more=more)


def feed(*cards: str, end: str = '<div id="right-sidebar-container"></div>') -> str:
    inside = "".join(cards)
    return (
        f"<html><body><shreddit-app><shreddit-feed>{inside}</shreddit-feed>{end}"
        "</shreddit-app></body></html>"
    )


class TestParseFeed:
    def test_drops_advertisements_and_counts_them(self) -> None:
        paid = (card("b", " promoted"), card("c", ' class="promotedlink"'), "<shreddit-ad-post>")
        listing = parse_feed(feed(card("a"), *paid))
        assert [post.id for post in listing.posts] == ["t3_a"]
        assert listing.advertisements == 3

    def test_leaves_hidden_numbers_null(self) -> None:
        (post,) = parse_feed(feed(card())).posts
        assert (post.score, post.num_comments, post.upvote_ratio, post.author) == (None,) * 4
        assert not post.over_18

    def test_reads_flags_without_values(self) -> None:
        (post,) = parse_feed(feed(card("a", " nsfw spoiler stickied"))).posts
        assert post.over_18
        assert post.spoiler
        assert post.stickied

    def test_reads_a_lock_that_is_shown(self) -> None:
        shown = card().replace("></s", '><svg class="lock-status"></svg></s')
        hidden = shown.replace("lock-status", "hidden lock-status")
        assert parse_feed(feed(shown)).posts[0].locked
        assert not parse_feed(feed(hidden)).posts[0].locked

    def test_takes_the_flair_from_its_link(self) -> None:
        link = '<a href="/r/x/?f=flair_name%3A%22%3Afire%3A%20Hot%20%26%20new%22">?</a>'
        flaired = card().replace("></s", f"><shreddit-post-flair>{link}</shreddit-post-flair></s")
        assert parse_feed(feed(flaired)).posts[0].flair == ":fire: Hot & new"

    def test_of_nothing_is_empty(self) -> None:
        listing = parse_feed(feed())
        assert (listing.posts, listing.after) == ((), None)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            "<html><body><shreddit-app></shreddit-app></body></html>",
            feed(card(), end=""),
            feed(card().replace("permalink", "link")),
            feed(card().replace("created-timestamp", "created")),
            feed(card().replace("t3_a", "a")),
        ],
    )
    def test_of_another_or_half_a_page_is_a_changed_layout(self, body: str | bytes) -> None:
        with pytest.raises(LayoutChanged) as caught:
            parse_feed(body)
        assert caught.value.sample is not None

    def test_of_any_part_of_a_page_gives_no_short_success(self, recordings: Recordings) -> None:
        whole = recordings.named(FEED).body
        end = whole.index(b'id="right-sidebar-container"')
        for share in range(10):
            with pytest.raises(LayoutChanged):
                parse_feed(whole[: end * share // 10])

    def test_of_cards_with_another_name_is_a_changed_layout(self, recordings: Recordings) -> None:
        for name, parse in ((FEED, parse_feed), (PARTIAL, parse_partial)):
            whole = renamed(recordings.named(name).body, b"shreddit-post", b"reddit-card")
            # Nothing but the cards themselves betrays them.
            silent = re.sub(rb"community-more-posts|<article|</article", b"<div", whole)
            batch = silent + b"<faceplate-batch></faceplate-batch>"
            for body in (whole, silent, batch):
                with pytest.raises(LayoutChanged) as caught:
                    parse(body)
                assert caught.value.sample

    def test_of_nothing_but_advertisements_is_empty(self) -> None:
        paid = '<shreddit-ad-post><article id="t3_b"></article></shreddit-ad-post>'
        assert parse_feed(feed(paid)).posts == ()

    def test_of_a_retired_design_is_a_changed_layout(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("legacy_react_html"):
            for parse in (parse_feed, parse_partial, parse_thread, parse_subreddit):
                with pytest.raises(LayoutChanged):
                    parse(recording.body)


class TestParsePartial:
    def test_of_the_end_is_empty(self) -> None:
        listing = parse_partial("<faceplate-batch></faceplate-batch>")
        assert (listing.posts, listing.after) == ((), None)

    def test_follows_the_loader_rather_than_the_cards(self) -> None:
        loader = (
            '<faceplate-partial src="/svc/shreddit/community-more-posts/new/?after=b2s%3D&t=x">'
        )
        body = card("a", ' more-posts-cursor="b2xk"') + loader + "</faceplate-partial>"
        assert parse_partial(body).after == "b2s"

    @pytest.mark.parametrize("cut", [30, 120, 170])
    def test_that_was_cut_is_a_changed_layout(self, cut: int) -> None:
        with pytest.raises(LayoutChanged):
            parse_partial((card("a") + card("b"))[:-cut])

    @pytest.mark.parametrize("body", [b"", "{}", "<html><body>hello</body></html>", feed(card())])
    def test_of_something_else_is_a_changed_layout(self, body: str | bytes) -> None:
        with pytest.raises(LayoutChanged):
            parse_partial(body)


class TestParseMoreComments:
    def test_hangs_them_where_they_say(self) -> None:
        body = (
            '<shreddit-comment thingid="t1_b" parentid="t1_a" depth="3" author="somebody"'
            ' created="2026-01-01T00:00:00.000000+0000"><div slot="comment"><p>hi</p></div>'
            "</shreddit-comment>"
        )
        thread = parse_more_comments(body, make_post(1))
        (comment,) = thread.comments
        assert (comment.parent_id, comment.depth, comment.body) == ("t1_a", 3, "hi")
        assert comment.is_submitter
        with pytest.raises(LayoutChanged):
            parse_more_comments(body[:-30], make_post(1))

    @pytest.mark.parametrize(
        "body", ["<shreddit-app></shreddit-app>", '<reddit-note thingid="t1_b"></reddit-note>']
    )
    def test_of_something_else_are_a_changed_layout(self, body: str) -> None:
        with pytest.raises(LayoutChanged):
            parse_more_comments(body, make_post(1))
