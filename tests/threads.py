"""The same call from several threads at once, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(number: int, call: Callable[[int], T]) -> list[T | Exception]:
    """Run `call(0)` ... `call(number - 1)` together; what one raises stands in its place."""
    start = threading.Barrier(number)

    def run(index: int) -> Any:
        start.wait()
        try:
            return call(index)
        except Exception as error:  # returned to the test
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))
