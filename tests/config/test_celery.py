"""A worker process that is asked to leave, more than once."""

from __future__ import annotations

import threading

from celery.signals import worker_shutting_down

from config import celery


class TestLeaving:
    def test_a_signal_within_a_signal_does_not_wait_for_itself(self) -> None:
        lock = worker_shutting_down.lock
        with lock:
            assert lock.acquire(blocking=False)
            lock.release()

    def test_begins_once_however_many_signals_come(self) -> None:
        told = threading.Semaphore(0)

        class Work:
            def start(self) -> None:
                raise NotImplementedError

            def stop(self) -> None:
                told.release()

        celery._working.append(Work())
        try:
            for _ in range(3):
                worker_shutting_down.send(sender="worker", sig="SIGTERM", how="Warm", exitcode=0)
            assert len(celery._stopping) == 1
            celery._stopping[0].join(10)
            assert told.acquire(blocking=False)
            assert not told.acquire(blocking=False)
        finally:
            celery._working.clear()
            celery._stopping.clear()
            celery._is_leaving.release()
