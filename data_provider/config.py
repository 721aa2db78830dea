"""Everything a source may be told about its surroundings, as one frozen value.

Who reads the environment fills it; nothing below this line does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http.cookiejar import CookieJar, LoadError, MozillaCookieJar
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from data_provider.errors import NotConfigured
from data_provider.pace import Paces

# The order of AUTO: official and permitted sources first; simulated data is never a substitute.
AUTO_ORDER = ("oauth", "native_json", "archive", "rss", "brightdata", "playwright", "nodriver")
# Reddit asks for <platform>:<app id>:<version>; default names of libraries are throttled hard.
DEFAULT_USER_AGENT = "python:teppan:0.1 (self-hosted research)"


class ProviderConfig(BaseModel):
    """Settings of all sources; base addresses may carry a path prefix (`http://h:1/www`).

    `requests_per_minute` is keyed by backend name; 0 or absent = as fast as upstream's own
    headers allow.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reddit_www_url: str = "https://www.reddit.com"
    reddit_old_url: str = "https://old.reddit.com"
    reddit_oauth_url: str = "https://oauth.reddit.com"
    reddit_token_url: str = "https://www.reddit.com/api/v1/access_token"  # noqa: S105
    reddit_client_id: str | None = None
    reddit_client_secret: str | None = Field(default=None, repr=False)
    reddit_username: str | None = None
    reddit_password: str | None = Field(default=None, repr=False)
    brightdata_url: str = "https://api.brightdata.com"
    brightdata_token: str | None = Field(default=None, repr=False)
    archive_url: str = "https://arctic-shift.photon-reddit.com"
    sandbox_url: str | None = None
    user_agent: str = DEFAULT_USER_AGENT
    proxy_url: str | None = Field(default=None, repr=False)
    cookies_file: Path | None = None
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 30.0
    # A body that drips a byte at a time never trips the read timeout; this ends it.
    total_timeout_seconds: float = 120.0
    # A page of 100 posts with the longest texts seen (77,835 characters, twice) is below 20 MB.
    max_body_bytes: int = 64 * 1024 * 1024
    requests_per_minute: Mapping[str, float] = Field(default_factory=dict)
    # Where the rate is kept that several processes share; each client has its own without.
    paces: Paces | None = Field(default=None, repr=False)
    auto_order: tuple[str, ...] = AUTO_ORDER
    chromium: Path | None = None
    browser_site: Literal["www", "old"] = "www"


def egress_of(config: ProviderConfig) -> str:
    """Return a name for the way out, the same in every process; addresses stay unsaid."""
    way = "direct"
    if config.proxy_url:
        way = "proxy-" + hashlib.sha256(config.proxy_url.encode()).hexdigest()[:8]
    return f"{way}-session" if config.cookies_file else way


def read_cookies(config: ProviderConfig) -> CookieJar | None:
    """Return the cookies of the operator's session, if there is one. Raises NotConfigured."""
    if config.cookies_file is None:
        return None
    jar = MozillaCookieJar(config.cookies_file)
    try:
        jar.load(ignore_discard=True, ignore_expires=True)
    except (OSError, LoadError, UnicodeDecodeError) as error:
        setting = "TEPPAN_REDDIT_COOKIES_FILE"
        raise NotConfigured(setting, f"{setting} cannot be read: {error}") from error
    for cookie in jar:
        # Browsers write session cookies with the time 0, which would count as long expired.
        cookie.expires = cookie.expires or None
    return jar


def check_proxy(config: ProviderConfig) -> None:
    """Raise NotConfigured unless the proxy, if there is one, has an address that all sources take.

    The address stays unsaid: it may hold a password.
    """
    if config.proxy_url is None:
        return
    try:
        parts = urlsplit(config.proxy_url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        # A port that is none raises when it is asked for.
        is_usable = is_usable and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise unusable_proxy()


def unusable_proxy() -> NotConfigured:
    """Return what to say of a proxy whose address is none."""
    setting = "TEPPAN_PROXY_URL"
    return NotConfigured(setting, f"{setting} should look like http://host:3128.")
