"""When to try again: pure rules, without tables or a clock of their own.

All lengths are multiplied by TEPPAN_TIME_SCALE.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings

# Every wait is spread by as much, so that what failed together does not come back together.
JITTER = 0.2

# What a receiver may ask for at most; a longer wait is one that nobody meant.
LONGEST_RETRY_AFTER_SECONDS = 3600

# So many tries in a row without any answer, and the endpoint counts as gone: what waits for it is
# parked, and one try at a time finds out whether it is back. Answers, bad ones too, do not count:
# each delivery then follows its own schedule.
BREAKER_MINIMUM = 10
BREAKER_SECONDS = 30
LONGEST_BREAKER_SECONDS = 300

# After a 429 that names no time.
SLOWDOWN_SECONDS = 60
LONGEST_SLOWDOWN_SECONDS = 900

# Without a success for so long, an endpoint is disabled when another delivery runs out of tries,
# or when its breaker is open: one probe at a time hardly ever runs out.
FAILING_SECONDS = 5 * 24 * 3600

# Tries that a worker's death cut off cost nothing, up to so many per delivery.
FREE_INTERRUPTIONS = 3

NO_ANSWER = frozenset({"timeout", "dns", "connect", "tls", "reset"})


def scaled(seconds: float) -> timedelta:
    """Return a length of this installation's time."""
    scale: float = settings.TEPPAN["TIME_SCALE"]
    return timedelta(seconds=seconds * scale)


def spread(seconds: float) -> timedelta:
    """Return a length within 20 % of the given one."""
    return scaled(seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 -- no secret


def schedule_of(override: Sequence[float] | None) -> Sequence[float]:
    """Return the gaps between tries in unscaled seconds: the endpoint's own, or the default."""
    default: Sequence[float] = settings.TEPPAN["WEBHOOK_SCHEDULE_SECONDS"]
    return default if override is None else override


def next_try_at(
    ended_at: datetime, tier: int, schedule: Sequence[float], asked_for: timedelta | None
) -> datetime | None:
    """Return when to try again after the tier-th try ended without success; None: no more.

    `asked_for` is the receiver's wish: it may put the try off, never bring it forward.
    """
    if tier > len(schedule):
        return None
    planned = spread(schedule[tier - 1])
    return ended_at + max(planned, asked_for or planned)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return the wait that `Retry-After` asks for, in seconds or as a date; None: nothing usable.

    At most an hour, and never less than asked.
    """
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    seconds = _seconds(text.strip(), now)
    if seconds is None or seconds < 0:
        return None
    return scaled(min(seconds, LONGEST_RETRY_AFTER_SECONDS))


def _seconds(text: str, now: datetime) -> float | None:
    if text.isascii() and text.isdigit():
        # More digits than any number of seconds needs are not converted at all.
        return float(text[:12])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()


def breaker_window(openings: int) -> timedelta:
    """Return how long the breaker stays open the n-th time in a row."""
    return spread(min(BREAKER_SECONDS * 2 ** min(openings - 1, 10), LONGEST_BREAKER_SECONDS))


def slowdown(times: int) -> timedelta:
    """Return how long an endpoint is left alone after the n-th 429 in a row."""
    return spread(min(SLOWDOWN_SECONDS * 2 ** min(times - 1, 10), LONGEST_SLOWDOWN_SECONDS))


def allowance(rate: float | None, paced_until: datetime | None, now: datetime) -> int | None:
    """Return how many requests a rate allows now; None without a rate."""
    if rate is None:
        return None
    base = _pace_base(rate, paced_until, now)
    return 0 if base > now else int((now - base).total_seconds() * rate + 1e-6) + 1


def paced_after(count: int, rate: float, paced_until: datetime | None, now: datetime) -> datetime:
    """Return when the next request is allowed once `count` are sent now."""
    return _pace_base(rate, paced_until, now) + timedelta(seconds=count / rate)


def _pace_base(rate: float, paced_until: datetime | None, now: datetime) -> datetime:
    # Up to a tenth of a second's worth at once: couriers look no more often than that.
    burst = max(1, int(rate / 10))
    earliest = now - timedelta(seconds=(burst - 1) / rate)
    return max(paced_until or earliest, earliest)
