"""Sends one request under the guard and says what came back; the only module that knows aiohttp.

One deadline covers name, connection, TLS, headers and body. Nothing of the environment (proxies,
cookies, .netrc) takes part, redirects are answers, and what is read is bounded.
"""

import asyncio
import functools
import socket
import ssl
import time
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from webhooks.network.answer import CAPTURE_BYTES, Answer, Capture, milliseconds_between
from webhooks.network.guard import Policy, Refused, check_address, check_url
from webhooks.network.resolving import PinnedResolver, Resolver

# Below what common servers keep an idle connection for (Node, uvicorn: 5 s): a request sent into
# one that is just being closed would be a failed attempt.
_KEEP_ALIVE_SECONDS = 4.0

# A vetted answer of DNS serves connections of this long a moment.
_DNS_SECONDS = 10

# A receiver's words may stand in an error; this much of them.
_LONGEST_DETAIL = 500

_CODES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (Refused, "blocked_address"),
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "dns"),
    ((aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError, ssl.SSLError), "tls"),
    (aiohttp.ClientConnectorError, "connect"),
    ((aiohttp.ServerDisconnectedError, OSError), "reset"),
)
_FAULTS = (Refused, aiohttp.ClientError, HttpProcessingError, OSError)


class Sender:
    """A long-lived client for one event loop, made at the first request; any number at once."""

    def __init__(
        self,
        policy: Policy,
        *,
        timeout_seconds: float,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._timeout_seconds = timeout_seconds
        self._resolver = resolver
        self._tls = tls or _trust()
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request; a fault of the network or the receiver is an Answer, never raised.

        Cancelled after the status has come, it returns at once with what it has seen.
        Raises ValueError for headers that cannot be sent (line breaks): a fault of the caller's.
        """
        started = time.monotonic()
        seen = Capture()
        try:
            address = _checked(url, self._policy)
            async with asyncio.timeout(self._timeout_seconds):
                await self._exchange(address, body, headers, seen)
        except _FAULTS as fault:
            if seen.status is None:
                return _failure(fault, started, self._timeout_seconds)
        except asyncio.CancelledError:
            # Who was cut off while the body came has the outcome, and would only send it again.
            if seen.status is None or (task := asyncio.current_task()) is None:
                raise
            task.uncancel()
        return seen.answer(started)

    async def aclose(self) -> None:
        """Close every connection; requests in flight fail."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self, url: URL, body: bytes, headers: Mapping[str, str], seen: Capture
    ) -> None:
        response = await self._client().post(url, data=body, headers=headers, allow_redirects=False)
        try:
            seen.begin(response)
            async for chunk in response.content.iter_any():
                if not seen.add(chunk):
                    return
        finally:
            # Gives a connection back when the answer was read to its end, else closes it.
            response.release()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=PinnedResolver(self._policy, self._resolver),
                ssl=self._tls,
                limit=0,
                keepalive_timeout=_KEEP_ALIVE_SECONDS,
                ttl_dns_cache=_DNS_SECONDS,
                socket_factory=self._open_socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"accept": "*/*", "accept-encoding": "identity"},
                skip_auto_headers=("user-agent", "content-type"),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                trust_env=False,
                auto_decompress=False,
                read_bufsize=CAPTURE_BYTES,
            )
        return self._session

    def _open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """The last gate, which every connection passes: the address that it really goes to."""
        family, kind, protocol, _, (host, port, *_) = info
        check_address(ip_address(host), port, self._policy)
        return socket.socket(family, kind, protocol)


def _failure(fault: BaseException, started: float, timeout_seconds: float) -> Answer:
    code = next((code for kinds, code in _CODES if isinstance(fault, kinds)), "invalid_response")
    if code == "timeout":
        detail = f"No answer within {timeout_seconds:g} s."
    elif isinstance(fault, aiohttp.ClientConnectorError):
        detail = str(fault.os_error)
    else:
        detail = str(fault) or type(fault).__name__
    ended = time.monotonic()
    return Answer(None, code, detail[:_LONGEST_DETAIL], milliseconds_between(started, ended))


@functools.lru_cache(maxsize=4096)
def _checked(url: str, policy: Policy) -> URL:
    """Check an address by its spelling, once; where it leads is looked at for each connection."""
    check_url(url, policy)
    return URL(url)


@functools.cache
def _trust() -> ssl.SSLContext:
    """The system's certificate authorities; loading them takes tens of milliseconds."""
    return ssl.create_default_context()
