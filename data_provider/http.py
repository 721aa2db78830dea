"""One HTTP client per source: paced, size-capped, never redirected, errors in our own tree.

The only door to httpx in this package. What an answer means beyond its status belongs to
walls and parsing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from ssl import SSLError
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from data_provider.config import read_cookies, unusable_proxy
from data_provider.errors import InvalidResponse, Network, SourceError, Timeout, Unsupported
from data_provider.pacing import pacer_of, retry_after_seconds, with_seconds_left

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from data_provider.base import Clock
    from data_provider.config import ProviderConfig

_KEEPALIVE_CONNECTIONS = 4
PROXY_WANTS_LOG_IN = 407
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
        except (TimeoutError, httpx.HTTPError) as error:
            raise self._fault_of(error, request.url.host) from error
        if answer.status == PROXY_WANTS_LOG_IN:
            raise proxy_fault(self._config, f"HTTP {answer.status}")
        await self.pacer.learn(answer.headers)
        if answer.status == TOO_MANY_REQUESTS:
            await self.pacer.refused(retry_after_seconds(answer.headers, self._clock.now()))
        return answer

    async def aclose(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _fault_of(self, error: Exception, host: str) -> SourceError:
        why = str(error) or type(error).__name__
        if isinstance(error, httpx.ProxyError):
            return proxy_fault(self._config, why)
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
            return self._never_sent(error, host, why)
        if isinstance(error, (TimeoutError, httpx.TimeoutException)):
            return Timeout(f"{host} did not answer in time.")
        if isinstance(error, httpx.DecodingError):
            return InvalidResponse(f"The answer cannot be unpacked: {error}")
        return Network(f"{host}: {why}")

    def _never_sent(self, error: httpx.TransportError, host: str, why: str) -> SourceError:
        # A connection is always made to the proxy where there is one.
        is_proxy = self._config.proxy_url is not None and not _is_of_target(error)
        if is_proxy and not isinstance(error, httpx.PoolTimeout):
            return proxy_fault(self._config, why)
        kind = Timeout if isinstance(error, httpx.TimeoutException) else Network
        found = kind(f"{host}: {why}")
        found.was_sent = False
        return found

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
                cookies=read_cookies(config),
                proxy=_proxy(config),
                timeout=httpx.Timeout(
                    config.read_timeout_seconds, connect=config.connect_timeout_seconds
                ),
                limits=httpx.Limits(max_keepalive_connections=_KEEPALIVE_CONNECTIONS),
                follow_redirects=False,
                trust_env=False,
                verify=_tls(),
            )
        return self._client


def proxy_fault(config: ProviderConfig, why: str) -> Network:
    """Return the fault of a proxy: ours, or one on the way that nobody has configured."""
    found = Network(f"{name_of_proxy(config)} did not take the request: {why}")
    found.was_sent = False
    return found


def name_of_proxy(config: ProviderConfig) -> str:
    """Return what a proxy is called, without the password in its address."""
    if config.proxy_url is None:
        return "A proxy on the way (TEPPAN_PROXY_URL is not set)"
    host_and_port = urlsplit(config.proxy_url).netloc.rpartition("@")[2]
    return f"The proxy {host_and_port} (TEPPAN_PROXY_URL)"


def _is_of_target(error: BaseException) -> bool:
    """Say whether a connection failed behind the proxy: it passes the target's TLS through."""
    step: BaseException | None = error
    while step is not None and not isinstance(step, SSLError):
        step = step.__cause__ or step.__context__
    return step is not None


def _proxy(config: ProviderConfig) -> httpx.Proxy | None:
    if config.proxy_url is None:
        return None
    try:
        return httpx.Proxy(config.proxy_url)
    except (ValueError, httpx.InvalidURL) as error:
        raise unusable_proxy() from error


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
