"""Keeps the armed rules, permanent and scripted, and plays a fault out on the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_provider.sandbox import bodies, walls
from data_provider.sandbox.dice import mix
from data_provider.sandbox.requests import PAGES
from data_provider.sandbox.rules import ArmedRule, FaultRule, Subject
from data_provider.sandbox.specials import SPECIALS

if TYPE_CHECKING:
    from data_provider.sandbox.requests import Dialect

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A paced page may be this late and still make up for it, so that the mean rate is the asked one.
PACING_CREDIT_SECONDS = 1.0
# The share of a body that leaves before it is cut.
CUT_AT = 0.6

# What things are called in every dialect, and what they might be called some day.
_RENAMED = (
    (b"shreddit-post ", b"reddit-card "),
    (b"</shreddit-post>", b"</reddit-card>"),
    (b"shreddit-comment ", b"reddit-note "),
    (b"</shreddit-comment>", b"</reddit-note>"),
    (b'class=" thing ', b'class=" item '),
    (b"<entry>", b"<item>"),
    (b"</entry>", b"</item>"),
    (b'"kind":"t', b'"kind":"n'),
    (b'"title":', b'"heading":'),
    (b'"post_id":', b'"item_id":'),
)
_EMPTY: dict[Dialect, Callable[[], bodies.Response]] = {
    "atom": bodies.empty_feed,
    "archive": bodies.empty_archive,
    "www": walls.empty_feed,
    "old": walls.empty_table,
}
_RELAYOUT: dict[Dialect, Callable[[], bodies.Response]] = {
    "atom": bodies.other_feed,
    "www": walls.relayout,
    "old": walls.relayout,
}
_PREEMPTING: dict[str, Callable[[Dialect], bodies.Response | None]] = {
    "private": lambda dialect: _shut("private", 403, dialect, bodies.private),
    "banned": lambda dialect: _shut("banned", 404, dialect, bodies.banned),
    "quarantined": lambda dialect: _shut("quarantined", 403, dialect, bodies.quarantined),
    "wall_403": lambda _: bodies.wall(),
    "challenge_200": lambda _: bodies.challenge(),
    "captcha_200": lambda _: walls.captcha(),
    "security_403": lambda _: walls.network_security(),
    "welcome_200": lambda _: walls.welcome(),
    "old_login_200": lambda _: walls.old_log_in(),
    "adult_gate_200": lambda _: walls.adult_gate(),
    "relayout": lambda dialect: _RELAYOUT.get(dialect, bodies.relayout)(),
    "empty_page": lambda dialect: _EMPTY.get(dialect, bodies.empty_listing)(),
}


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock of the sandbox, so that tests need not wait."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Faults:
    """All rules of one sandbox."""

    def __init__(self, seed: int, timing: Timing) -> None:
        self._key = mix(seed ^ 0xFA17)
        self._timing = timing
        self._scripted: list[ArmedRule] = []
        self._permanent: list[ArmedRule] = []
        self.replace([])

    def add(self, rules: list[FaultRule]) -> None:
        """Arm further rules; earlier ones go first."""
        for rule in rules:
            key = self._key + len(self._scripted)
            self._scripted.append(ArmedRule(rule, key))

    def replace(self, rules: list[FaultRule]) -> None:
        """Forget all scripted rules and all counters, then arm these."""
        self._scripted = []
        self._permanent = [
            ArmedRule(special.rule.model_copy(update={"subreddit": special.name}), self._key)
            for special in SPECIALS
            if special.rule is not None
        ]
        self.add(rules)

    def rules(self) -> list[FaultRule]:
        """List the scripted rules."""
        return [armed.rule for armed in self._scripted]

    def judge(self, subject: Subject) -> list[ArmedRule]:
        """Return the rules that apply to a request; each call counts it once."""
        return [armed for armed in (*self._scripted, *self._permanent) if armed.strikes(subject)]

    async def wait(self, armed: list[ArmedRule], items: int) -> None:
        """Hold the answer back by the rules' latency and pacing."""
        seconds = sum(entry.rule.latency_ms for entry in armed) / 1000
        now = self._timing.monotonic()
        for entry in armed:
            rate = entry.rule.posts_per_second
            if rate is not None:
                since = max(now - PACING_CREDIT_SECONDS, entry.ready_at or now)
                entry.ready_at = since + items / rate
                seconds += max(0.0, entry.ready_at - now)
        if seconds > 0:
            await self._timing.sleep(seconds)


def acting_rule(armed: list[ArmedRule]) -> FaultRule | None:
    """Return the first rule that does more than wait."""
    return next((entry.rule for entry in armed if entry.rule.action is not None), None)


def preempt(rule: FaultRule | None, dialect: Dialect = "json") -> bodies.Response | None:
    """Return the answer that a rule puts in the place of the real one, if it does."""
    if rule is None or rule.action is None:
        return None
    if rule.action == "status":
        response = refusal(rule.status, dialect)
        if rule.retry_after is not None:
            response.headers["retry-after"] = f"{rule.retry_after:g}"
        return response
    # Who collects for money meets the walls himself.
    if dialect == "brightdata" and rule.action != "relayout":
        return None
    make = _PREEMPTING.get(rule.action)
    return None if make is None else make(dialect)


def refusal(status: int, dialect: Dialect) -> bodies.Response:
    """Return a failure in the form that who asks expects."""
    return walls.failure(status) if dialect in PAGES else bodies.error(status)


def _shut(
    kind: str, status: int, dialect: Dialect, make: Callable[[], bodies.Response]
) -> bodies.Response | None:
    # The archive keeps what was public once.
    if dialect == "archive":
        return None
    if dialect in PAGES:
        return walls.shut(kind, status, is_old=dialect == "old")
    return make()


async def play(response: bodies.Response, rule: FaultRule | None, send: Send) -> None:
    """Send an answer, cut or dropped as the rule says."""
    body = response.body
    action = rule.action if rule else None
    if action == "renamed":
        body = _renamed(body)
    if action in {"truncate", "reset"}:
        body = body[: int(len(body) * CUT_AT)]
    # A dropped connection has promised the whole; a truncated one claims that this is all.
    length = len(response.body) if action == "reset" else len(body)
    headers = {
        "content-type": response.content_type,
        "content-length": str(length),
        **response.headers,
    }
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": action == "reset"})


def _renamed(body: bytes) -> bytes:
    for name, other in _RENAMED:
        body = body.replace(name, other)
    return body


async def wait_for_disconnect(receive: Receive) -> None:
    """Say nothing until the client gives up or the server stops."""
    while (await receive())["type"] != "http.disconnect":
        pass
