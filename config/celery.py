"""The Celery application, and what a worker process does when it starts and when it must go."""

from __future__ import annotations

import logging
import os
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from celery import Celery
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

if TYPE_CHECKING:
    from collections.abc import Container

    from config.presence import Presence

    class Working(Protocol):
        """What does a queue's work in this process."""

        def start(self) -> None:
            """Begin; called once when the process is ready."""

        def stop(self) -> None:
            """Come to an end; called when the process is asked to leave."""


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# One queue per kind of work, so that server mode can give each its own processes.
QUEUES = ("scrape", "deliver", "export", "analyze")

logger = logging.getLogger(__name__)

app = Celery("teppan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="schedules")

_presences: list[Presence] = []
_working: list[Working] = []
_stopping: list[threading.Thread] = []
_is_leaving = threading.Lock()

# Celery sends it from inside its signal handler under a plain lock: a second SIGTERM that came just
# then would wait for itself, and the process would never end.
worker_shutting_down.lock = threading.RLock()

# Which task module has the slots that a queue's messages wake.
_SLOTS = {"scrape": "scraper.tasks", "deliver": "webhooks.tasks", "export": "exports.tasks"}


@worker_ready.connect  # type: ignore[untyped-decorator]
def _start(sender: Any, **_: Any) -> None:
    # The Redis client takes longer to import than everything else of a command that needs none.
    from config.presence import Presence  # noqa: PLC0415

    presence = Presence()
    presence.start(f"{sender.hostname}:{os.getpid()}")
    _presences.append(presence)
    _working.extend(_work_of(sender.app.amqp.queues.consume_from))
    for work in _working:
        work.start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _give_back(**_: Any) -> None:
    # Sent from inside the signal handler, where the interrupted code may hold any lock: the
    # running rows are given back from a thread, while Celery waits for its tasks to return. And the
    # next signal may interrupt any line of this.
    if _is_leaving.acquire(blocking=False):
        _stopping.extend(
            threading.Thread(target=work.stop, name="stop-worker", daemon=True) for work in _working
        )
        for thread in _stopping:
            thread.start()


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def _leave(**_: Any) -> None:
    from django.conf import settings  # noqa: PLC0415 -- read late, as everything of Django

    # Longer than any step that gives a running row back, shorter than the supervisor's grace.
    until = time.monotonic() + settings.TEPPAN["STOP_SECONDS"]
    for thread in _stopping:
        thread.join(max(0.0, until - time.monotonic()))
    for presence in _presences:
        presence.stop()


def _work_of(queues: Container[str]) -> list[Working]:
    # Imported late: the task modules need this application.
    work: list[Working] = [
        import_module(name).slots for queue, name in _SLOTS.items() if queue in queues
    ]
    if "scrape" in queues:
        work.append(import_module("scraper.indexing").indexer)
    return work
