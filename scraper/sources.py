"""The one wiring of sources to this installation: their settings, their clock, their choice."""

import asyncio
from typing import Any

from django.conf import settings

from data_provider import (
    AUTO,
    BACKENDS,
    Capabilities,
    Health,
    NotConfigured,
    ProviderConfig,
    Query,
    ScraperBackend,
    SourceError,
    SystemClock,
    Timeout,
    backend_class,
    get_scraper,
    is_auto_cursor,
)
from scraper.pace import shared_pace
from scraper.source_health import shared_health

__all__ = ["AUTO"]

# A person waits for the answer; a browser needs some seconds to start.
TRIAL_SECONDS = 20


def provider_config() -> ProviderConfig:
    """Return what the installation's settings tell the sources."""
    env = settings.ENV
    return ProviderConfig(
        reddit_www_url=env.TEPPAN_REDDIT_WWW_URL,
        reddit_old_url=env.TEPPAN_REDDIT_OLD_URL,
        reddit_oauth_url=env.TEPPAN_REDDIT_OAUTH_URL,
        reddit_token_url=env.TEPPAN_REDDIT_TOKEN_URL,
        reddit_client_id=env.TEPPAN_REDDIT_CLIENT_ID or None,
        reddit_client_secret=env.TEPPAN_REDDIT_CLIENT_SECRET or None,
        reddit_username=env.TEPPAN_REDDIT_USERNAME or None,
        reddit_password=env.TEPPAN_REDDIT_PASSWORD or None,
        brightdata_url=env.TEPPAN_BRIGHTDATA_URL,
        brightdata_token=env.TEPPAN_BRIGHTDATA_TOKEN or None,
        archive_url=env.TEPPAN_ARCHIVE_URL,
        sandbox_url=env.TEPPAN_SANDBOX_URL,
        user_agent=env.TEPPAN_USER_AGENT,
        proxy_url=env.TEPPAN_PROXY_URL,
        cookies_file=env.TEPPAN_REDDIT_COOKIES_FILE,
        requests_per_minute=env.requests_per_minute,
        paces=shared_pace,
        auto_order=env.TEPPAN_AUTO_ORDER,
        chromium=env.TEPPAN_CHROMIUM,
        browser_site=env.TEPPAN_BROWSER_SITE,
    )


def open_source(backend: str, query: Query | None = None) -> ScraperBackend:
    """Return the source by name, writing into the installation's book how it fares.

    Raises NotConfigured, naming the setting that enables it, and Unsupported if it cannot answer
    the query; for AUTO, when none of the sources of its order can.
    """
    clock = SystemClock(scale=settings.TEPPAN["TIME_SCALE"])
    source = get_scraper(backend, provider_config(), clock, shared_health())
    if query is not None:
        source.check(query)
    return source


def source_for_cursor(backend: str, cursor: str, backend_used: str) -> str:
    """Return whose cursor it is: a job's source, or for AUTO of old the one that it had chosen."""
    is_foreign = backend == AUTO and bool(cursor) and not is_auto_cursor(cursor)
    return backend_used if is_foreign else backend


def capabilities_of(backend: str, query: Query | None = None) -> Capabilities:
    """Return what the source can answer. Raises as `open_source`."""
    if backend != AUTO:
        return backend_class(backend).capabilities
    return open_source(AUTO, query).capabilities


def reason_not_configured(name: str) -> str | None:
    """Return the sentence that says which setting enables the source; None when it is ready."""
    try:
        get_scraper(name, provider_config())
    except NotConfigured as error:
        return error.message
    return None


def backend_reports() -> list[dict[str, Any]]:
    """Return for each source whether it can be used, what it can do, lacks, and how it fares."""
    lanes = {name: lane for name in BACKENDS if (lane := _lane_of(name))}
    health = shared_health().look_now(list(lanes.values())) or {}
    reports = []
    for name in BACKENDS:
        reason = reason_not_configured(name)
        able = backend_class(name).capabilities
        reports.append(
            {
                "name": name,
                "configured": reason is None,
                "needs": list(able.needs),
                "capabilities": {
                    "sorts": sorted(able.sorts),
                    "max_limit": able.max_limit,
                    "dates": able.dates,
                    "search": able.search,
                    "comments": able.comments,
                    "max_comments": able.max_comments,
                    "has_comment_tree": able.has_comment_tree,
                    "subreddit_search": able.subreddit_search,
                    "subreddit_about": able.subreddit_about,
                    "streaming": able.streaming,
                    "cost": able.cost,
                },
                "health": _health_as_json(health.get(lanes.get(name, ""), Health())),
                "reason": reason,
            }
        )
    return reports


async def try_source(name: str) -> SourceError | None:
    """Ask a source one cheap question now; return what it failed with. Raises Unsupported."""
    try:
        async with open_source(name) as source, asyncio.timeout(TRIAL_SECONDS):
            await source.check_connection()
    except TimeoutError:
        return Timeout(f"No answer within {TRIAL_SECONDS} s.")
    except SourceError as error:
        return error
    return None


def _lane_of(name: str) -> str | None:
    try:
        return get_scraper(name, provider_config()).lane
    except NotConfigured:
        return None


def _health_as_json(health: Health) -> dict[str, Any]:
    last, quota = health.last_error, health.quota
    rate, p50 = health.success_rate, health.p50_ms
    return {
        "state": health.state,
        "success_rate": rate if rate is None else round(rate, 3),
        "p50_ms": p50 if p50 is None else round(p50, 1),
        "last_error": last and {"code": last.code, "detail": last.detail, "at": last.at},
        "quota": quota and {"remaining": quota.remaining, "reset_seconds": quota.reset_seconds},
    }
