"""Fault rules: which requests are to fail. What a fault does on the wire is in faults.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from data_provider.sandbox.dice import Dice

Action = Literal[
    "stall",
    "status",
    "wall_403",
    "challenge_200",
    "captcha_200",
    "security_403",
    "welcome_200",
    "old_login_200",
    "adult_gate_200",
    "truncate",
    "reset",
    "relayout",
    "renamed",
    "empty_page",
    "private",
    "banned",
    "quarantined",
]


def _check_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as problem:
        raise ValueError(f"not a regular expression: {problem}") from problem
    return text


class FaultRule(BaseModel):
    """One rule. Conditions left out always hold; all that are given must hold together.

    `nth` and `every` count the requests that fit `subreddit`, `path` and `paged`; `page` counts
    them since the last one without a cursor (1 is the first page). `probability` is thrown with the
    seed of the sandbox, so a run repeats itself. `times` ends the rule after so many strikes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    subreddit: str | None = None
    path: Annotated[str, AfterValidator(_check_pattern)] | None = None
    paged: bool | None = None
    nth: int | None = Field(default=None, ge=1)
    every: int | None = Field(default=None, ge=1)
    page: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, ge=0, le=1)
    times: int | None = Field(default=None, ge=1)

    action: Action | None = None
    status: int = Field(default=500, ge=400, le=599)
    retry_after: float | None = Field(default=None, ge=0)
    latency_ms: float = Field(default=0, ge=0)
    posts_per_second: float | None = Field(default=None, gt=0)


RULES = TypeAdapter(list[FaultRule])


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule sees of a request."""

    path: str
    subreddit: str | None
    is_paged: bool


class ArmedRule:
    """A rule with its counters."""

    def __init__(self, rule: FaultRule, key: int) -> None:
        self.rule = rule
        # Pacing: the moment (monotonic seconds) before which no further post may leave.
        self.ready_at = 0.0
        self._dice = Dice(key)
        self._seen = 0
        self._page = 0
        self._strikes = 0

    def strikes(self, subject: Subject) -> bool:
        """Count the request and say whether the rule applies to it."""
        if not self._fits(subject):
            return False
        self._seen += 1
        self._page = self._page + 1 if subject.is_paged else 1
        if not self._is_due() or not self._dice.chance(self.rule.probability):
            return False
        self._strikes += 1
        return True

    def _fits(self, subject: Subject) -> bool:
        rule = self.rule
        if rule.subreddit and rule.subreddit.lower() != (subject.subreddit or "").lower():
            return False
        if rule.path and not re.search(rule.path, subject.path):
            return False
        return rule.paged is None or rule.paged == subject.is_paged

    def _is_due(self) -> bool:
        rule = self.rule
        if rule.times is not None and self._strikes >= rule.times:
            return False
        if rule.nth is not None and self._seen != rule.nth:
            return False
        if rule.every is not None and self._seen % rule.every:
            return False
        return rule.page is None or self._page == rule.page
