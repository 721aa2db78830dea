from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from data_provider import NotConfigured, Query, Unsupported
from scraper import sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

SINCE = "2026-01-01T00:00:00Z"


@pytest.fixture
def configure(settings: SettingsWrapper) -> Callable[..., None]:
    def put(**values: Any) -> None:
        settings.ENV = settings.ENV.model_copy(update=values)

    return put


class TestAuto:
    def test_without_keys_is_the_public_json(self) -> None:
        assert sources.resolve("auto") == "native_json"
        assert sources.resolve("auto", Query(subreddit="python", sort="top")) == "native_json"

    def test_prefers_the_official_api_where_it_has_a_key(
        self, configure: Callable[..., None]
    ) -> None:
        configure(TEPPAN_REDDIT_CLIENT_ID="me")
        assert sources.resolve("auto") == "oauth"

    @pytest.mark.parametrize("fields", [{"since": SINCE}, {"until": SINCE}, {"limit": 5000}])
    def test_asks_the_archive_what_only_the_archive_can_answer(
        self, configure: Callable[..., None], fields: dict[str, Any]
    ) -> None:
        configure(TEPPAN_REDDIT_CLIENT_ID="me")
        query = Query(subreddit="python", **fields)
        assert sources.resolve("auto", query) == "archive"
        assert sources.capabilities_of("auto", query).dates
        assert sources.open_source("auto", query).name == "archive"

    def test_says_why_nobody_can(self) -> None:
        query = Query(subreddit="python", sort="top", since=SINCE)
        with pytest.raises(Unsupported, match=r"archive cannot sort by top, rss cannot select"):
            sources.resolve("auto", query)

    def test_with_nobody_ready_names_its_setting(self, configure: Callable[..., None]) -> None:
        configure(TEPPAN_AUTO_ORDER=("oauth",))
        with pytest.raises(NotConfigured) as caught:
            sources.resolve("auto")
        assert caught.value.setting == "TEPPAN_AUTO_ORDER"


class TestReports:
    def test_name_the_key_that_the_official_api_lacks(self) -> None:
        reports = {report["name"]: report for report in sources.backend_reports()}
        assert reports["oauth"]["needs"] == ["TEPPAN_REDDIT_CLIENT_ID"]
        assert "TEPPAN_REDDIT_CLIENT_ID" in reports["oauth"]["reason"]
        assert (reports["rss"]["configured"], reports["archive"]["configured"]) == (True, True)
        assert reports["archive"]["capabilities"]["max_limit"] == 1_000_000
        assert settings.ENV.TEPPAN_REDDIT_CLIENT_ID == ""
