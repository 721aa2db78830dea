"""The ASGI application: reads a request, applies faults and quota, sends what routes.py answers."""

from __future__ import annotations

from typing import Any

from data_provider.sandbox import bodies
from data_provider.sandbox.control import Control
from data_provider.sandbox.faults import (
    Faults,
    Receive,
    Send,
    Timing,
    acting_rule,
    play,
    preempt,
    refusal,
    wait_for_disconnect,
)
from data_provider.sandbox.quota import DEFAULT_RATE_LIMIT, Quota
from data_provider.sandbox.requests import LARGEST_BODY, Request, RequestLog, read_request
from data_provider.sandbox.routes import Routes
from data_provider.sandbox.rules import FaultRule, Subject
from data_provider.sandbox.tokens import Tokens
from data_provider.sandbox.world import NEWEST_AT, World

# Walls stand before the part of Reddit that counts requests, so they carry no quota headers.
_UNCOUNTED = (
    "wall_403",
    "challenge_200",
    "captcha_200",
    "security_403",
    "welcome_200",
    "old_login_200",
)
_COMMON_HEADERS = {
    "cache-control": "private, s-maxage=0, max-age=0, must-revalidate, no-store",
    "expires": "-1",
    "server": "snooserv",
    "vary": "accept-encoding, Accept-Encoding",
}


class SandboxApp:
    """The simulated Reddit of one seed."""

    def __init__(self, world: World, rate_limit: int, timing: Timing) -> None:
        tokens = Tokens(world.seed, timing.monotonic)
        self._routes = Routes(world, tokens)
        self._faults = Faults(world.seed, timing)
        self._quota = Quota(rate_limit, timing.monotonic)
        self._log = RequestLog()
        self._control = Control(world, self._faults, self._log, tokens)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await _serve_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            await play(bodies.error(413), None, send)
            return
        request = read_request(scope, body)
        own = self._control.answer(request, body)
        if own is not None:
            await play(own, None, send)
            return
        await self._serve_reddit(request, receive, send)

    async def _serve_reddit(self, request: Request, receive: Receive, send: Send) -> None:
        subreddit = self._routes.subreddit_of(request)
        entry = self._log.add(request, subreddit)
        armed = self._faults.judge(Subject(request.full_path, subreddit, request.is_paged))
        rule = acting_rule(armed)
        response = self._answer(request, rule)
        await self._faults.wait(armed, response.items)
        if rule is not None and rule.action == "stall":
            await wait_for_disconnect(receive)
            return
        entry["status"] = response.status
        await play(response, rule, send)

    def _answer(self, request: Request, rule: FaultRule | None) -> bodies.Response:
        is_reddit = request.dialect != "brightdata"
        is_counted = is_reddit and (rule is None or rule.action not in _UNCOUNTED)
        has_quota = self._quota.take() if is_counted else True
        response = preempt(rule, request.dialect)
        if response is None:
            response = self._routes.answer(request) if has_quota else refusal(429, request.dialect)
        response.headers |= _COMMON_HEADERS
        if is_counted:
            response.headers |= self._quota.headers()
        if is_counted and response.status == 429 and "retry-after" in response.headers:  # noqa: PLR2004
            # One word only: the window is used up, and ends when one may come back.
            response.headers["x-ratelimit-remaining"] = "0.0"
            response.headers["x-ratelimit-reset"] = response.headers["retry-after"]
        return response


def create_app(
    seed: int = 0,
    rate_limit: int | None = None,
    newest_at: int = NEWEST_AT,
    timing: Timing | None = None,
) -> SandboxApp:
    """Build the simulated Reddit.

    `rate_limit` is the number of requests per 600 s (None: practically none), `newest_at` the
    second (Unix time) of the newest posts. Same seed and `newest_at`, same bytes.
    """
    limit = DEFAULT_RATE_LIMIT if rate_limit is None else rate_limit
    return SandboxApp(World(seed, newest_at), limit, timing or Timing())


async def _serve_lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _read_body(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return body
