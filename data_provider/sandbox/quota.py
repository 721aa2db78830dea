"""Reddit's rate-limit window: counts requests and writes the x-ratelimit headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Reddit counts in windows of ten minutes: x-ratelimit-reset never exceeds 600 in recordings.
WINDOW_SECONDS = 600
# Generous: the sandbox is a load generator too. Reddit itself gives 1000.
DEFAULT_RATE_LIMIT = 100_000


class Quota:
    """One window for all clients."""

    def __init__(self, rate_limit: int, monotonic: Callable[[], float]) -> None:
        self.rate_limit = rate_limit
        self._monotonic = monotonic
        self._started_at = monotonic()
        self._used = 0

    def take(self) -> bool:
        """Count a request; False when the window is used up."""
        if self._monotonic() - self._started_at >= WINDOW_SECONDS:
            self._started_at = self._monotonic()
            self._used = 0
        self._used += 1
        return self._used <= self.rate_limit

    def headers(self) -> dict[str, str]:
        """Write the headers in Reddit's formats: int, float with .0, int."""
        used = min(self._used, self.rate_limit)
        left = WINDOW_SECONDS - (self._monotonic() - self._started_at)
        return {
            "x-ratelimit-used": str(used),
            "x-ratelimit-remaining": f"{float(self.rate_limit - used)}",
            "x-ratelimit-reset": str(max(1, int(left))),
        }
