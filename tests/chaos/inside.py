"""A process beside a stack, on its database and broker: it fires events, reads the ledger, claims.

`python -m tests.chaos.inside` answers one line of JSON per line `[function, arguments]`; `Inside`
starts it and calls it. It stands for whatever commits facts, and is never killed itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

import django

from config.env import ROOT
from tests.services import leashed

if TYPE_CHECKING:
    from tests.stack import Stack


class Inside:
    """`inside.call("fire", owner="ada", count=3)` runs a function there and returns its result."""

    def __init__(self, stack: Stack) -> None:
        self._process = subprocess.Popen(
            leashed([sys.executable, "-m", "tests.chaos.inside"]),
            cwd=ROOT,
            env={**stack.environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._turn = threading.Lock()

    def call(self, function: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps([function, arguments]) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        assert line, f"{function} failed inside"
        return json.loads(line)

    def ledger(self, endpoint: int | None = None) -> list[dict[str, Any]]:
        """Return the deliveries (of an endpoint) with their attempts."""
        rows: list[dict[str, Any]] = self.call("ledger", endpoint=endpoint)
        return rows

    def statuses(self, endpoint: int | None = None) -> dict[str, int]:
        """Count deliveries by status; `leased` counts those that somebody holds."""
        counted: dict[str, int] = self.call("statuses", endpoint=endpoint)
        return counted

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def _serve() -> None:
    functions = _functions()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        sys.stdout.write(json.dumps(functions[name](**arguments)) + "\n")
        sys.stdout.flush()


def _functions() -> dict[str, Any]:
    django.setup()
    # Known only after Django's set-up.
    from tests.chaos import claims, ledger, removals  # noqa: PLC0415

    of_ledger = ("account", "endpoint", "fire", "queue", "ledger", "statuses", "flush")
    of_claims = ("queue_jobs", "start_and_die", "claim_jobs", "untouched")
    return {
        **{name: getattr(ledger, name) for name in of_ledger},
        **{name: getattr(claims, name) for name in of_claims},
        **{name: getattr(removals, name) for name in ("delete_unannounced", "is_left")},
    }


if __name__ == "__main__":
    _serve()
