"""Limits on how often one caller may ask: generous, so that only what runs wild meets them.

Counted per process and in memory, because a look into a shared store would cost more than most
answers do; several web processes allow as many times the rate. Failed sign-ins have strict limits
of their own, counted in the database (`projects.services.login_limits`).
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


@dataclass(frozen=True)
class Rate:
    """A bucket of `burst` requests that fills by `per_second`."""

    per_second: float
    burst: int


# A script that reads as fast as one process answers stays below it; a loop without pause does not.
USER_RATE = Rate(per_second=100, burst=1000)
# Nobody has to hurry before signing in, but many people may share an address.
ANONYMOUS_RATE = Rate(per_second=50, burst=500)

# Callers remembered at once; the one seen longest ago goes first, its bucket was full again.
_MOST_CALLERS = 10_000


class Buckets:
    """How many requests each caller has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, rate: Rate, now: float) -> float:
        """Take one request; returns 0, or the seconds until there is one again."""
        with self._lock:
            left, seen = self._left.get(caller, (float(rate.burst), now))
            left = min(rate.burst, left + (now - seen) * rate.per_second)
            is_allowed = left >= 1
            self._left[caller] = (left - is_allowed, now)
            self._left.move_to_end(caller)
            if len(self._left) > _MOST_CALLERS:
                self._left.popitem(last=False)
        return 0.0 if is_allowed else (1 - left) / rate.per_second


_buckets = Buckets()


class RequestThrottle(BaseThrottle):
    """By user when signed in, else by the connection's address."""

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Return whether the caller has a request left."""
        if not settings.TEPPAN["THROTTLE"]:
            return True
        if request.user.is_authenticated:
            caller, rate = f"user {request.user.pk}", USER_RATE
        else:
            caller, rate = f"address {request.META.get('REMOTE_ADDR', '')}", ANONYMOUS_RATE
        self._wait = _buckets.take(caller, rate, time.monotonic())
        return self._wait == 0

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self._wait
