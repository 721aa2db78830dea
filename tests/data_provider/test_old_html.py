from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from data_provider.errors import LayoutChanged
from data_provider.parsing.old_html import parse_listing, parse_subreddit, parse_thread
from tests.data_provider.start_tags import StartTags
from tests.data_provider.written_texts import WrittenTexts, words_of_markdown

if TYPE_CHECKING:
    from data_provider.types import Post
    from tests.data_provider.conftest import Recording, Recordings

# A page of 2013 has hardly any data attributes; what else it says is read too.
BEFORE_DATA = "2013"


def tags_of(recording: Recording) -> StartTags:
    return StartTags(recording.body.decode("utf-8", "replace"))


def told(attributes: dict[str, str]) -> dict[str, Any]:
    """What the attributes of a thing say."""
    permalink, domain = attributes["data-permalink"], attributes["data-domain"]
    is_self = domain.startswith("self.")
    return {
        "id": attributes["data-fullname"],
        "subreddit": attributes["data-subreddit"],
        "author": attributes["data-author"],
        "permalink": permalink,
        "url": f"https://www.reddit.com{permalink}" if is_self else attributes["data-url"],
        "domain": domain,
        "score": int(attributes["data-score"]),
        "num_comments": int(attributes["data-comments-count"]),
        "over_18": attributes["data-nsfw"] == "true",
        "spoiler": attributes["data-spoiler"] == "true",
        "stickied": "stickied" in attributes["class"].split(),
        "is_self": is_self,
        "created_at": datetime.fromtimestamp(int(attributes["data-timestamp"]) // 1000, UTC),
    }


def known(post: Post, wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(post, name) for name in wanted}


class TestRecordedListings:
    def test_give_every_post_field_by_field(self, recordings: Recordings) -> None:
        compared = 0
        for recording in recordings.of_kind("old_html_listing"):
            if BEFORE_DATA in recording.name:
                continue
            listing = parse_listing(recording.body)
            things = tags_of(recording).named("div", **{"class": "thing"})
            assert len(listing.posts) == len(things) == listing.children == 25
            for post, attributes in zip(listing.posts, things, strict=True):
                wanted = told(attributes)
                assert known(post, wanted) == wanted
                compared += 1
        assert compared == 50

    def test_give_titles_flairs_and_thumbnails(self, recordings: Recordings) -> None:
        listing = parse_listing(recordings.named("old_html_listing/dankmemes_2023-11.html").body)
        post = listing.posts[1]
        assert (post.title, post.flair) == ("I'm all eyes", "hi :kp1::kp2::kp3: :isforme:")
        assert post.thumbnail is not None
        assert post.thumbnail.startswith("https://b.thumbs.redditmedia.com/qoLFexdKjvNeGB")
        assert [(media.type, media.url) for media in post.media] == [("gif", post.url)]
        assert sum(post.flair is not None for post in listing.posts) == 16

    def test_tell_where_the_next_page_starts(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("old_html_listing"):
            listing = parse_listing(recording.body)
            assert listing.after == listing.posts[-1].id

    def test_of_2013_are_read_from_what_they_show(self, recordings: Recordings) -> None:
        listing = parse_listing(recordings.named("old_html_listing/frontpage_2013-11-04.html").body)
        assert len(listing.posts) == 25
        for post in listing.posts:
            assert post.permalink.split("/")[:3] == ["", "r", post.subreddit]
            assert post.author
            assert post.domain in post.url
            assert post.created_at.date().isoformat() in ("2013-11-04", "2013-11-05")
            assert post.num_comments is None

    def test_do_not_pretend_to_know_what_they_lack(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("old_html_listing"):
            for post in parse_listing(recording.body).posts:
                assert post.upvote_ratio is None


class TestRecordedThreads:
    def test_give_every_comment(self, recordings: Recordings) -> None:
        recording = recordings.named("old_html_comments/politics_comments_2025-01-07.html")
        tags, thread = tags_of(recording), parse_thread(recording.body)
        things = tags.named("div", **{"class": "thing"})
        comments = [thing for thing in things if "comment" in thing["class"].split()]
        assert len(thread.comments) == len(comments) == 200
        for comment, attributes in zip(thread.comments, comments, strict=True):
            assert comment.id == f"t1_{attributes['data-permalink'].rstrip('/').split('/')[-1]}"
            assert comment.author == attributes.get("data-author")
            assert comment.stickied == ("stickied" in attributes["class"].split())
            assert (comment.score is None) == (
                "score-hidden" in attributes["class"].split() or comment.author is None
            )
        times = [t["datetime"] for t in tags.named("time", **{"class": "live-timestamp"})[1:]]
        assert [c.created_at for c in thread.comments] == list(map(datetime.fromisoformat, times))
        edited = tags.named("time", **{"class": "edited-timestamp"})
        assert sum(c.edited_at is not None for c in thread.comments) == len(edited) == 6

    def test_give_what_comments_say_and_their_scores(self, recordings: Recordings) -> None:
        recording = recordings.named("old_html_comments/politics_comments_2025-01-07.html")
        page = recording.body.decode()
        written = WrittenTexts(
            page, ("class", "comment"), ("class", "usertext-body"), "data-permalink"
        ).words
        scores = re.findall(
            r'<div class="[^"]* comment .*?<p class="tagline">(.*?)</p>', page, re.DOTALL
        )
        thread = parse_thread(recording.body)
        for comment, (permalink, words), tagline in zip(
            thread.comments, written.items(), scores, strict=True
        ):
            assert permalink.rstrip("/").endswith(comment.id.removeprefix("t1_"))
            body = words_of_markdown(comment.body or f"[{comment.removed}]")
            assert body == words, permalink
            told = re.search(r'class="score unvoted" title="(-?\d+)"', tagline)
            assert comment.score == (int(told[1]) if told else None)
        assert sum(comment.score is not None for comment in thread.comments) > 90
        assert sum(len(words) for words in written.values()) > 3000

    def test_hang_comments_below_what_they_answer(self, recordings: Recordings) -> None:
        recording = recordings.named("old_html_comments/politics_comments_2025-01-07.html")
        thread = parse_thread(recording.body)
        depths = {comment.id: comment.depth for comment in thread.comments}
        for comment in thread.comments:
            if comment.depth:
                assert depths[comment.parent_id] == comment.depth - 1
            else:
                assert comment.parent_id == "t3_1hvp7z5"
        assert max(depths.values()) == 7

    def test_count_what_is_left_out(self, recordings: Recordings) -> None:
        recording = recordings.named("old_html_comments/politics_comments_2025-01-07.html")
        thread = parse_thread(recording.body)
        assert len(thread.more) == 132
        by_depth = [stub for stub in thread.more if not stub.children]
        assert len(by_depth) == recording.body.count(b"'d1:t1_") > 0
        for stub in thread.more:
            assert stub.count >= len(stub.children)
        assert thread.post is not None
        said = thread.post.num_comments
        assert said is not None
        # Posts count their removed comments too, and votes and comments move while a page is made.
        found = len(thread.comments) + sum(stub.count for stub in thread.more)
        assert abs(found - said) < said * 0.05

    def test_tell_of_removed_comments(self, recordings: Recordings) -> None:
        recording = recordings.named("old_html_comments/politics_comments_2025-01-07.html")
        (gone,) = (c for c in parse_thread(recording.body).comments if c.removed)
        assert (gone.removed, gone.body, gone.author) == ("removed", "", None)
        (first,) = (c for c in parse_thread(recording.body).comments if c.distinguished)
        assert (first.distinguished, first.author) == ("moderator", "AutoModerator")

    def test_give_the_whole_post(self, recordings: Recordings) -> None:
        recording = recordings.named("old_html_comments/LocalLLaMA_post_2025-04-05.html")
        thread = parse_thread(recording.body)
        assert thread.post is not None
        assert thread.comments == ()
        assert thread.post.selftext.startswith("https://www.llama.com/llama4-reasoning")
        assert thread.post.selftext.endswith("just a gif on the page.")
        assert (thread.post.upvote_ratio, thread.post.flair) == (0.91, "News")
        (attributes,) = tags_of(recording).named("div", **{"class": "thing"})
        assert known(thread.post, told(attributes)) == told(attributes)


class TestSubreddit:
    def test_is_told_beside_its_listing(self, recordings: Recordings) -> None:
        found = parse_subreddit(recordings.named("old_html_listing/dankmemes_2023-11.html").body)
        assert (found.name, found.title, found.description) == (
            "dankmemes",
            "dankmemes",
            "just dank.",
        )
        assert (found.subscribers, found.active_users) == (5_997_996, 5_474)
        assert found.subreddit_type == "public"
        assert found.created_at == datetime(2014, 1, 3, 2, 49, 3, tzinfo=UTC)


THING = (
    '<div class="thing id-t3_a link{more}" data-fullname="t3_a" data-subreddit="x"'
    ' data-timestamp="1700000000000" data-permalink="/r/x/comments/a/b/" data-domain="self.x"'
    '{attributes}><div class="entry"><p class="title"><a class="title" href="/">T</a></p></div>'
    "</div>"
)


NOTHING = '<p id="noresults" class="error">there is nothing</p>'


def page(*things: str, footer: str = '<div class="footer-parent"></div>') -> str:
    return f'<html><body><div id="siteTable">{"".join(things)}</div>{footer}</body></html>'


def thing(more: str = "", attributes: str = "") -> str:
    return THING.format(more=more, attributes=attributes)


class TestParseListing:
    def test_drops_advertisements_and_counts_them(self) -> None:
        paid = [
            thing(" promoted"),
            thing(" promotedlink"),
            thing(attributes=' data-promoted="true"'),
        ]
        listing = parse_listing(page(*paid, thing()))
        assert [post.id for post in listing.posts] == ["t3_a"]
        assert (listing.children, listing.advertisements) == (4, 3)

    def test_of_nothing_is_empty(self) -> None:
        for body in (page(NOTHING), page().replace("siteTable", "noresults")):
            listing = parse_listing(body)
            assert (listing.posts, listing.after) == ((), None)

    def test_of_cards_with_another_name_is_a_changed_layout(self, recordings: Recordings) -> None:
        for recording in recordings.of_kind("old_html_listing"):
            for name, other in ((b" thing ", b" item "), (b"link ", b"post ")):
                body = re.sub(rb'(<div class="[^"]*)' + name, rb"\1" + other, recording.body)
                assert body != recording.body
                with pytest.raises(LayoutChanged, match="posts") as caught:
                    parse_listing(body)
                assert caught.value.sample

    def test_leaves_unknown_numbers_and_accounts_null(self) -> None:
        (post,) = parse_listing(page(thing(attributes=' data-score="•"'))).posts
        assert (post.score, post.num_comments, post.author, post.flair) == (None, None, None, None)

    def test_knows_a_crosspost_by_its_origin(self) -> None:
        told = ' data-crosspost-root-subreddit="y" data-url="/r/y/comments/zz9/w/"'
        (post,) = parse_listing(page(thing(attributes=told))).posts
        assert (post.post_type, post.crosspost_parent) == ("crosspost", "t3_zz9")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html><body><h1>hello</h1></body></html>",
            page(),
            page(thing(), footer=""),
            page(thing().replace("data-fullname", "data-name")),
            page(thing().replace("data-timestamp", "data-time")),
            page(thing().replace('class="title"', 'class="heading"')),
            '<html><body><div id="posts"></div><div class="footer-parent"></div></body></html>',
        ],
    )
    def test_of_another_or_half_a_page_is_a_changed_layout(self, body: str | bytes) -> None:
        with pytest.raises(LayoutChanged) as caught:
            parse_listing(body)
        assert caught.value.sample is not None

    def test_of_any_part_of_a_page_gives_no_short_success(self, recordings: Recordings) -> None:
        whole = recordings.named("old_html_listing/home_2025-01-10.html").body
        for share in range(1, 9):
            with pytest.raises(LayoutChanged):
                parse_listing(whole[: len(whole) * share // 10])


class TestParseThread:
    def test_of_comments_with_another_name_is_a_changed_layout(
        self, recordings: Recordings
    ) -> None:
        whole = recordings.named("old_html_comments/politics_comments_2025-01-07.html").body
        others = re.sub(rb'(<div class="[^"]*)comment ', rb"\1note ", whole)
        without_stubs = others.replace(b"morechildren", b"others").replace(b"deepthread", b"deeper")
        without_count = others.replace(b"data-comments-count", b"data-amount")
        for body in (others, without_stubs, without_count):
            with pytest.raises(LayoutChanged, match="comments") as caught:
                parse_thread(body)
            assert caught.value.sample

    def test_of_removed_comments_is_empty_where_the_page_says_so(
        self, recordings: Recordings
    ) -> None:
        body = recordings.named("old_html_comments/LocalLLaMA_post_2025-04-05.html").body
        said = body.replace(b'data-comments-count="0"', b'data-comments-count="3"')
        thread = parse_thread(said)
        assert thread.comments == ()
        assert thread.post is not None
        assert thread.post.num_comments == 3
        with pytest.raises(LayoutChanged):
            parse_thread(said.replace(b'id="noresults"', b""))

    def test_of_a_listing_is_a_changed_layout(self, recordings: Recordings) -> None:
        with pytest.raises(LayoutChanged):
            parse_thread(recordings.named("old_html_listing/home_2025-01-10.html").body)
