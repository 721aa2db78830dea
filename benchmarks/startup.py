"""Start and stop of the embedded stack: on an empty folder, again, and after `kill -9`.

python -m benchmarks.startup
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import django

from benchmarks.harness import report
from config.env import ROOT
from config.preparation import collect_static

# CONTRACT, section 1, and DESIGN, section 8.
TARGET_SECONDS = {"cold": 10.0, "warm": 10.0, "after_kill_9": 10.0, "stop": 5.0}

_READY = re.compile(r"^Teppan is ready at ")


def start(data_dir: str) -> tuple[float, subprocess.Popen[str]]:
    """Start the stack; the seconds until it says that it is ready."""
    blank = {"DATABASE_URL": "", "REDIS_URL": "", "TEPPAN_SANDBOX_URL": ""}
    environment = {**os.environ, **blank, "TEPPAN_DATA_DIR": data_dir, "TEPPAN_PORT": "0"}
    started = time.perf_counter()
    stack = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert stack.stdout is not None
    lines = []
    for line in stack.stdout:
        lines.append(line)
        if _READY.match(line):
            return time.perf_counter() - started, stack
    raise RuntimeError("The stack did not start:\n" + "".join(lines))


def end(stack: subprocess.Popen[str], how: signal.Signals) -> float:
    """Send a signal to the stack; the seconds until it has ended."""
    started = time.perf_counter()
    stack.send_signal(how)
    stack.communicate()
    return time.perf_counter() - started


def measure() -> dict[str, float]:
    """Start cold, stop, start warm, kill, start again, stop."""
    with tempfile.TemporaryDirectory(prefix="teppan-bench-") as data_dir:
        cold, stack = start(data_dir)
        stopped = end(stack, signal.SIGINT)
        warm, stack = start(data_dir)
        end(stack, signal.SIGKILL)
        recovered, stack = start(data_dir)
        stopped = max(stopped, end(stack, signal.SIGTERM))
    return {"cold": cold, "warm": warm, "after_kill_9": recovered, "stop": stopped}


def main() -> None:
    """Run and report."""
    # Collecting the static files belongs to setting up a checkout, not to starting it.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    collect_static()
    seconds = measure()
    report(
        "startup",
        passed=all(seconds[name] < limit for name, limit in TARGET_SECONDS.items()),
        seconds={name: round(value, 2) for name, value in seconds.items()},
        target=TARGET_SECONDS,
    )


if __name__ == "__main__":
    main()
