from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from data_provider import NotConfigured, Query, Unsupported
from scraper import sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

SINCE = "2026-01-01T00:00:00Z"


@pytest.fixture
def configure(settings: SettingsWrapper) -> Callable[..., None]:
    def put(**values: Any) -> None:
        settings.ENV = settings.ENV.model_copy(update=values)

    return put


class TestAuto:
    def test_can_what_the_sources_of_its_order_can(self) -> None:
        able = sources.capabilities_of("auto")
        assert (able.max_limit, able.dates, able.comments) == (1_000_000, True, True)

    @pytest.mark.parametrize("fields", [{"since": SINCE}, {"until": SINCE}, {"limit": 5000}])
    def test_takes_on_what_one_of_them_can_answer(self, fields: dict[str, Any]) -> None:
        assert sources.open_source("auto", Query(subreddit="python", **fields)).name == "auto"

    def test_says_why_nobody_can(self) -> None:
        query = Query(subreddit="python", sort="top", since=SINCE)
        with pytest.raises(Unsupported, match=r"archive cannot sort by top, rss cannot select"):
            sources.open_source("auto", query)

    def test_with_nobody_ready_names_its_setting(self, configure: Callable[..., None]) -> None:
        configure(TEPPAN_AUTO_ORDER=("oauth",))
        with pytest.raises(NotConfigured) as caught:
            sources.open_source("auto", Query(subreddit="python"))
        assert caught.value.setting == "TEPPAN_AUTO_ORDER"

    def test_a_cursor_of_a_source_that_it_chose_once_stays_that_source_s(self) -> None:
        assert sources.source_for_cursor("auto", "", "rss") == "auto"
        assert sources.source_for_cursor("auto", "auto.x", "rss") == "auto"
        assert sources.source_for_cursor("auto", "eyJhZnRlciI6", "rss") == "rss"
        assert sources.source_for_cursor("oauth", "eyJhZnRlciI6", "") == "oauth"


class TestReports:
    def test_say_that_the_session_cannot_be_read(
        self, configure: Callable[..., None], tmp_path: Path
    ) -> None:
        cookies = tmp_path / "cookies.txt"
        cookies.write_text("no cookies")
        configure(TEPPAN_REDDIT_COOKIES_FILE=cookies)
        reports = {report["name"]: report for report in sources.backend_reports()}
        assert (reports["native_json"]["configured"], reports["archive"]["configured"]) == (
            False,
            True,
        )
        assert "TEPPAN_REDDIT_COOKIES_FILE cannot be read" in reports["native_json"]["reason"]

    def test_name_the_key_that_the_official_api_lacks(self) -> None:
        reports = {report["name"]: report for report in sources.backend_reports()}
        assert reports["oauth"]["needs"] == ["TEPPAN_REDDIT_CLIENT_ID"]
        assert "TEPPAN_REDDIT_CLIENT_ID" in reports["oauth"]["reason"]
        assert (reports["rss"]["configured"], reports["archive"]["configured"]) == (True, True)
        assert reports["archive"]["capabilities"]["max_limit"] == 1_000_000
        comments = {name: reports[name]["capabilities"]["has_comment_tree"] for name in reports}
        assert (comments["rss"], comments["oauth"]) == (False, True)
        assert settings.ENV.TEPPAN_REDDIT_CLIENT_ID == ""
