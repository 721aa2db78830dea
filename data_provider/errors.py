"""The ways a source can fail, as types: what went wrong, whether asking again helps, what to show.

SourceError
 ├─ InvalidQuery · Unsupported                                        not retried, AUTO steps on
 ├─ TargetUnavailable: NotFound, Private, Banned, Quarantined         not retried: the target's fate
 ├─ NotConfigured · AuthenticationFailed                              not retried: a person must act
 ├─ Walled: Blocked, Challenge, LoginRequired                         not retried: the source's fate
 ├─ Transient: RateLimited, Upstream, Network, Timeout                retried, paced
 ├─ InvalidResponse (bytes that do not parse)                         retried, paced
 ├─ LayoutChanged (parsed, but not the shape we know)                 not retried
 ├─ CursorLost (the listing forgot where we were)                     not retried
 └─ Exhausted (every source was tried)                                if any of its attempts was
"""

# ruff: noqa: N818 - the names are the states that stopped us, as the contract has them
from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

# Enough to recognise a page by, small enough to store with a run.
SAMPLE_BYTES = 2048


class SourceError(Exception):
    """Anticipated failure of a source; `code` is one of the contract's error codes."""

    code: ClassVar[str] = "internal"
    is_retryable: bool = False

    def __init__(self, message: str, *, sample: str | bytes | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.sample = _as_sample(sample)


def _as_sample(sample: str | bytes | None) -> str | None:
    if sample is None:
        return None
    raw = sample.encode("utf-8", "replace") if isinstance(sample, str) else sample
    return raw[:SAMPLE_BYTES].decode("utf-8", "ignore").replace("\x00", "")


class InvalidQuery(SourceError):
    """The question itself is wrong, whatever source it is put to."""

    code = "unsupported"


class Unsupported(SourceError):
    """The source cannot answer such a question; another may."""

    code = "unsupported"


class TargetUnavailable(SourceError):
    """The subreddit or post cannot be read by anyone like us."""


class NotFound(TargetUnavailable):
    """No such subreddit or post."""

    code = "not_found"


class Private(TargetUnavailable):
    """The subreddit admits its members only."""

    code = "private"


class Banned(TargetUnavailable):
    """Reddit has closed the subreddit."""

    code = "banned"


class Quarantined(TargetUnavailable):
    """The subreddit asks for an explicit opt-in that we do not give."""

    code = "quarantined"


class NotConfigured(SourceError):
    """A setting is missing; `setting` is its name as in the environment."""

    code = "not_configured"

    def __init__(self, setting: str, message: str | None = None) -> None:
        super().__init__(message or f"Set {setting} to use this source.")
        self.setting = setting


class AuthenticationFailed(SourceError):
    """The source refused our credentials."""

    code = "authentication_failed"


class Walled(SourceError):
    """The source answered with a wall instead of content."""


class Blocked(Walled):
    """The network, the address or the client is refused."""

    code = "blocked"


class Challenge(Walled):
    """A captcha or script challenge, which is never solved here."""

    code = "challenge"


class LoginRequired(Walled):
    """Content is shown to signed-in or age-confirmed readers only."""

    code = "login_required"


class Transient(SourceError):
    """Asking again may help; `retry_after` is upstream's own word in seconds, if it gave one."""

    is_retryable = True
    # False when the request certainly never left.
    was_sent: bool = True

    def __init__(
        self, message: str, *, retry_after: float | None = None, sample: str | bytes | None = None
    ) -> None:
        super().__init__(message, sample=sample)
        self.retry_after = retry_after


class RateLimited(Transient):
    """Too many requests; without `retry_after` the caller backs off on its own.

    `is_own_pace` when nobody refused anything: the configured rate has no place before then.
    """

    code = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        sample: str | bytes | None = None,
        is_own_pace: bool = False,
    ) -> None:
        super().__init__(message, retry_after=retry_after, sample=sample)
        self.is_own_pace = is_own_pace


class Upstream(Transient):
    """The source is in trouble itself (5xx); `status` is its HTTP status."""

    code = "upstream"

    def __init__(
        self,
        message: str,
        *,
        status: int,
        retry_after: float | None = None,
        sample: str | bytes | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, sample=sample)
        self.status = status


class Network(Transient):
    """The connection could not be made or broke."""

    code = "network"


class Timeout(Transient):
    """The source went silent or too slow."""

    code = "timeout"


class InvalidResponse(SourceError):
    """The bytes do not parse at all."""

    code = "invalid_response"
    is_retryable = True


class LayoutChanged(SourceError):
    """The bytes parse but are not a shape we know; `sample` is for the operator."""

    code = "layout_changed"


class CursorLost(SourceError):
    """An empty page where the page before promised more, from every place we know."""

    code = "cursor_lost"


class Exhausted(SourceError):
    """No source of the list could answer.

    `attempts` are (backend name, its error), all of them in their order. What a source said last
    decides whether asking again may help.
    """

    code = "exhausted"

    def __init__(self, attempts: Sequence[tuple[str, SourceError]]) -> None:
        told = Counter(f"{name}: {error.code}" for name, error in attempts)
        tried = ", ".join(what if n == 1 else f"{what} ({n} times)" for what, n in told.items())
        super().__init__(f"No source could answer ({tried or 'none is configured'}).")
        self.attempts = tuple(attempts)
        self.is_retryable = any(error.is_retryable for error in self.last_words)

    @property
    def last_words(self) -> tuple[SourceError, ...]:
        """What each source failed with last."""
        return tuple(dict(self.attempts).values())
