"""A user's open streams are counted over all processes, and those of dead ones lapse."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from projects.places import Places
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

_users = itertools.count(1_000_000)


@pytest.fixture
def user() -> Iterator[int]:
    """The number of somebody who has no streams."""
    number = next(_users)
    yield number
    Places(settings.REDIS_URL)._redis.client.delete(f"teppan:streams:{number}")


def process(life_seconds: float = 60) -> Places:
    """Return what a process of its own has."""
    return Places(settings.REDIS_URL, life_seconds)


def number_taken(user: int) -> int:
    count = process()._redis.client.zcard(f"teppan:streams:{user}")
    assert isinstance(count, int)
    return count


class TestPlaces:
    async def test_s30_are_the_same_for_all_processes(self, user: int) -> None:
        one, other = process(), process()
        taken = [await place.take(user, f"{n}", 4) for n, place in enumerate([one, other] * 3)]
        assert taken == [True] * 4 + [False] * 2
        assert await other.take(user + 1_000_000, "another user's", 4)

    async def test_s30_are_not_given_twice_at_once(self, user: int) -> None:
        processes = [process() for _ in range(4)]
        asked = [place.take(user, f"{n}", 5) for n, place in enumerate(processes * 5)]
        assert sum(await asyncio.gather(*asked)) == 5

    async def test_s30_are_given_again_once_they_are_left(self, user: int) -> None:
        one, other = process(), process()
        assert await one.take(user, "a", 1)
        assert not await other.take(user, "b", 1)
        one.give_back(user, "a")
        # What one process asks for is done in order.
        assert await one.take(user, "c", 1)

    async def test_s30_of_a_dead_process_lapse(self, user: int) -> None:
        dead, alive = process(life_seconds=0.2), process()
        assert await dead.take(user, "a", 1)
        async with asyncio.timeout(20):
            while not await alive.take(user, "b", 1):
                await asyncio.sleep(0.05)

    async def test_s30_that_are_renewed_stay(self, user: int) -> None:
        short, long = process(life_seconds=0.2), process()
        assert await short.take(user, "a", 2)
        assert await short.take(user, "b", 2)
        long.renew({user: ["a"]})
        await asyncio.sleep(0.3)
        assert [await long.take(user, name, 2) for name in ("c", "d")] == [True, False]

    def test_s30_come_back_with_a_broker_that_forgot_them(self, user: int) -> None:
        process().renew({user: ["a", "b"]})
        wait_until(lambda: number_taken(user) == 2, "Places are not known again")

    async def test_without_a_broker_everyone_counts_alone(self, user: int) -> None:
        alone = Places("unix:///nonexistent/socket")
        assert await alone.take(user, "a", 1)
        assert await alone.take(user, "b", 1)
        alone.renew({user: ["a"]})
        alone.give_back(user, "a")
        assert await alone.take(user, "c", 1)
