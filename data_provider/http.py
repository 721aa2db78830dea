"""One HTTP client per source: paced, size-capped, never redirected, errors in our own tree.

The only door to httpx in this package. What an answer means beyond its status belongs to
walls and parsing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, LoadError, MozillaCookieJar
from typing import TYPE_CHECKING

import httpx

from data_provider.errors import InvalidResponse, Network, NotConfigured, Timeout, Unsupported
from data_provider.pacing import pacer_of, retry_after_seconds, with_seconds_left

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from data_provider.base import Clock
    from data_provider.config import ProviderConfig

_KEEPALIVE_CONNECTIONS = 4
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Answer:
    """A complete response. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class HttpClient:
    """Sends requests for one source. `requests_made` counts those that went out."""

    def __init__(
        self, config: ProviderConfig, clock: Clock, backend: str, identity: str = ""
    ) -> None:
        self.pacer = pacer_of(config, clock, backend, identity)
        self.requests_made = 0
        self._clock = clock
        self._config = config
        self._client: httpx.AsyncClient | None = None

    async def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status.

        Raises Network, Timeout, InvalidResponse (it cannot be unpacked or is too large) and
        RateLimited (the window is used up: nothing was sent).
        """
        return await self.send("GET", url, params=params, headers=headers)

    async def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Return the answer to any request; errors as for `get`."""
        client = self._open()
        try:
            request = client.build_request(
                method, url, params=params, headers=headers, content=content
            )
        except httpx.InvalidURL as error:
            raise Unsupported(f"This cannot be asked over HTTP: {error}") from error
        await self.pacer.wait()
        self.requests_made += 1
        try:
            async with asyncio.timeout(self._config.total_timeout_seconds):
                answer = await self._exchange(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _never_sent(error, request) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Timeout(f"{request.url.host} did not answer in time.") from error
        except httpx.DecodingError as error:
            raise InvalidResponse(f"The answer cannot be unpacked: {error}") from error
        except httpx.HTTPError as error:
            raise Network(f"{request.url.host}: {error or type(error).__name__}") from error
        await self.pacer.learn(answer.headers)
        if answer.status == TOO_MANY_REQUESTS:
            await self.pacer.refused(retry_after_seconds(answer.headers, self._clock.now()))
        return answer

    async def aclose(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._open().send(request, stream=True)
        try:
            body = await _read(response, self._config.max_body_bytes)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        headers = with_seconds_left(headers, self._clock.now())
        return Answer(response.status_code, headers, body, str(request.url))

    def _open(self) -> httpx.AsyncClient:
        """Return the client, made on first use so that it belongs to the loop that uses it."""
        config = self._config
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers={"user-agent": config.user_agent},
                cookies=_cookies(config),
                proxy=config.proxy_url,
                timeout=httpx.Timeout(
                    config.read_timeout_seconds, connect=config.connect_timeout_seconds
                ),
                limits=httpx.Limits(max_keepalive_connections=_KEEPALIVE_CONNECTIONS),
                follow_redirects=False,
                trust_env=False,
                verify=_tls(),
            )
        return self._client


def _never_sent(error: httpx.TransportError, request: httpx.Request) -> Network | Timeout:
    kind = Timeout if isinstance(error, httpx.TimeoutException) else Network
    found = kind(f"{request.url.host}: {error or type(error).__name__}")
    found.was_sent = False
    return found


async def _read(response: httpx.Response, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            raise InvalidResponse(f"The answer is larger than {most} bytes.")
    return bytes(body)


@cache
def _tls() -> ssl.SSLContext:
    """Return the trust store, once: loading it costs 30 ms, as much as a page."""
    return httpx.create_ssl_context(trust_env=False)


def _cookies(config: ProviderConfig) -> CookieJar | None:
    if config.cookies_file is None:
        return None
    jar = MozillaCookieJar(config.cookies_file)
    try:
        jar.load(ignore_discard=True, ignore_expires=True)
    except (OSError, LoadError) as error:
        raise NotConfigured(
            "TEPPAN_REDDIT_COOKIES_FILE", f"TEPPAN_REDDIT_COOKIES_FILE cannot be read: {error}"
        ) from error
    for cookie in jar:
        # Browsers write session cookies with the time 0, which would count as long expired.
        cookie.expires = cookie.expires or None
    return jar
