"""A line with a scripted receiver: what leaves the stack, and what it wrote down of it."""

from __future__ import annotations

import itertools
import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.services import wait_until
from tests.stack import EmbeddedStack, ServerStack, is_alive

if TYPE_CHECKING:
    from tests.chaos.inside import Inside
    from tests.chaos.line import Line
    from tests.webhooks.receiver import Receipt, Receiver

# What a busy machine may take for something that takes a second.
PATIENCE_SECONDS = 60

# Leases and grace of the stacks here, unscaled; the tests' time runs ten times as fast.
LEASE_SECONDS = 50.0

ENVIRONMENT = {
    "TEPPAN_OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    "TEPPAN_WEBHOOK_HTTPS_ONLY": "off",
    "TEPPAN_LEASE_SECONDS": str(LEASE_SECONDS),
}

_names = itertools.count(1)


@dataclass
class Mail:
    """A running line, a process on its database, and the receiver of its webhooks."""

    line: Line
    inside: Inside
    receiver: Receiver

    def account(self) -> str:
        """Create an account with a project; its name."""
        name = f"sender-{next(_names)}"
        self.inside.call("account", name=name)
        return name

    def endpoint(self, owner: str, path: str, **fields: Any) -> int:
        """Create an endpoint of the account at a path of the receiver; its id."""
        return self.endpoint_at(owner, self.receiver.url(path), **fields)

    def endpoint_at(self, owner: str, url: str, **fields: Any) -> int:
        """Create an endpoint at any address; its id."""
        return int(self.inside.call("endpoint", owner=owner, url=url, **fields))

    def fire(self, owner: str, count: int, *, pause_seconds: float = 0) -> None:
        """Fire so many events, numbered from 0."""
        self.inside.call(
            "fire", owner=owner, numbers=list(range(count)), pause_seconds=pause_seconds
        )

    def wait_until_delivered(self, endpoint: int, count: int) -> list[dict[str, Any]]:
        """Return the endpoint's ledger once all of it is delivered and nobody holds any."""
        expected = {"delivered": count, "leased": 0}
        wait_until(
            lambda: self.inside.statuses(endpoint) == expected,
            f"Not {count} delivered",
            PATIENCE_SECONDS,
        )
        return self.inside.ledger(endpoint)

    @property
    def workers(self) -> list[str]:
        """The names of the worker processes."""
        stack = self.line.stack
        if isinstance(stack, EmbeddedStack):
            return ["worker"]
        assert isinstance(stack, ServerStack)
        return sorted(name for name in stack._running if name.startswith("worker"))

    def kill_worker(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Send a worker a signal that ends it, and wait until it is gone."""
        number = self.line.stack.kill(name, how)
        stack = self.line.stack
        if isinstance(stack, ServerStack):
            stack._running[name].wait(PATIENCE_SECONDS)
            return
        wait_until(lambda: not is_alive(number), f"{name} lives on", PATIENCE_SECONDS)

    def revive_worker(self, name: str) -> None:
        """Have the worker again; the embedded stack sees to it itself."""
        if isinstance(self.line.stack, ServerStack):
            self.line.stack.start_process(name)

    def kill_workers(self) -> None:
        for name in self.workers:
            self.kill_worker(name)

    def revive_workers(self) -> None:
        for name in self.workers:
            self.revive_worker(name)

    def break_broker(self) -> None:
        """Kill the broker; the embedded stack starts it again, else `mend_broker` does."""
        stack = self.line.stack
        if isinstance(stack, ServerStack):
            stack.broker.stop()
        else:
            stack.kill("broker")

    def mend_broker(self) -> None:
        if isinstance(self.line.stack, ServerStack):
            self.line.stack.broker.start()


def number_of(receipt: Receipt) -> int:
    """Return the number of the event that a request tells of."""
    return int(json.loads(receipt.body)["data"]["n"])
