"""`manage.py up`: the embedded stack in the foreground, under one parent.

Broker and simulated Reddit start while the database is migrated, then web, worker and beat. A
child that dies is started again; a signal stops all of them, the broker last.
"""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from ipaddress import ip_address
from pathlib import Path

import django
from django.conf import settings
from django.db import Error as DatabaseError

from config import broker, preparation
from config.celery import QUEUES
from config.claim import Claim, Refused
from config.env import ROOT, Environment, read_environment
from config.processes import Child, Program
from config.web import bind

# Ctrl-C has to be over within 5 s: web's own grace is 2 s, the worker gives its rows back in less.
_GRACE_SECONDS = 3.5
_BROKER_GRACE_SECONDS = 1.0

# The simulated Reddit is one source among several: the stack comes up without it, and says so.
_SANDBOX_SECONDS = 10.0

_LOOK_SECONDS = 0.05
_HEALTHY = b"HTTP/1.1 200 "


class Supervisor:
    """Starts, watches and stops the children of one data folder."""

    def __init__(
        self,
        environment: Environment,
        listener: socket.socket,
        claim: Claim,
        *,
        is_demo: bool = False,
    ) -> None:
        self._environment = environment
        self._listener = listener
        self._claim = claim
        self._is_demo = is_demo
        self._children: list[Child] = []
        self._broker: Child | None = None
        # The port that was really taken: links, and who must not be sent to, depend on it.
        port = str(listener.getsockname()[1])
        self._variables = {**os.environ, "PYTHONUNBUFFERED": "1", "TEPPAN_PORT": port}
        self._signalled = asyncio.Event()

    async def run(self) -> int:
        """Run until a signal; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        starting = asyncio.create_task(self._start())
        signalled = asyncio.create_task(self._signalled.wait())
        try:
            await asyncio.wait([starting, signalled], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await signalled
        finally:
            starting.cancel()
            await asyncio.wait([starting])
            await self._stop()
        return 0

    def _on_signal(self) -> None:
        if self._signalled.is_set():
            for child in self._all():
                child.kill()
        self._signalled.set()

    async def _start(self) -> None:
        await asyncio.gather(
            self._start_broker(), self._start_sandbox(), asyncio.to_thread(preparation.prepare)
        )
        await asyncio.gather(*(self._add(program) for program in self._python_programs()))
        await self._wait_until_healthy()
        if self._is_demo:
            await self._prepare_demo()
        say("", f"Teppan is ready at {_url(self._listener)}")

    async def _stop(self) -> None:
        await asyncio.gather(*(child.stop(_GRACE_SECONDS) for child in self._children))
        if self._broker is not None:
            await self._broker.stop(_BROKER_GRACE_SECONDS)

    def _all(self) -> list[Child]:
        return [*self._children, *([self._broker] if self._broker else [])]

    async def _add(self, program: Program) -> None:
        self._children.append(Child(program, settings.RUN_DIR, say))
        await self._children[-1].start()

    async def _start_broker(self) -> None:
        if self._environment.REDIS_URL:
            return
        server = broker.find_server()
        if server is None:
            raise Refused(
                "No valkey-server or redis-server was found. Install one or set REDIS_URL."
            )
        path = Path(settings.REDIS_URL.removeprefix("unix://"))
        data = settings.DATA_DIR / "broker"
        for folder in (path.parent, data):
            _make_private(folder)
        path.unlink(missing_ok=True)
        command = broker.command(server, path, data)
        self._broker = Child(self._program("broker", *command), settings.RUN_DIR, say)
        await self._broker.start()
        await broker.wait_until_answering(path)

    async def _start_sandbox(self) -> None:
        if self._environment.TEPPAN_SANDBOX_URL:
            return
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def listen(name: str, line: str) -> None:
            found = re.search(r"http://\S+", line)
            if found and not address.done():
                address.set_result(found[0])
            say(name, line)

        child = Child(self._sandbox(port="0"), settings.RUN_DIR, listen)
        self._children.append(child)
        await child.start()
        try:
            url = await asyncio.wait_for(address, _SANDBOX_SECONDS)
        except TimeoutError:
            say("", "The simulated Reddit does not start; Teppan goes on without it.")
            return
        # Started again it has to be found where it was.
        child.program = self._sandbox(port=url.rsplit(":", 1)[1])
        self._variables["TEPPAN_SANDBOX_URL"] = url

    def _sandbox(self, *, port: str) -> Program:
        command = [sys.executable, str(ROOT / "manage.py"), "sandbox", "--port", port]
        return self._program("sandbox", *command)

    def _python_programs(self) -> list[Program]:
        celery = [sys.executable, "-m", "celery", "--quiet", "--app", "config.celery"]
        worker = [
            *("--pool", "threads", "--concurrency", str(settings.TEPPAN["WORKER_SLOTS"])),
            *("--queues", ",".join(QUEUES), "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
        schedule = str(settings.DATA_DIR / "beat-schedule")
        listener = str(self._listener.fileno())
        return [
            self._program("web", sys.executable, "-m", "config.web", "--fd", listener),
            # Its warm shutdown would go on for as long as a task runs, with nobody left to end it.
            self._program("worker", *celery, "worker", *worker, orphaned=signal.SIGKILL),
            self._program("beat", *celery, "beat", "--schedule", schedule, "--loglevel", "WARNING"),
        ]

    def _program(
        self, name: str, *command: str, orphaned: signal.Signals = signal.SIGTERM
    ) -> Program:
        descriptors = [self._claim.inherited, *([self._listener.fileno()] if name == "web" else [])]
        return Program(name, command, dict(self._variables), orphaned, descriptors)

    async def _prepare_demo(self) -> None:
        demo = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "manage.py"), "demo", env=self._variables
        )
        await demo.wait()

    async def _wait_until_healthy(self) -> None:
        # The listening socket is open already: a request waits in it until web accepts.
        while not await _is_healthy(*_address(self._listener)):
            await asyncio.sleep(_LOOK_SECONDS)


def run(*, is_demo: bool = False) -> int:
    """Run the embedded stack until it is interrupted; the exit code.

    With `is_demo` an account with a project that scrapes the simulated Reddit is there when it
    says that it is ready.

    Raises SettingError for a wrong setting.
    """
    environment = read_environment()
    os.chdir(ROOT)
    django.setup()
    for folder in (settings.DATA_DIR, settings.RUN_DIR):
        _make_private(folder)
    claim = Claim(settings.RUN_DIR)
    try:
        claim.take()
        with contextlib.closing(_listen(environment)) as listener:
            return asyncio.run(Supervisor(environment, listener, claim, is_demo=is_demo).run())
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
    except DatabaseError as error:
        sys.stderr.write(f"The database cannot be used (DATABASE_URL): {error}\n")
    finally:
        claim.release()
    return 1


def say(name: str, line: str) -> None:
    """Write one line of a child, or without a name our own; a closed terminal is no fault."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{name:<10} | {line}\n" if name else f"{line}\n")
        sys.stdout.flush()


def _listen(environment: Environment) -> socket.socket:
    host, port = environment.TEPPAN_HOST, environment.TEPPAN_PORT
    try:
        return bind(host, port)
    except OSError as error:
        raise Refused(
            f"Teppan cannot listen on {host}:{port} ({error.strerror})."
            " Stop what uses that address, or set TEPPAN_PORT or TEPPAN_HOST."
        ) from error


def _address(listener: socket.socket) -> tuple[str, int]:
    """Where to reach our own listener: a wildcard address is not one to connect to."""
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "::1" if listener.family == socket.AF_INET6 else "127.0.0.1"
    return host, port


def _url(listener: socket.socket) -> str:
    host, port = _address(listener)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _is_healthy(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
        with contextlib.closing(writer):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return (await reader.readline()).startswith(_HEALTHY)
    except OSError:
        return False


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
