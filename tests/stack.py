"""Real processes for tests: the embedded stack, or the pieces of server mode, each in a folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from config.celery import QUEUES
from config.env import ROOT
from tests.services import Services, ValkeyService, free_port, leashed, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

# The first start of a checkout also collects the static files.
READY_SECONDS = 90
# The promise for Ctrl-C is 5 s; a loaded machine gets twice that before a test calls it broken.
STOP_SECONDS = 10

_READY = re.compile(r"^Teppan is ready at (\S+)$", re.MULTILINE)


class Stack:
    """What both kinds have in common; `url` and `client` talk to its (first) web process."""

    def __init__(self, services: Services, environment: Mapping[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="teppan-stack-"))
        self.data_dir = self.folder / "data"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.client = self.new_client()
        postgres = services.postgres
        self.environment = {
            **os.environ,
            "TEPPAN_DATA_DIR": str(self.data_dir),
            "TEPPAN_PORT": self.url.rsplit(":", 1)[1],
            "REDIS_URL": "",
            "DATABASE_URL": postgres.create_database() if postgres else "",
            "TEPPAN_SECRET_KEY": os.environ["TEPPAN_SECRET_KEY"] if postgres else "",
            **environment,
        }

    def new_client(self, **options: Any) -> httpx.Client:
        """Return a client of its own, without the connections and cookies of `client`."""
        return httpx.Client(base_url=self.url, **{"timeout": 10, **options})

    def pid(self, name: str) -> int:
        """Return the number of a process by name."""
        raise NotImplementedError

    def start(self) -> None:
        """Start, and return when it can be used."""
        raise NotImplementedError

    def stop(self) -> None:
        """End everything as its operator would."""
        raise NotImplementedError

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process by name; its number."""
        number = self.pid(name)
        os.kill(number, how)
        return number

    def wait_for_worker(self, seconds: float = 30) -> None:
        """Return once everything, a live worker too, reports ready."""
        wait_until(lambda: self.client.get("/readyz").status_code == 200, "No live worker", seconds)

    def log(self, name: str = "up") -> str:
        """Return what a process wrote."""
        return (self.folder / f"{name}.log").read_text()

    def processes(self) -> list[psutil.Process]:
        """List every live process that was started for this folder, descendants included."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def wait_until_gone(self, seconds: float = STOP_SECONDS) -> None:
        """Return once no process of it is left."""
        wait_until(lambda: not self.processes(), "Processes are left", seconds)

    def tear_down(self) -> list[str]:
        """Stop, remove, and return the command lines of what had to be killed."""
        self.client.close()
        self.stop()
        left = []
        try:
            self.wait_until_gone()
        except TimeoutError:
            for process in self.processes():
                left.append(" ".join(process.cmdline()))
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def _owns(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("TEPPAN_DATA_DIR") == str(self.data_dir)
        except psutil.Error:
            return False

    def _spawn(self, name: str, command: list[str], **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                leashed(command),
                cwd=ROOT,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class EmbeddedStack(Stack):
    """`manage.py up`. Names: supervisor, web, worker, beat, broker, sandbox."""

    process: subprocess.Popen[bytes] = None  # type: ignore[assignment]  # until launched
    _starts = 0

    def launch(self) -> None:
        """Start without waiting."""
        self.process = self._spawn("up", [sys.executable, "manage.py", "up"])

    def start(self) -> None:
        self._starts = len(_READY.findall(self.log())) if self.process else 0
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return once it says that it is ready; fails at once when it ends instead."""
        wait_until(self._is_ready_or_over, "The stack is not ready", seconds)
        assert self.process.poll() is None, self.log()

    def pid(self, name: str) -> int:
        return int((self.data_dir / "run" / f"{name}.pid").read_text())

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the supervisor and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.interrupt()

    def _is_ready_or_over(self) -> bool:
        is_ready = len(_READY.findall(self.log())) > self._starts
        return is_ready or self.process.poll() is not None


class ServerStack(Stack):
    """Server mode's pieces. Names: web-1.., worker-1.., beat, sandbox; `urls` has all webs."""

    def __init__(
        self, services: Services, environment: Mapping[str, str], *, web: int, workers: int
    ) -> None:
        self.broker = ValkeyService()
        super().__init__(services, {"REDIS_URL": self.broker.url, **environment})
        self._sandbox_port = free_port()
        self.environment.setdefault("TEPPAN_SANDBOX_URL", "")
        if not self.environment["TEPPAN_SANDBOX_URL"]:
            address = f"http://127.0.0.1:{self._sandbox_port}"
            self.environment["TEPPAN_SANDBOX_URL"] = address
        more = [f"http://127.0.0.1:{free_port()}" for _ in range(web - 1)]
        self.urls = [self.url, *more][:web]
        self._workers = workers
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self.broker.start()
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        assert self._spawn("migrate", migrate).wait(READY_SECONDS) == 0, self.log("migrate")
        for name in self._names():
            self.start_process(name)
        for url in self.urls:
            wait_until(
                lambda url=url: is_answering(f"{url}/healthz"), f"{url} is not ready", READY_SECONDS
            )  # type: ignore[misc]

    def start_process(self, name: str) -> None:
        """Start one of the pieces, again after it was killed."""
        kind, _, number = name.partition("-")
        if kind == "web":
            port = self.urls[int(number) - 1].rsplit(":", 1)[1]
            command = [sys.executable, "-m", "config.web"]
            self._running[name] = self._spawn(name, command, TEPPAN_PORT=port)
        else:
            self._running[name] = self._spawn(name, self._command(kind, name))

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.broker.remove()

    def _names(self) -> list[str]:
        webs = [f"web-{number}" for number in range(1, len(self.urls) + 1)]
        workers = [f"worker-{number}" for number in range(1, self._workers + 1)]
        return ["sandbox", *webs, *workers, *(["beat"] if workers else [])]

    def _command(self, kind: str, name: str) -> list[str]:
        celery = [sys.executable, "-m", "celery", "--quiet", "--app", "config.celery"]
        pool = ["--pool", "threads", "--concurrency", "4", "--queues", ",".join(QUEUES)]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        schedule = str(self.folder / f"{name}-schedule")
        commands = {
            "sandbox": [sys.executable, "manage.py", "sandbox", "--port", str(self._sandbox_port)],
            "worker": [*celery, "worker", "--hostname", f"{name}@%h", *pool, *quiet],
            "beat": [*celery, "beat", "--schedule", schedule],
        }
        return commands[kind]


def is_alive(number: int) -> bool:
    """Tell whether a process still runs; one that only waits to be asked for its end does not."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_answering(url: str) -> bool:
    """Tell whether a GET is answered with 200."""
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
