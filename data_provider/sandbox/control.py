"""The sandbox's own routes: the index at /, and /_sandbox/ where tests script faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data_provider.sandbox.bodies import Response, error
from data_provider.sandbox.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_provider.sandbox.faults import Faults
    from data_provider.sandbox.requests import Request, RequestLog
    from data_provider.sandbox.tokens import Tokens
    from data_provider.sandbox.world import World


class Lifetime(BaseModel):
    """What POST /_sandbox/tokens takes: seconds that the tokens issued from now on live."""

    model_config = ConfigDict(extra="forbid")

    expires_in: float = Field(gt=0)


class Control:
    """Answers what Reddit does not have."""

    def __init__(self, world: World, faults: Faults, log: RequestLog, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._faults = faults
        self._log = log
        self._handlers: dict[tuple[str, str], Callable[[bytes], Response]] = {
            ("GET", "/"): self._show_index,
            ("GET", "/_sandbox/faults"): self._show_faults,
            ("POST", "/_sandbox/faults"): self._add_faults,
            ("DELETE", "/_sandbox/faults"): self._clear_faults,
            ("GET", "/_sandbox/requests"): self._show_requests,
            ("DELETE", "/_sandbox/requests"): self._clear_requests,
            ("POST", "/_sandbox/tokens"): self._set_lifetime,
            ("DELETE", "/_sandbox/tokens"): self._expire_tokens,
        }

    def answer(self, request: Request, body: bytes) -> Response | None:
        """Answer a request to the sandbox itself; None for one to Reddit."""
        handler = self._handlers.get((request.method, request.path))
        if handler is not None:
            return handler(body)
        return error(404) if request.path.startswith("/_sandbox") else None

    def _show_index(self, _body: bytes) -> Response:
        subreddits = [
            {
                "name": subreddit.name,
                "posts": subreddit.post_count,
                "url": f"/r/{subreddit.name}/new.json",
                "behaviour": subreddit.special.says if subreddit.special else "ordinary",
            }
            for subreddit in self._world.subreddits()
        ]
        index = {"what": "a simulated Reddit", "seed": self._world.seed, "subreddits": subreddits}
        return Response(200, orjson.dumps(index, option=orjson.OPT_INDENT_2))

    def _show_faults(self, _body: bytes) -> Response:
        return Response(200, RULES.dump_json(self._faults.rules(), exclude_defaults=True))

    def _add_faults(self, body: bytes) -> Response:
        try:
            rules = RULES.validate_json(body)
        except ValidationError as problem:
            return Response(400, problem.json(include_url=False).encode())
        self._faults.add(rules)
        return self._show_faults(body)

    def _clear_faults(self, body: bytes) -> Response:
        self._faults.replace([])
        return self._show_faults(body)

    def _show_requests(self, _body: bytes) -> Response:
        return Response(200, orjson.dumps(self._log.report()))

    def _clear_requests(self, body: bytes) -> Response:
        self._log.clear()
        return self._show_requests(body)

    def _set_lifetime(self, body: bytes) -> Response:
        try:
            seconds = Lifetime.model_validate_json(body).expires_in
        except ValidationError as problem:
            return Response(400, problem.json(include_url=False).encode())
        self._tokens.lifetime_seconds = seconds
        return Response(200, orjson.dumps({"expires_in": seconds}))

    def _expire_tokens(self, _body: bytes) -> Response:
        self._tokens.expire()
        return Response(200, orjson.dumps({}))
