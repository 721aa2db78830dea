"""Text is escaped as Reddit escapes it, and odd text survives the way."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Client


class TestEscaping:
    async def test_happens_exactly_once_without_raw_json(self, client: Client) -> None:
        path = "/r/oddities/new.json"
        plain = (await client.get(path, limit=100)).json()
        raw = (await client.get(path, limit=100, raw_json=1)).json()
        pairs = list(zip(_strings(plain), _strings(raw), strict=True))
        assert all(_escape(clear) == escaped for escaped, clear in pairs)
        assert any(escaped != clear for escaped, clear in pairs)

    async def test_leaves_no_bare_sign_in_the_body(self, client: Client) -> None:
        body = (await client.get("/r/oddities/new.json", limit=100)).text
        assert "<" not in body
        assert ">" not in body
        assert body.count("&") == sum(body.count(sign) for sign in ("&amp;", "&lt;", "&gt;"))

    async def test_reaches_addresses_of_pictures(self, client: Client) -> None:
        page = (await client.get("/r/photography/new.json", limit=100)).json()["data"]
        previews = [c["data"]["preview"] for c in page["children"] if "preview" in c["data"]]
        url = previews[0]["images"][0]["source"]["url"]
        assert "&amp;" in url
        assert "&amp;" not in html.unescape(url)

    async def test_leaves_a_literal_entity_to_be_read_back(self, client: Client) -> None:
        page = (await client.get("/r/oddities/new.json", limit=100)).json()["data"]
        titles = {html.unescape(child["data"]["title"]) for child in page["children"]}
        assert "Why do I see &amp; and &lt;b&gt; instead of the signs? R&D <3" in titles


class TestOddText:
    async def test_is_all_there(self, client: Client) -> None:
        page = await client.page("/r/oddities/new.json", limit=100)
        titles = " ".join(child["data"]["title"] for child in page["children"])
        texts = [child["data"]["selftext"] for child in page["children"]]
        for piece in ("\r\nevent: done", "\u2028", "=HYPERLINK(", "<script>", "\U0001f680"):
            assert piece in titles
        assert max(len(text) for text in texts) == 77_835
        assert any("\r\n" in text and "\r" in text.replace("\r\n", "") for text in texts)

    async def test_keeps_to_the_limit_of_a_title(self, client: Client) -> None:
        for name in ("oddities", "python", "sewing"):
            page = await client.page(f"/r/{name}/new.json", limit=100)
            lengths = [len(child["data"]["title"]) for child in page["children"]]
            assert min(lengths) >= 1
            assert max(lengths) <= 300

    async def test_is_sprinkled_over_ordinary_subreddits_too(self, client: Client) -> None:
        pages = await client.chain("/r/python/new.json", limit=100)
        posts = [child["data"] for page in pages for child in page["children"]]
        pieces = (
            "<script>",
            "=HYPERLINK(",
            "\r\nevent: done",
            "\u2028",
            "[ Removed by moderator ]",
        )
        odd = [post for post in posts if any(piece in post["title"] for piece in pieces)]
        assert 3 < len(odd) < 30

    async def test_has_lone_surrogates_where_asked_for(self, client: Client) -> None:
        body = (await client.get("/r/surrogates/new.json")).content
        assert b"\\ud83d" in body
        title = json.loads(body)["data"]["children"][0]["data"]["title"]
        assert title.startswith("\ud83d ")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key in sorted(value) for text in _strings(value[key])]
    if isinstance(value, list):
        return [text for entry in value for text in _strings(entry)]
    return []
