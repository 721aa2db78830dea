"""Messages that tell a worker to look: sent by name, since who listens lies above who tells.

The rows hold the work: what the broker does not take, or loses, is found there by a sweep. So
nobody waits for the broker: one thread of the process talks to it, and leaves it alone for some
seconds when it does not answer.
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import kombu.exceptions
from celery import current_app

# "Look" says the same each time: said again so soon, it would cost a worker more than the work.
_PAUSE_SECONDS = 0.25
# Without these a broker that is gone would hold up the thread for 5 s, and a process that ends.
_FLEETING = {"max_retries": 0, "socket_timeout": 0.25, "socket_connect_timeout": 0.25}
_AWAY_SECONDS = 3.0
# What waits for the thread while the broker hangs; more would only repeat that there is work.
_MOST_WAITING = 1000

logger = logging.getLogger(__name__)

_told_at: dict[str, float] = {}


class Messenger:
    """Sends tasks by name from a thread of its own; what the broker does not take is dropped."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hints")
        self._places = threading.BoundedSemaphore(_MOST_WAITING)
        self._away_until = float("-inf")
        self._producer: Any = None

    def send(self, task: str, arguments: tuple[Any, ...]) -> None:
        """Have a task sent soon; returns at once."""
        if time.monotonic() < self._away_until or not self._places.acquire(blocking=False):
            return
        try:
            self._thread.submit(self._send, task, arguments)
        except RuntimeError:  # the process ends: it takes no more
            self._places.release()

    def flush(self) -> None:
        """Return once everything told before was sent or dropped."""
        self._thread.submit(lambda: None).result()

    def _send(self, task: str, arguments: tuple[Any, ...]) -> None:
        self._places.release()
        if time.monotonic() < self._away_until:
            return
        try:
            current_app.send_task(task, args=arguments, producer=self._open_producer())
        except (kombu.exceptions.OperationalError, OSError) as error:
            logger.warning("The broker did not take %s (%s); sweeps will for now.", task, error)
            self._away_until = time.monotonic() + _AWAY_SECONDS
            self._close()
        except Exception:
            logger.exception("%s was not sent; a sweep will.", task)
            self._close()

    def _open_producer(self) -> Any:
        if self._producer is None:
            connection = current_app.connection_for_write(transport_options=_FLEETING)
            self._producer = current_app.amqp.Producer(connection, auto_declare=False)
        return self._producer

    def _close(self) -> None:
        if self._producer is not None:
            self._producer.connection.collect()
            self._producer = None


messenger = Messenger()


def send_hint(task: str, *arguments: Any) -> None:
    """Send a task by name, soon. A broker that is gone is no error."""
    messenger.send(task, arguments)


def hint_to_look(task: str) -> None:
    """Send a task by name, unless this process has sent it just now.

    For tasks that look for all there is, where a poke tells of each single thing as well.
    """
    now = time.monotonic()
    if now - _told_at.get(task, float("-inf")) >= _PAUSE_SECONDS:
        _told_at[task] = now
        send_hint(task)
