"""The few threads, each with one lasting database connection, that do a process's quick work.

Django gives every ASGI request a thread and a connection of its own and keeps both while a stream
is open; sharing a handful bounds both (500 viewers: 9 threads instead of 505).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle
from typing import ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext
from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")

# More threads fight for the interpreter lock without answering faster (measured: 1 thread answers
# plain requests fastest, 4 keep one slow request from delaying the others).
REQUEST_EXECUTORS = 4
BACKGROUND_THREADS = 2
# One would let all viewers of a stream wait while hundreds of others open theirs.
READING_THREADS = 2

_request_executors = cycle(
    [
        ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"request-{index}")
        for index in range(REQUEST_EXECUTORS)
    ]
)
_background = ThreadPoolExecutor(max_workers=BACKGROUND_THREADS, thread_name_prefix="database")
# Where a database lets one write at a time, whoever wants to may wait for seconds: what only reads
# waits behind nobody.
_reading = ThreadPoolExecutor(max_workers=READING_THREADS, thread_name_prefix="reading")


def request_context() -> ThreadSensitiveContext:
    """Enter around one ASGI request: its synchronous code runs on one of the shared threads."""
    return ThreadSensitiveContext(executor=next(_request_executors))


async def run_in_database_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run synchronous ORM work of a background task; connections are checked before use."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_background, partial(_checked, function, *args, **kwargs))


async def run_in_reading_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run quick ORM work that writes nothing; it never waits for the database's write lock."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_reading, partial(_checked, function, *args, **kwargs))


def _checked(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    return function(*args, **kwargs)
