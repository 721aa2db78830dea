"""The one wiring of sources to this installation: their settings, their clock, their choice."""

from typing import Any

from django.conf import settings

from data_provider import (
    BACKENDS,
    Capabilities,
    NotConfigured,
    ProviderConfig,
    Query,
    ScraperBackend,
    SystemClock,
    Unsupported,
    backend_class,
    get_scraper,
)

AUTO = "auto"


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
        brightdata_url=env.TEPPAN_BRIGHTDATA_URL,
        brightdata_token=env.TEPPAN_BRIGHTDATA_TOKEN or None,
        archive_url=env.TEPPAN_ARCHIVE_URL,
        sandbox_url=env.TEPPAN_SANDBOX_URL,
        user_agent=env.TEPPAN_USER_AGENT,
        proxy_url=env.TEPPAN_PROXY_URL,
        cookies_file=env.TEPPAN_REDDIT_COOKIES_FILE,
        requests_per_minute=env.requests_per_minute,
        auto_order=env.TEPPAN_AUTO_ORDER,
        chromium=env.TEPPAN_CHROMIUM,
        browser_site=env.TEPPAN_BROWSER_SITE,
    )


def open_source(backend: str, query: Query | None = None) -> ScraperBackend:
    """Return the source by name, AUTO by the configured order.

    Raises NotConfigured, naming the setting that enables it, and Unsupported as `resolve`.
    """
    clock = SystemClock(scale=settings.TEPPAN["TIME_SCALE"])
    return get_scraper(resolve(backend, query), provider_config(), clock)


def resolve(backend: str, query: Query | None = None) -> str:
    """Return the name of the source that would serve now.

    For AUTO that is the first configured one that can answer the query. Raises NotConfigured if
    none is configured, Unsupported with each one's reason if none of those can.
    """
    if backend != AUTO:
        return backend
    problems = []
    for name in provider_config().auto_order:
        if name not in BACKENDS or reason_not_configured(name) is not None:
            continue
        problem = backend_class(name).capabilities.problem_with(query) if query else None
        if problem is None:
            return name
        problems.append(f"{name} {problem}")
    if problems:
        raise Unsupported(f"No source that is ready can do this: {', '.join(problems)}.")
    raise NotConfigured("TEPPAN_AUTO_ORDER", "None of the sources of TEPPAN_AUTO_ORDER is ready.")


def capabilities_of(backend: str, query: Query | None = None) -> Capabilities:
    """Return what the source can answer. Raises as `open_source`."""
    return backend_class(resolve(backend, query)).capabilities


def reason_not_configured(name: str) -> str | None:
    """Return the sentence that says which setting enables the source; None when it is ready."""
    try:
        get_scraper(name, provider_config())
    except NotConfigured as error:
        return error.message
    return None


def backend_reports() -> list[dict[str, Any]]:
    """Return for each source whether it can be used, what it can do, and what it lacks."""
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
                    "subreddit_search": able.subreddit_search,
                    "subreddit_about": able.subreddit_about,
                    "streaming": able.streaming,
                    "cost": able.cost,
                },
                "reason": reason,
            }
        )
    return reports
