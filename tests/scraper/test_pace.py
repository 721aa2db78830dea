"""The pace of the sources, kept in Redis for all processes, and what happens without it."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from functools import partial
from typing import Any

import pytest

from data_provider import ProviderConfig, Quota, RateLimited
from data_provider.base import RetryBudget
from data_provider.pacing import pacer_of
from data_provider.testing import ManualClock
from scraper import pace
from scraper.pace import Ledger, SharedPace
from scraper.sources import provider_config
from tests.scraper.conftest import PATIENCE_SECONDS
from tests.services import free_port


@pytest.fixture
def name() -> str:
    return f"native_json@{uuid.uuid4().hex}"


@pytest.fixture
def ledgers(settings: Any) -> list[Ledger]:
    """Two processes, as far as Redis can tell."""
    return [Ledger(settings.REDIS_URL, 1.0, PATIENCE_SECONDS) for _ in range(2)]


class TestLedger:
    async def test_two_processes_share_one_rate(self, ledgers: list[Ledger], name: str) -> None:
        turns = [await ledgers[n % 2].take_turn(name, 60) for n in range(20)]
        given = [turn for turn in turns if turn and not turn.seconds]
        assert len(given) == 6, "60 a minute are 6 in 6 seconds, whoever asks"
        refused = turns[-1]
        assert refused is not None
        assert 0 < refused.seconds <= 6
        assert not refused.is_closed

    async def test_what_was_waited_for_is_there(self, ledgers: list[Ledger], name: str) -> None:
        for ledger in ledgers:
            turn = await ledger.take_turn(name, 600)
            while turn and not turn.seconds:
                turn = await ledger.take_turn(name, 600)
        assert turn is not None
        await asyncio.sleep(turn.seconds + 0.05)
        again = await ledgers[1].take_turn(name, 600)
        assert again is not None
        assert again.seconds == 0

    async def test_a_closure_of_one_is_everybody_s(self, ledgers: list[Ledger], name: str) -> None:
        await ledgers[0].close(name, 300)
        turn = await ledgers[1].take_turn(name, 0)
        assert turn is not None
        assert turn.is_closed
        assert 200 < turn.seconds <= 300

    async def test_a_shorter_closure_does_not_open_a_longer_one(
        self, ledgers: list[Ledger], name: str
    ) -> None:
        await ledgers[0].close(name, 300)
        await ledgers[1].close(name, 1)
        turn = await ledgers[0].take_turn(name, 0)
        assert turn is not None
        assert turn.seconds > 200

    async def test_another_way_is_not_closed(self, ledgers: list[Ledger], name: str) -> None:
        await ledgers[0].close(name, 300)
        turn = await ledgers[0].take_turn(f"{name}#another", 0)
        assert turn is not None
        assert turn.seconds == 0

    async def test_scaled_time_is_shorter_for_a_closure_and_a_rate(
        self, settings: Any, name: str
    ) -> None:
        ledger = Ledger(settings.REDIS_URL, 0.01, PATIENCE_SECONDS)
        await ledger.close(name, 100)
        turn = await ledger.take_turn(name, 60)
        assert turn is not None
        assert 0 < turn.seconds <= 100
        await asyncio.sleep(1.1)
        free = [await ledger.take_turn(name, 60) for _ in range(100)]
        assert all(turn and not turn.seconds for turn in free)

    async def test_without_redis_it_says_so_once_and_does_not_wait_for_it(
        self, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        ledger = Ledger(f"redis://127.0.0.1:{free_port()}/0", 1.0)
        started = time.monotonic()
        with caplog.at_level(logging.WARNING):
            assert [await ledger.take_turn(name, 60) for _ in range(50)] == [None] * 50
            await ledger.close(name, 300)
        assert len(caplog.records) == 1
        assert time.monotonic() - started < 5


class TestPlace:
    """What a host answers one at a time, whichever process asks."""

    async def test_is_held_by_one_of_all_processes(self, ledgers: list[Ledger], name: str) -> None:
        inside, most = 0, 0

        async def ask(number: int) -> None:
            nonlocal inside, most
            async with SharedPace(ledgers[number % 2], f"{name}{number}", 0, name).alone():
                inside += 1
                most = max(most, inside)
                for _ in range(20):
                    await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(ask(number) for number in range(6)))
        assert most == 1

    async def test_of_another_reader_is_another_one(self, ledgers: list[Ledger], name: str) -> None:
        async with (
            SharedPace(ledgers[0], name, 0, f"{name}#one").alone(),
            SharedPace(ledgers[1], name, 0, f"{name}#two").alone(),
        ):
            assert await ledgers[0].hold(f"{name}#one", "another") is False

    async def test_of_a_process_that_died_is_free_after_its_lease(
        self, ledgers: list[Ledger], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pace, "PLACE_SECONDS", 0.2)
        assert await ledgers[0].hold(name, "dead")
        async with asyncio.timeout(60), SharedPace(ledgers[1], name, 0).alone():
            assert await ledgers[0].hold(name, "dead") is False

    async def test_is_kept_however_long_it_takes(
        self, ledgers: list[Ledger], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        holds: list[bool | None] = []
        hold = ledgers[0].hold

        async def counted(*place: str) -> bool | None:
            holds.append(await hold(*place))
            return holds[-1]

        monkeypatch.setattr(pace, "PLACE_SECONDS", 0.3)
        monkeypatch.setattr(ledgers[0], "hold", counted)
        async with asyncio.timeout(60), SharedPace(ledgers[0], name, 0).alone():
            while len(holds) < 4:
                await asyncio.sleep(0.01)
        assert holds[0]

    async def test_is_left_by_who_gives_up_while_redis_is_asked(
        self, ledgers: list[Ledger], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        has_it = asyncio.Event()
        hold = ledgers[0].hold

        async def taken_and_not_heard_of(*place: str) -> bool | None:
            await hold(*place)
            has_it.set()
            await asyncio.Event().wait()
            return None

        monkeypatch.setattr(ledgers[0], "hold", taken_and_not_heard_of)
        asking = asyncio.create_task(SharedPace(ledgers[0], name, 0).alone().__aenter__())
        await has_it.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await hold(name, "another") is True

    async def test_goes_to_who_waits_before_the_process_that_left_it(
        self, ledgers: list[Ledger], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pace, "NEXT_SECONDS", 60)
        first, second = ledgers
        assert await first.hold(name, "first")
        assert await second.hold(name, "waiting") is False
        first.leave(name, "first")
        assert await first.hold(name, "first again") is False
        assert await second.hold(name, "waiting") is True
        assert await first.hold(name, "first again") is False
        second.leave(name, "waiting")
        assert await second.hold(name, "second again") is False
        assert await first.hold(name, "first again") is True

    async def test_is_not_kept_for_who_waits_no_longer(
        self, ledgers: list[Ledger], name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pace, "NEXT_SECONDS", 0.1)
        first, second = ledgers
        assert await first.hold(name, "first")
        for has_died in (False, True):
            assert await second.hold(name, "waiting") is False
            first.leave(name, "first")
            if not has_died:
                second.leave(name, "waiting")
            async with asyncio.timeout(60):
                while not await first.hold(name, "first"):
                    await asyncio.sleep(0.01)

    async def test_is_everybody_s_own_while_redis_is_away(self, name: str) -> None:
        away = Ledger(f"redis://127.0.0.1:{free_port()}/0", 1.0)
        async with SharedPace(away, name, 0).alone(), SharedPace(away, name, 0).alone():
            pass


class TestPacer:
    """A source's client with the installation's pace."""

    def config(self, rate: float, **fields: Any) -> ProviderConfig:
        update = {"requests_per_minute": {"native_json": rate}, "proxy_url": self.proxy}
        update |= {"paces": partial(SharedPace, self.ledger)} | fields
        return provider_config().model_copy(update=update)

    @pytest.fixture(autouse=True)
    def own_way_out(self, ledgers: list[Ledger]) -> None:
        self.proxy, self.ledger = f"http://127.0.0.1:1/{uuid.uuid4().hex}", ledgers[0]

    async def test_keeps_one_rate_for_all_clients_of_a_way(self) -> None:
        pacers = [pacer_of(self.config(20), ManualClock(), "native_json") for _ in range(4)]
        for pacer in pacers[:2]:
            await pacer.wait()
        for pacer in pacers:
            with pytest.raises(RateLimited) as caught:
                await pacer.wait()
            assert caught.value.is_own_pace
            assert 0 < (caught.value.retry_after or 0) <= 6

    async def test_hears_what_upstream_told_another_client(self) -> None:
        told, other = (pacer_of(self.config(0), ManualClock(), "native_json") for _ in range(2))
        await told.refused(120)
        with pytest.raises(RateLimited) as caught:
            await other.wait()
        assert not caught.value.is_own_pace
        assert caught.value.retry_after == pytest.approx(120, abs=60)

    @pytest.mark.parametrize(("backend", "site"), [("rss", "www"), ("playwright", "www")])
    async def test_hears_what_the_host_told_another_source(self, backend: str, site: str) -> None:
        config = self.config(0, browser_site=site)
        await pacer_of(config, ManualClock(), "native_json").learn({"retry-after": "120"})
        with pytest.raises(RateLimited) as caught:
            await pacer_of(config, ManualClock(), backend).wait()
        assert not caught.value.is_own_pace
        assert caught.value.retry_after == pytest.approx(120, abs=60)

    @pytest.mark.parametrize(("backend", "site"), [("archive", "www"), ("playwright", "old")])
    async def test_does_not_mind_what_another_host_said(self, backend: str, site: str) -> None:
        config = self.config(0, browser_site=site)
        await pacer_of(config, ManualClock(), "native_json").learn({"retry-after": "120"})
        await pacer_of(config, ManualClock(), backend).wait()

    async def test_does_not_mind_what_another_source_guessed(self) -> None:
        config = self.config(0)
        await pacer_of(config, ManualClock(), "rss").refused(60)
        await pacer_of(config, ManualClock(), "native_json").wait()

    async def test_hears_that_the_window_is_used_up(self) -> None:
        told, other = (pacer_of(self.config(0), ManualClock(), "native_json") for _ in range(2))
        await told.learn({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "300"})
        with pytest.raises(RateLimited):
            await other.wait()

    async def test_forgets_a_window_that_is_over(self) -> None:
        clock = ManualClock()
        pacer = pacer_of(self.config(0), clock, "native_json")
        await pacer.learn({"x-ratelimit-remaining": "5.0", "x-ratelimit-reset": "60"})
        clock.advance(30)
        assert pacer.quota == Quota(5.0, 30.0)
        clock.advance(30)
        assert pacer.quota is None

    async def test_another_application_has_a_window_of_its_own(self) -> None:
        config = self.config(0)
        told = pacer_of(config, ManualClock(), "oauth", "one")
        await told.refused(120)
        await pacer_of(config, ManualClock(), "oauth", "two").wait()

    async def test_keeps_the_rate_alone_while_redis_is_away(self) -> None:
        ledger = Ledger(f"redis://127.0.0.1:{free_port()}/0", 1.0)

        class Away:
            async def take_turn(self) -> Any:
                return await ledger.take_turn("x", 60)

            async def close(self, seconds: float) -> None:
                await ledger.close("x", seconds)

        clock = ManualClock()
        pacer = pacer_of(self.config(60, paces=lambda *_: Away()), clock, "native_json")
        for _ in range(3):
            await pacer.wait()
        assert clock.waits == [1, 1]
        await pacer.refused(100)
        with pytest.raises(RateLimited) as caught:
            await pacer.wait()
        assert not caught.value.is_own_pace


class TestRetryBudget:
    def test_our_own_pace_costs_no_patience(self) -> None:
        budget = RetryBudget(ManualClock())
        error = RateLimited("x", retry_after=30, is_own_pace=True)
        assert [budget.next_delay(error) for _ in range(100)] == [30.0] * 100

    def test_upstream_s_word_does(self) -> None:
        budget = RetryBudget(ManualClock())
        error = RateLimited("x", retry_after=300)
        assert [budget.next_delay(error) for _ in range(2)] == [300.0] * 2
        with pytest.raises(RateLimited):
            budget.next_delay(error)
