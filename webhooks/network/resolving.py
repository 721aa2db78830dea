"""Looks names up, and hands on only the addresses that the policy lets through.

What is connected to is what was checked, whatever the name answers a moment later.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from webhooks.network.guard import Policy, Refused, check_address

# Answers the addresses of a host name as text; raises OSError when there are none.
Resolver = Callable[[str], Awaitable[Sequence[str]]]

# A name may have many addresses; a connection that fails on these would fail on the rest.
_MOST_ADDRESSES = 8

# Lookups at once: more than a courier has requests in flight, so that names whose servers hang
# (the C library waits 10 s and more, and cannot be interrupted) leave threads for the others.
_MOST_LOOKUPS = 256


class PinnedResolver(AbstractResolver):
    """aiohttp's resolver hook: the addresses of a name that may be connected to."""

    def __init__(self, policy: Policy, resolve: Resolver | None) -> None:
        self._policy = policy
        self._resolve = resolve or _SystemResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raise Refused when every address of a name is out of reach, OSError if it has none."""
        vetted: list[ResolveResult] = []
        refusal: Refused | None = None
        for text in await self._resolve(host):
            try:
                vetted.append(self._vet(host, text, port))
            except Refused as caught:
                refusal = caught
        if vetted:
            return vetted[:_MOST_ADDRESSES]
        raise refusal or socket.gaierror(socket.EAI_NONAME, "The name has no address.")

    async def close(self) -> None:
        """Nothing is held."""

    def _vet(self, host: str, text: str, port: int) -> ResolveResult:
        try:
            address = ip_address(text)
        except ValueError:
            raise Refused("address", f"{host} has no proper address.") from None
        check_address(address, port, self._policy)
        return ResolveResult(
            hostname=host,
            host=str(address),
            port=port,
            family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )


class _SystemResolver:
    """The C library's lookup in daemon threads: a hanging one neither holds a pool nor the exit."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_MOST_LOOKUPS)

    async def __call__(self, host: str) -> Sequence[str]:
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[str]] = loop.create_future()

        def finish(result: Sequence[str] | OSError) -> None:
            self._slots.release()
            if found.cancelled():
                return
            if isinstance(result, OSError):
                found.set_exception(result)
            else:
                found.set_result(result)

        def look_up() -> None:
            result = _look_up(host)
            if not loop.is_closed():
                loop.call_soon_threadsafe(finish, result)

        threading.Thread(target=look_up, name="dns", daemon=True).start()
        return await found


def _look_up(host: str) -> Sequence[str] | OSError:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, "The name cannot be looked up.")
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
