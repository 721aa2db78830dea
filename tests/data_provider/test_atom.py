from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from data_provider import InvalidResponse, LayoutChanged, Post
from data_provider.parsing.atom import parse_feed
from data_provider.parsing.html_text import text_of

if TYPE_CHECKING:
    from tests.data_provider.conftest import Recordings

ATOM = "{http://www.w3.org/2005/Atom}"
WORDS = re.compile(r"\w+")
PAGE = "https://www.reddit.com/r/python/comments/p1/post/"


class Content(HTMLParser):
    """Another reader of an entry's content: words and addresses of its text, and its [link]."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.target = ""
        self._depth = 0
        self._href = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if tag == "div":
            self._depth += 1
        if tag == "a":
            self._href = named.get("href") or ""
            if self._depth:
                self.addresses.append(self._href)

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.words += WORDS.findall(data)
        elif data == "[link]":
            self.target = self._href


def entry(**fields: Any) -> bytes:
    """A feed of one entry, whose parts are XML as it stands."""
    parts = {
        "author": "<author><name>/u/somebody</name></author>",
        "category": '<category term="python" label="r/python"/>',
        "content": f"<content>{escape(content())}</content>",
        "id": "<id>t3_p1</id>",
        "link": f'<link href="{PAGE}"/>',
        "published": "<published>2026-01-25T03:07:14+00:00</published>",
        "title": "<title>Post</title>",
    } | fields
    inside = "".join(parts.values())
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{inside}</entry></feed>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{feed}'.encode()


def content(target: str = PAGE, text: str = "") -> str:
    body = f'<!-- SC_OFF --><div class="md">{text}</div><!-- SC_ON -->' if text else ""
    return f'{body} submitted by <a href="x">/u/y</a> <a href="{escape(target)}">[link]</a>'


def one(**fields: Any) -> Post:
    (post,) = parse_feed(entry(**fields)).posts
    return post


def pointing_to(target: str) -> Post:
    return one(content=f"<content>{escape(content(target))}</content>")


def written(html: str) -> Post:
    return one(content=f"<content>{escape(content(text=html))}</content>")


class TestRecordedFeeds:
    def test_give_every_post_as_another_reader_has_it(self, recordings: Recordings) -> None:
        feed = recordings.named("rss/listing.rss")
        found = parse_feed(feed.body)
        entries = ET.fromstring(feed.body).findall(f"{ATOM}entry")  # noqa: S314
        assert len(found.posts) == len(entries) == 25
        assert found.others == 0
        for post, node in zip(found.posts, entries, strict=True):
            texts = {child.tag.removeprefix(ATOM): child.text for child in node}
            link = node.find(f"{ATOM}link")
            name = node.findtext(f"{ATOM}author/{ATOM}name")
            assert link is not None
            assert post.id == texts["id"]
            assert post.title == texts["title"]
            assert f"/u/{post.author}" == name
            assert "https://www.reddit.com" + post.permalink == link.get("href")
            assert post.created_at == datetime.fromisoformat(str(texts["published"]))
            assert post.subreddit == "gravelcycling"
            self.assert_content(post, Content(texts["content"] or ""))

    def assert_content(self, post: Post, expected: Content) -> None:
        assert post.url == expected.target
        for address in expected.addresses:
            assert address in post.selftext or address.removeprefix("/") in post.selftext
        marked = re.sub(r"\]\([^)]*\)|^ *(?:\d+\. |\* )", "", post.selftext, flags=re.MULTILINE)
        assert WORDS.findall(marked) == expected.words

    def test_do_not_pretend_to_know_what_they_lack(self, recordings: Recordings) -> None:
        for post in parse_feed(recordings.named("rss/listing.rss").body).posts:
            unknown = (
                post.score, post.upvote_ratio, post.num_comments, post.flair, post.edited_at,
                post.crosspost_parent, post.removed,
            )  # fmt: skip
            assert unknown == (None,) * 7
            flags = (post.over_18, post.spoiler, post.stickied, post.locked)
            assert flags == (False,) * 4

    def test_come_in_the_kinds_that_their_targets_tell(self, recordings: Recordings) -> None:
        posts = parse_feed(recordings.named("rss/listing.rss").body).posts
        assert {post.post_type for post in posts} == {"image", "gallery", "video"}
        for post in posts:
            assert bool(post.media) == (post.post_type == "image")
            assert post.thumbnail is not None
            assert post.domain in {"i.redd.it", "reddit.com", "v.redd.it", "i.imgur.com"}

    def test_of_a_thread_hold_one_post_and_its_comments(self, recordings: Recordings) -> None:
        found = parse_feed(recordings.named("rss/thread.rss").body)
        assert [post.id for post in found.posts] == ["t3_1qcwxml"]
        assert found.others == 0
        (_, *entries) = ET.fromstring(recordings.named("rss/thread.rss").body).findall(  # noqa: S314
            f"{ATOM}entry"
        )
        assert len(found.comments) == len(entries) == 33
        for comment, node in zip(found.comments, entries, strict=True):
            name = node.findtext(f"{ATOM}author/{ATOM}name")
            written = Content(node.findtext(f"{ATOM}content") or "")
            assert comment.id == node.findtext(f"{ATOM}id")
            assert (comment.author and f"/u/{comment.author}") == name
            assert comment.created_at == datetime.fromisoformat(
                node.findtext(f"{ATOM}updated") or ""
            )
            assert WORDS.findall(comment.body) == written.words
            assert comment.is_submitter == (comment.author == "aspiring-housewife-")
            told = (comment.post_id, comment.parent_id, comment.depth)
            assert told == ("t3_1qcwxml", "t3_1qcwxml", 0)
            unknown = (comment.score, comment.edited_at, comment.distinguished, comment.removed)
            assert unknown == (None,) * 4
        assert sum(comment.is_submitter for comment in found.comments) > 5
        assert sum(comment.author is None for comment in found.comments) == 2


class TestEntry:
    def test_of_a_text_points_to_itself(self) -> None:
        post = written("<p>Hello</p>")
        assert (post.post_type, post.is_self, post.domain) == ("text", True, "self.python")
        assert (post.url, post.permalink) == (PAGE, "/r/python/comments/p1/post/")
        assert post.selftext == "Hello"

    @pytest.mark.parametrize(
        ("target", "post_type", "domain"),
        [
            ("https://www.example.org/a?b=1&c=2", "link", "example.org"),
            ("https://i.redd.it/a.gif?x", "image", "i.redd.it"),
            ("https://v.redd.it/abc", "video", "v.redd.it"),
            ("https://www.reddit.com/gallery/p1", "gallery", "reddit.com"),
            ("https://www.reddit.com/r/other/comments/p2/x/", "link", "reddit.com"),
            ("https://gallery.example/gallery/1", "link", "gallery.example"),
            ("http://[bad", "link", ""),
        ],
    )
    def test_of_a_link_is_known_by_its_target(
        self, target: str, post_type: str, domain: str
    ) -> None:
        post = pointing_to(target)
        assert (post.url, post.post_type, post.domain) == (target, post_type, domain)
        assert not post.is_self

    def test_is_not_led_astray_by_a_link_in_the_text(self) -> None:
        post = written('<p><a href="https://evil.example/">[link]</a></p>')
        assert post.url == PAGE

    @pytest.mark.parametrize("author", ["", "<author><name>/u/[deleted]</name></author>"])
    def test_without_an_account_has_no_author(self, author: str) -> None:
        assert one(author=author).author is None

    @pytest.mark.parametrize("word", ["deleted", "removed"])
    def test_that_is_gone_says_by_whom(self, word: str) -> None:
        post = written(f"<p>[{word}]</p>")
        assert (post.selftext, post.removed) == ("", word)

    def test_without_category_is_of_the_subreddit_in_its_address(self) -> None:
        assert one(category="").subreddit == "python"

    def test_with_the_time_of_its_change_only_has_that(self) -> None:
        post = one(published="<updated>2026-01-25T04:07:14+01:00</updated>")
        assert post.created_at == datetime(2026, 1, 25, 3, 7, 14, tzinfo=UTC)

    @pytest.mark.parametrize(
        "fields",
        [
            {"title": ""}, {"link": ""}, {"published": ""},
            {"published": "<published>yesterday</published>"},
            {"published": "<published>2026-01-25T03:07:14</published>"},
        ],
    )  # fmt: skip
    def test_without_its_parts_is_a_changed_layout(self, fields: dict[str, str]) -> None:
        with pytest.raises(LayoutChanged):
            one(**fields)

    def test_keeps_signs_and_unescapes_once(self) -> None:
        title = "<title>a &amp;amp; b &lt;i&gt; \U0001f600 &#8212;</title>"
        assert one(title=title).title == "a &amp; b <i> \U0001f600 \u2014"


class TestParseFeed:
    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"<feed", b"<html><p>no", b"<html/>", entry()[:-40]]
    )
    def test_refuses_what_is_no_xml(self, body: bytes) -> None:
        with pytest.raises(InvalidResponse):
            parse_feed(body)

    @pytest.mark.parametrize("body", [b"<rss/>", b"<opml/>", b'<feed xmlns="http://x"/>'])
    def test_refuses_xml_of_another_kind(self, body: bytes) -> None:
        with pytest.raises(LayoutChanged) as caught:
            parse_feed(body)
        assert caught.value.sample

    @pytest.mark.parametrize(
        "subset",
        [
            '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">',
            '<!ENTITY x SYSTEM "file:///etc/hostname">',
            '<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;',
            "",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_reads_no_document_type(self, subset: str, encoding: str) -> None:
        body = f"<!DOCTYPE feed [{subset}]><feed xmlns='http://www.w3.org/2005/Atom'>x</feed>"
        with pytest.raises(InvalidResponse, match="document type"):
            parse_feed(body.encode(encoding))

    def test_reads_characters_that_xml_has_not(self) -> None:
        for sign in ("\x0b", "&#11;", "&#xD83D;", "&#x110000;"):
            assert one(title=f"<title>a{sign}b</title>").title == "a\ufffdb"
        assert parse_feed(entry().replace(b">Post<", b">P\xffst<")).posts[0].title == "P\ufffdst"

    def test_of_nothing_is_empty(self) -> None:
        assert parse_feed(b'<feed xmlns="http://www.w3.org/2005/Atom"/>').posts == ()

    def test_is_not_shaken_by_depth(self) -> None:
        deep = "<a>" * 50_000 + "</a>" * 50_000
        assert one(deep=deep).id == "t3_p1"


class TestTextOf:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<p>a</p>\n\n<p>b</p>\n", "a\n\nb"),
            ("<p>a<br/>b</p>", "a\nb"),
            ("<p>1 &lt; 2 &amp;amp; &#39;x&#39;</p>", "1 < 2 &amp; 'x'"),
            ("<p><b>b</b> <em>i</em> <del>d</del> <code>c</code></p>", "**b** *i* ~~d~~ `c`"),
            ('<p><a href="https://x.example/?a=1&amp;b=2">word</a></p>', "[word](https://x.example/?a=1&b=2)"),
            ('<p><a href="https://x.example/">https://x.example/</a></p>', "https://x.example/"),
            ('<p><a href="/u/me">u/me</a> in <a href="/r/x">/r/x</a></p>', "u/me in /r/x"),
            ("<ul>\n<li>a</li>\n<li>b</li>\n</ul>", "* a\n* b"),
            ("<ol><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ol>", "1. a\n2. b\n\n   * c"),
            ("<blockquote>\n<p>a</p>\n\n<p>b</p>\n</blockquote>", "> a\n>\n> b"),
            ("<pre><code>if a:\n    b &lt; 1\n</code></pre>", "if a:\n        b < 1"),
            ("<h2>T</h2><hr/><p>x</p>", "## T\n\n---\n\nx"),
            ('<p><span class="md-spoiler-text">boo</span> x<sup>2</sup></p>', ">!boo!< x^(2)"),
            ('<p><img src="https://i.redd.it/a.png" alt="cat"/></p>', "![cat](https://i.redd.it/a.png)"),
            (
                "<table><thead>\n<tr>\n<th>A</th>\n<th>B</th>\n</tr>\n</thead><tbody>\n<tr><td>1</td><td>2</td>"
                "</tr></tbody></table>",
                "A | B\n---|---\n\n1 | 2",
            ),
            ("<p>open <b>never closed", "open **never closed**"),
            ("stray</p> end", "stray end"),
            ("a < b and <c", "a < b and <c"),
            ("", ""),
        ],
    )  # fmt: skip
    def test_is_like_what_was_written(self, html: str, text: str) -> None:
        assert text_of(html) == text

    @pytest.mark.parametrize(
        "part", ["<", "<a ", "<!--", "<blockquote>", "<p>x", '<a x="', "</p>", "<em>x</p>", "\n "]
    )
    def test_takes_time_by_length_only(self, part: str) -> None:
        assert len(text_of(part * 100_000)) <= 600_000
