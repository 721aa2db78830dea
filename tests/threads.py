"""Threads and their database connections: the same call from several at once, and an end for those
that the process keeps.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asgiref.sync import SyncToAsync
from django.db import connections

from common import executors

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


def close_lasting_connections() -> None:
    """Close the connections of the threads that last as long as the process."""
    kept: list[Any] = [SyncToAsync.single_thread_executor]
    kept += [executors._background, executors._reading]
    kept += [next(executors._request_executors) for _ in range(executors.REQUEST_EXECUTORS)]
    for executor in kept:
        number = executor._max_workers
        together = threading.Barrier(number)

        def close(together: threading.Barrier = together) -> None:
            together.wait(10)
            connections.close_all()

        for closed in [executor.submit(close) for _ in range(number)]:
            closed.result()
