"""The simulated web sites: like the recorded ones, and telling the same posts as the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data_provider.errors import LayoutChanged
from data_provider.parsing import old_html, reddit_json, shreddit_html, shreddit_threads
from data_provider.sandbox import spanish
from data_provider.walls import WALLS, find_wall
from tests.data_provider.start_tags import StartTags
from tests.recordings import recordings_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import httpx

    from data_provider.types import Post

    from .conftest import Client

# What the one recorded feed and the one recorded thread happen not to show (REDDIT.md names them).
UNRECORDED = {"nsfw", "spoiler", "is-crosspost", "created"}
OLD_UNRECORDED = {"data-crosspost-root-subreddit"}
# A subreddit of each kind of wall, and the code of its error.
WALLED = {
    "walled": "blocked",
    "security": "blocked",
    "challenge": "challenge",
    "captcha": "challenge",
    "welcome": "login_required",
    "oldlogin": "login_required",
    "adult": "login_required",
    "private": "private",
    "banned": "banned",
    "quarantined": "quarantined",
}


async def ask(client: Client, path: str, **params: Any) -> httpx.Response:
    answer = await client.get(path, **params)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"
    return answer


def recorded(*names: str) -> StartTags:
    folder = recordings_folder()
    return StartTags("".join((folder / name).read_text("utf-8", "replace") for name in names))


def names_of(tags: Iterable[dict[str, str]]) -> set[str]:
    return {name for attributes in tags for name in attributes}


class TestWwwPages:
    async def test_are_built_of_recorded_elements(self, client: Client) -> None:
        real = recorded(
            "shreddit_listing/MachineLearning_feed_scrolled_2026-07-10.html",
            "shreddit_partial/community-more-posts_technology_top.html",
            "shreddit_post/aivideos_crosspost_1ooeuoq_2025-11.html",
        )
        pages = [(await ask(client, "/www/r/photography/hot/")).text]
        posts = shreddit_html.parse_feed(pages[0]).posts
        pages += [(await ask(client, f"/www{post.permalink}")).text for post in posts[:8]]
        ours = StartTags("".join(pages))
        for tag in ("shreddit-post", "shreddit-comment", "shreddit-subreddit-header"):
            invented = names_of(ours.named(tag)) - names_of(real.named(tag))
            assert invented <= UNRECORDED
            assert names_of(ours.named(tag))
        known = {tag for tag, _ in real.tags} | {"li", "ul"}
        assert {tag for tag, _ in ours.tags} <= known
        for slot in ("title", "text-body", "post-flair", "comment", "load-after"):
            assert real.named(ours.named_by_slot(slot), slot=slot)

    @pytest.mark.parametrize("sort", ["hot", "new", "top", "rising"])
    async def test_tell_the_posts_of_the_listing(self, client: Client, sort: str) -> None:
        body = await client.get(f"/www/r/photography/{sort}.json", limit=25, raw_json=1, t="year")
        wanted = reddit_json.parse_listing(body.content)
        feed = shreddit_html.parse_feed(
            (await ask(client, f"/www/r/photography/{sort}/", t="year")).text
        )
        assert [post.id for post in feed.posts] == [post.id for post in wanted.posts]
        assert shreddit_html.post_of_cursor(feed.after or "") == wanted.after
        assert feed.advertisements == 1
        compare(feed.posts, wanted.posts, unknown={"edited_at", "thumbnail"})

    async def test_go_on_in_parts_until_the_end(self, client: Client) -> None:
        listing = shreddit_html.parse_feed((await ask(client, "/www/r/empty/new/")).text)
        assert (listing.posts, listing.after) == ((), None)
        listing = shreddit_html.parse_feed((await ask(client, "/www/r/longthreads/new/")).text)
        found = list(listing.posts)
        while listing.after:
            path = "/www/svc/shreddit/community-more-posts/new/"
            part = await ask(client, path, after=listing.after, name="longthreads", t="DAY")
            listing = shreddit_html.parse_partial(part.text)
            found += listing.posts
        assert len({post.id for post in found}) == len(found) == 60

    async def test_of_a_thread_give_all_comments_with_their_loaders(self, client: Client) -> None:
        feed = shreddit_html.parse_feed((await ask(client, "/www/r/longthreads/new/")).text)
        post = max(feed.posts, key=lambda post: post.num_comments or 0)
        thread = shreddit_threads.parse_thread((await ask(client, f"/www{post.permalink}")).text)
        assert thread.post is not None
        assert thread.post.model_copy(update={"upvote_ratio": post.upvote_ratio}) == post
        assert len(thread.comments) == 50
        found, waiting = list(thread.comments), list(thread.more)
        while waiting:
            stub = waiting.pop()
            answer = await client.http.post(f"/www{stub.address}", data={"cursor": stub.cursor})
            part = shreddit_threads.parse_more_comments(answer.text, post, stub.parent_id)
            found += part.comments
            waiting += part.more
        ids = {comment.id for comment in found}
        assert len(ids) == len(found) > 0.9 * (thread.expected or 0)
        assert {comment.parent_id for comment in found} <= ids | {post.id}

    async def test_tell_of_the_subreddit(self, client: Client) -> None:
        found = shreddit_html.parse_subreddit((await ask(client, "/www/r/python/")).text)
        about = reddit_json.parse_subreddit((await client.get("/r/python/about.json")).content)
        assert (found.name, found.title) == (about.name, about.title)
        assert found.subscribers is None

    async def test_are_shown_to_browsers_without_the_prefix(self, client: Client) -> None:
        headers = {"accept": "text/html,application/xhtml+xml"}
        answer = await client.http.get("/r/tiny/new/", headers=headers)
        assert len(shreddit_html.parse_feed(answer.text).posts) == 7
        assert (await client.http.get("/r/tiny/new/")).status_code == 401

    async def test_have_the_feeds_script(self, client: Client) -> None:
        text = (await ask(client, "/www/r/python/")).text
        assert "virtualized-placeholder" in text
        assert "/www/svc/shreddit/community-more-posts/hot/?after=" in text


class TestOldPages:
    async def test_are_built_of_recorded_elements(self, client: Client) -> None:
        real = recorded(
            "old_html_listing/home_2025-01-10.html",
            "old_html_comments/politics_comments_2025-01-07.html",
            "old_html_comments/LocalLLaMA_post_2025-04-05.html",
        )
        pages = [(await ask(client, "/old/r/photography/hot/")).text]
        posts = old_html.parse_listing(pages[0]).posts
        pages += [(await ask(client, f"/old{post.permalink}")).text for post in posts[:8]]
        ours = StartTags("".join(pages))
        things = ours.named("div", **{"class": "thing"})
        assert (
            names_of(things) - names_of(real.named("div", **{"class": "thing"})) <= OLD_UNRECORDED
        )
        for name in ("midcol", "entry", "expando", "usertext-body", "footer-parent", "titlebox"):
            assert ours.named("div", **{"class": name})
            assert real.named("div", **{"class": name})
        for name in ("next-button", "linkflairlabel", "morecomments", "subscribers", "age"):
            assert real.named("span", **{"class": name})

    @pytest.mark.parametrize("sort", ["hot", "new", "top", "rising", "controversial"])
    async def test_tell_the_posts_of_the_listing(self, client: Client, sort: str) -> None:
        body = await client.get(f"/old/r/photography/{sort}.json", limit=100, raw_json=1, t="year")
        wanted = reddit_json.parse_listing(body.content)
        page = await ask(client, f"/old/r/photography/{sort}/", limit=100, t="year")
        found = old_html.parse_listing(page.text)
        assert [post.id for post in found.posts] == [post.id for post in wanted.posts]
        assert (found.after, found.advertisements) == (wanted.after, 1)
        unknown = {"selftext", "removed", "upvote_ratio"}
        compare(found.posts, wanted.posts, unknown=unknown, but=("poll", "gallery"))

    async def test_say_that_they_are_empty_as_the_recorded_one_does(self, client: Client) -> None:
        (marker,) = recorded("old_html_comments/LocalLLaMA_post_2025-04-05.html").named(
            "p", id="noresults"
        )
        await client.add_faults({"subreddit": "python", "action": "empty_page"})
        for path in ("/old/r/empty/new/", "/old/r/python/new/"):
            text = (await ask(client, path)).text
            assert StartTags(text).named("p", id="noresults") == [marker]
            assert old_html.parse_listing(text).posts == ()
        assert not StartTags((await ask(client, "/old/r/tiny/")).text).named("p", id="noresults")

    async def test_give_the_whole_text_with_the_thread(self, client: Client) -> None:
        page = await ask(client, "/old/r/photography/top/", t="all")
        for post in old_html.parse_listing(page.text).posts[:8]:
            thread = old_html.parse_thread((await ask(client, f"/old{post.permalink}")).text)
            body = await client.get(f"{post.permalink}.json", raw_json=1)
            wanted = reddit_json.parse_thread(body.content)
            assert thread.post is not None
            assert wanted.post is not None
            assert thread.post.selftext.split() == wanted.post.selftext.split()
            assert thread.post.upvote_ratio == wanted.post.upvote_ratio
            lacking = {"body": ""}
            assert [c.model_copy(update=lacking) for c in thread.comments] == [
                c.model_copy(update=lacking) for c in wanted.comments
            ]
            texts = [
                (a.body.split(), b.body.split())
                for a, b in zip(thread.comments, wanted.comments, strict=True)
            ]
            assert all(a == [word for word in b if word != ">"] or ">" in b for a, b in texts)
            assert sum(s.count for s in thread.more) == sum(s.count for s in wanted.more)

    async def test_tell_of_the_subreddit(self, client: Client) -> None:
        found = old_html.parse_subreddit((await ask(client, "/old/r/python/")).text)
        about = reddit_json.parse_subreddit((await client.get("/r/python/about.json")).content)
        assert found.model_copy(update={"icon": about.icon}) == about


class TestInAnotherLanguage:
    @pytest.mark.parametrize("site", ["www", "old"])
    async def test_pages_tell_the_same(
        self, client: Client, site: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: tuple[Callable[[str], Any], ...] = (
            (shreddit_html.parse_feed, shreddit_html.parse_subreddit)
            if site == "www"
            else (old_html.parse_listing, old_html.parse_subreddit)
        )
        parse = shreddit_threads.parse_thread if site == "www" else old_html.parse_thread
        listing = (await ask(client, f"/{site}/r/espanol/new/")).text
        posts = read[0](listing).posts
        talks = {post.id: post.num_comments for post in posts if post.num_comments}
        path = f"/{site}/comments/{max(talks, key=lambda name: talks[name])[3:]}/"
        thread = (await ask(client, path)).text
        monkeypatch.setattr("data_provider.sandbox.pages.in_spanish", lambda page: page)
        english = (await ask(client, f"/{site}/r/espanol/new/")).text
        other = (await ask(client, path)).text
        for text, plain in ((listing, english), (thread, other)):
            assert 'lang="es"' in text
            assert text != plain.replace('lang="en"', 'lang="es"') or site == "www"
        for parser in read:
            assert parser(listing) == parser(english)
        assert parse(thread) == parse(other)
        assert len(parse(thread).comments) > 5

    async def test_every_word_is_one_of_the_pages(self, client: Client) -> None:
        talks = (await client.page("/r/longthreads/new.json"))["children"][:8]
        paths = ["/old/r/longthreads/new/", "/old/r/python/new/", "/old/r/empty/", "/www/r/tiny/"]
        for talk in talks:
            paths += [f"/{site}/comments/{talk['data']['id']}/" for site in ("old", "www")]
        posts = (await client.page("/r/oddities/new.json", limit=100))["children"]
        gone = next(post for post in posts if post["data"]["author"] == "[deleted]")
        paths.append(f"/old/comments/{gone['data']['id']}/")
        pages = "".join([(await ask(client, path, limit=500)).text for path in paths])
        assert [word for word, _ in spanish.WORDS if word not in pages] == []


class TestRenamed:
    @pytest.mark.parametrize(
        ("path", "container", "parse"),
        [
            ("/www/r/renamed/new/", "shreddit-feed", shreddit_html.parse_feed),
            ("/old/r/renamed/new/", 'id="siteTable"', old_html.parse_listing),
            (
                "/www/svc/shreddit/community-more-posts/new/",
                "faceplate-batch",
                shreddit_html.parse_partial,
            ),
        ],
    )
    async def test_things_stand_in_known_containers(
        self, client: Client, path: str, container: str, parse: Callable[[str], object]
    ) -> None:
        text = (await ask(client, path, name="renamed")).text
        assert container in text
        with pytest.raises(LayoutChanged, match="posts"):
            parse(text)

    @pytest.mark.parametrize("site", ["www", "old"])
    async def test_comments_stand_below_their_post(self, client: Client, site: str) -> None:
        post = (await client.page("/r/longthreads/new.json"))["children"][0]["data"]
        path = f"/{site}/comments/{post['id']}/"
        await client.add_faults({"path": "/comments/", "action": "renamed"})
        text = (await ask(client, path)).text
        # The post is left as it was, so that only its comments are missing.
        for name, other in (("reddit-card", "shreddit-post"), (" item id-t3_", " thing id-t3_")):
            text = text.replace(name, other)
        parse = shreddit_threads.parse_thread if site == "www" else old_html.parse_thread
        with pytest.raises(LayoutChanged, match="comments"):
            parse(text)


class TestWalls:
    @pytest.mark.parametrize("site", ["www", "old"])
    @pytest.mark.parametrize(("name", "code"), WALLED.items())
    async def test_are_known_for_what_they_are(
        self, client: Client, site: str, name: str, code: str
    ) -> None:
        answer = await client.get(f"/{site}/r/{name}/new/")
        wall = find_wall(answer.content)
        assert wall is not None
        assert wall.code == code
        assert answer.status_code in (200, 403, 404)

    async def test_have_a_page_for_every_wording(self, client: Client) -> None:
        pages = [
            (await client.get(f"/{site}/r/{name}/new/")).content.lower()
            for site in ("www", "old")
            for name in WALLED
        ]
        shown = {
            wall.phrases
            for wall in WALLS
            if any(all(phrase in page for phrase in wall.phrases) for page in pages)
        }
        # A redirect's target, and a gate whose markup nobody has recorded.
        unshown = {(b"over18?dest=",), (b"<shreddit-forbidden", b"nsfw")}
        assert {wall.phrases for wall in WALLS} - shown == unshown

    async def test_are_not_seen_in_content(self, client: Client) -> None:
        for path in (
            "/www/r/oddities/new/",
            "/old/r/oddities/new/",
            "/www/r/empty/",
            "/old/r/empty/",
        ):
            assert find_wall((await ask(client, path)).content) is None

    async def test_send_a_missing_subreddit_to_the_search(self, client: Client) -> None:
        for site in ("www", "old"):
            answer = await client.get(f"/{site}/r/no_such_place/new/")
            assert answer.status_code == 302
            assert answer.headers["location"].endswith(f"/{site}/subreddits/search?q=no_such_place")


def compare(
    found: tuple[Post, ...],
    wanted: tuple[Post, ...],
    unknown: set[str],
    but: tuple[str, ...] = (),
) -> None:
    """Compare field by field; of crossposts and films, pages do not tell the media."""
    compared = 0
    for post, other in zip(found, wanted, strict=True):
        if other.post_type in ("crosspost", "video", *but):
            continue
        facts, truth = facts_of(post), facts_of(other)
        names = facts.keys() - unknown - ({"score"} if post.score is None else set())
        assert {name: facts[name] for name in names} == {name: truth[name] for name in names}
        compared += 1
    assert compared > len(found) * 0.7


def facts_of(post: Post) -> dict[str, Any]:
    facts = dict(post)
    for name in ("title", "selftext"):
        facts[name] = facts[name].split()
    return facts | {"media": [(media.type, media.url) for media in post.media]}
