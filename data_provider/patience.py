"""How often, and how long in all, a source is asked again before its error is final."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_provider.errors import RateLimited, SourceError, Transient

if TYPE_CHECKING:
    from data_provider.clock import Clock

# CONTRACT: transient faults are tried five times per page, one second doubling with jitter.
MAX_TRIES = 5
FIRST_BACKOFF_SECONDS = 1.0
# Reddit has sent 429s without a word on their length: ask about once a minute at the longest.
LONGEST_BACKOFF_SECONDS = 60.0
# CONTRACT: waits that a rate limit asks for add up to ten minutes per page at most.
MAX_RATE_LIMIT_WAIT_SECONDS = 600.0
# Spreads clients that failed at the same moment; a quarter keeps the doubling visible.
JITTER = 0.25


@dataclass
class RetryBudget:
    """Patience for one page: how often, and how long in all."""

    clock: Clock
    patience_seconds: float = MAX_RATE_LIMIT_WAIT_SECONDS
    failures: int = field(default=0, init=False)
    limits: int = field(default=0, init=False)
    waited_seconds: float = field(default=0.0, init=False)

    def next_delay(self, error: SourceError) -> float:
        """Return the seconds to wait before asking again; raise `error` when patience is over."""
        if not error.is_retryable:
            raise error
        word = error.retry_after if isinstance(error, Transient) else None
        if isinstance(error, RateLimited):
            if error.is_own_pace and word:
                # Nobody is out of patience because of our own rate: many share it.
                return word
            self.limits += 1
            # "Retry-After: 0" occurs in recordings: it is no word at all.
            return self._spend(word or self._backoff(self.limits), error)
        self.failures += 1
        if self.failures >= MAX_TRIES:
            raise error
        return self._spend(max(self._backoff(self.failures), word or 0.0), error)

    def _spend(self, delay: float, error: SourceError) -> float:
        if self.waited_seconds + delay > self.patience_seconds:
            raise error
        self.waited_seconds += delay
        return delay

    def _backoff(self, attempt: int) -> float:
        seconds = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 30), LONGEST_BACKOFF_SECONDS)
        return seconds * (1 + JITTER * (2 * self.clock.random() - 1))
