"""The deliver workers' door: messages only wake the courier of the process, and return at once."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import TimeoutError as WaitingTooLong

from celery import shared_task
from django.conf import settings

from common import wakeup
from common.background_loop import submit
from common.hints import send_hint
from webhooks.courier import STREAM, Courier
from webhooks.network import Sender
from webhooks.outbound import policy

FAN_OUT = "webhooks.fan_out"
DELIVER = "webhooks.deliver"

# Of the time that a worker has to stop, for cutting off what takes longer and writing it down.
_WRITE_DOWN_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Office:
    """The courier of this process and what keeps it going."""

    def __init__(self) -> None:
        self.courier: Courier | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to deliver; called once when the worker process is ready."""
        submit(self._open()).result()

    def look(self) -> None:
        """Have the courier look for work now."""
        if self.courier is not None:
            self.courier.look_everywhere()

    def stop(self) -> None:
        """End what is under way and write it down; called when the process is asked to leave."""
        try:
            submit(self._close()).result(settings.TEPPAN["STOP_SECONDS"])
        except WaitingTooLong:
            logger.warning("The courier did not come to an end in time; its leases will expire.")

    async def _open(self) -> None:
        sender = Sender(policy(), timeout_seconds=settings.TEPPAN["WEBHOOK_TIMEOUT_SECONDS"])
        self.courier = Courier(sender)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self.courier.run()), loop.create_task(wakeup.relay())]

    async def _close(self) -> None:
        courier, self.courier = self.courier, None
        if courier is None:
            return
        await courier.stop(settings.TEPPAN["STOP_SECONDS"] - _WRITE_DOWN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


def hint_courier(delivery_ids: Sequence[int]) -> None:
    """Tell the couriers that deliveries can be sent: by a poke and by a message."""
    wakeup.poke(STREAM)
    send_hint(DELIVER, list(delivery_ids))


@shared_task(name=DELIVER)
def deliver_webhook_task(delivery_ids: Sequence[int]) -> None:
    """Hand deliveries to this process's courier; the ids are only the occasion to look."""
    slots.look()


@shared_task(name=FAN_OUT)
def fan_out_task() -> None:
    """Have this process's courier make deliveries of the facts that wait."""
    slots.look()


slots = Office()
