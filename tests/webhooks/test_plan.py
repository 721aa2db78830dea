"""When to try again, as pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from statistics import pstdev

import pytest

from webhooks import plan

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SCHEDULE = (60, 300, 900, 3600, 21600)


@pytest.fixture(autouse=True)
def real_time(settings: object) -> None:
    settings.TEPPAN = {**settings.TEPPAN, "TIME_SCALE": 1.0}  # type: ignore[attr-defined]


def gap(tier: int, asked_for: timedelta | None = None) -> float:
    at = plan.next_try_at(NOW, tier, SCHEDULE, asked_for)
    assert at is not None
    return (at - NOW).total_seconds()


class TestNextTryAt:
    @pytest.mark.parametrize("tier", range(1, 6))
    def test_w11_lies_within_a_fifth_of_the_plan_and_is_spread(self, tier: int) -> None:
        planned = SCHEDULE[tier - 1]
        gaps = [gap(tier) for _ in range(300)]
        assert all(0.8 * planned <= one <= 1.2 * planned for one in gaps)
        assert pstdev(gaps) > 0.05 * planned

    def test_w12_ends_after_the_last_gap(self) -> None:
        assert plan.next_try_at(NOW, 6, SCHEDULE, None) is None
        assert plan.next_try_at(NOW, 6, SCHEDULE, timedelta(hours=1)) is None
        assert plan.next_try_at(NOW, 1, (), None) is None

    def test_w14_a_wish_puts_off_and_never_brings_forward(self) -> None:
        assert gap(1, timedelta(seconds=1000)) == 1000
        assert gap(2, timedelta(seconds=3)) >= 0.8 * 300


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("3", 3),
            (" 120 ", 120),
            ("0", 0),
            ("1000000000", plan.LONGEST_RETRY_AFTER_SECONDS),
            ("9" * 400, plan.LONGEST_RETRY_AFTER_SECONDS),
            (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
            (format_datetime(NOW + timedelta(days=9), usegmt=True), 3600),
        ],
    )
    def test_w14_reads_seconds_and_dates_up_to_an_hour(self, text: str, seconds: float) -> None:
        asked = plan.retry_after({"Retry-After": text}, NOW)
        assert asked == timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        "text",
        ["-1", "abc", "", "1.5", "\u0663", "nan", "Sat, 31 Jan 2026 11:00:00 GMT", "99, 1"],
    )
    def test_w14_ignores_what_makes_no_sense(self, text: str) -> None:
        assert plan.retry_after({"retry-after": text}, NOW) is None

    def test_is_none_without_the_header(self) -> None:
        assert plan.retry_after({}, NOW) is None


class TestWindows:
    def test_grow_and_end_somewhere(self) -> None:
        windows = [plan.breaker_window(number).total_seconds() for number in (1, 2, 3, 100)]
        assert 24 <= windows[0] <= 36
        assert 48 <= windows[1] <= 72
        assert windows[3] <= 1.2 * plan.LONGEST_BREAKER_SECONDS
        assert plan.slowdown(10**6).total_seconds() <= 1.2 * plan.LONGEST_SLOWDOWN_SECONDS


class TestAllowance:
    @pytest.mark.parametrize("rate", [0.5, 3.0, 25.0, 400.0])
    def test_w39_never_allows_more_than_the_rate(self, rate: float) -> None:
        """A courier that looks whenever it likes, as greedy as it may be, for 20 s."""
        now, paced_until, sent = NOW, None, 0
        end = NOW + timedelta(seconds=20)
        while now < end:
            count = plan.allowance(rate, paced_until, now) or 0
            if count:
                sent += count
                paced_until = plan.paced_after(count, rate, paced_until, now)
            now += timedelta(milliseconds=7)
        assert 0.9 * rate * 20 - 1 <= sent <= 1.05 * rate * 20 + 1

    def test_is_unlimited_without_a_rate(self) -> None:
        assert plan.allowance(None, None, NOW) is None
