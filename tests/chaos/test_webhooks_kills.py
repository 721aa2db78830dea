"""The kill run: workers and broker die at random, the broker is emptied, events keep coming."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.chaos.mail import number_of
from tests.webhooks.receiver import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.mail import Mail

# With a blow every second or two, a minute for it on two busy cores.
EVENTS = 2_000
ENDPOINTS = 5
WORKER_KILLS = 4
BROKER_KILLS = 2
FLUSHES = 2
# Between two blows: long enough that a worker is up again and sends.
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.5, 3.0


class TestAKillRun:
    def test_w25_delivers_every_event_and_records_every_request(self, mail: Mail) -> None:
        paths = [f"/kills-{number}" for number in range(ENDPOINTS)]
        endpoints = {}
        for path in paths:
            owner = mail.account()
            endpoints[owner] = mail.endpoint(owner, path)
            # Something is under way whenever a blow falls.
            mail.receiver.script(path, Reply(delay_seconds=0.05))
        expected = EVENTS // ENDPOINTS
        firing = threading.Thread(target=_fire_in_turns, args=(mail, list(endpoints), expected))
        firing.start()
        _strike(mail, random.Random(20_261_123))
        firing.join()
        for path, endpoint in zip(paths, endpoints.values(), strict=True):
            mail.wait_until_delivered(endpoint, expected)
            _check(mail, path, endpoint, expected)


def _fire_in_turns(mail: Mail, owners: list[str], count: int) -> None:
    """Fire in small portions, for one endpoint after the other."""
    portion = 10
    for start in range(0, count, portion):
        for owner in owners:
            numbers = list(range(start, start + portion))
            mail.inside.call("fire", owner=owner, numbers=numbers, pause_seconds=0.005)


def _strike(mail: Mail, dice: random.Random) -> None:
    """Let the blows fall in random order; whatever was killed is started again."""
    blows: list[Callable[[], None]] = [
        *[lambda: _kill_some_worker(mail, dice)] * WORKER_KILLS,
        *[lambda: _break_broker(mail)] * BROKER_KILLS,
        *[lambda: mail.inside.call("flush")] * FLUSHES,
    ]
    dice.shuffle(blows)
    for blow in blows:
        time.sleep(dice.uniform(LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS))
        blow()


def _kill_some_worker(mail: Mail, dice: random.Random) -> None:
    name = dice.choice(mail.workers)
    mail.kill_worker(name)
    mail.revive_worker(name)


def _break_broker(mail: Mail) -> None:
    mail.break_broker()
    mail.mend_broker()


def _check(mail: Mail, path: str, endpoint: int, expected: int) -> None:
    receipts = mail.receiver.of(path)
    assert {number_of(receipt) for receipt in receipts} == set(range(expected))
    received = Counter(receipt.id for receipt in receipts)
    assert max(received.values()) <= 1 + WORKER_KILLS
    for delivery in mail.inside.ledger(endpoint):
        attempts = delivery["attempts"]
        assert delivery["attempt_count"] == len(attempts)
        # No request without its attempt. Of one that a kill cut off nobody knows whether it
        # arrived, and the attempt says so; all others are exactly the receipts.
        cut_off = attempts.count("interrupted")
        assert len(attempts) - cut_off <= received[delivery["event_id"]] <= len(attempts)
        assert cut_off <= WORKER_KILLS
        assert attempts.count("") == 1
