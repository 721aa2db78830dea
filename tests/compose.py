"""Server mode as `docker-compose.yml` describes it, run on loopback by the very same commands.

Each service gets its own processes; only what a container would give it is put in its place: names
of hosts become loopback ports, folders private ones, and the images' programs this machine's.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from config import broker
from config.env import ROOT
from tests.services import free_port, leashed, wait_until
from tests.stack import READY_SECONDS, STOP_SECONDS, Stack, is_answering

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.services import PostgresService, Services

FILE = ROOT / "docker-compose.yml"
KEY = "compose-tests-0123456789-0123456789-0123456789"

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def read_services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the file's services, its variables filled in as compose does."""

    def fill(match: re.Match[str]) -> str:
        name, kind, text = match.groups()
        if value := variables.get(name):
            return value
        if kind == "?":
            raise KeyError(f"{name}: {text}")
        return text or ""

    document = yaml.safe_load(_VARIABLE.sub(fill, FILE.read_text()))
    services: dict[str, dict[str, Any]] = document["services"]
    return services


class ComposeStack(Stack):
    """All services but the database, which is the run's own; `url` is nginx's address.

    Names: nginx, web-1.., worker-scrape, -deliver, -export, -analyze, beat, redis.
    """

    def __init__(self, services: Services, environment: Mapping[str, str]) -> None:
        super().__init__(services, environment)
        assert services.postgres is not None
        self._postgres: PostgresService = services.postgres
        self._given = environment
        # nginx gives up its rights, and its workers still have to reach its folders.
        self.folder.chmod(0o755)
        port = self.url.rsplit(":", 1)[1]
        variables = {"TEPPAN_SECRET_KEY": KEY, "POSTGRES_PASSWORD": "p", "TEPPAN_PORT": port}
        self.services = read_services({**variables, "TEPPAN_PUBLIC_URL": self.url})
        self._redis_port = free_port()
        self.web_ports = [free_port() for _ in range(self.services["web"]["deploy"]["replicas"])]
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self.start_process("redis")
        assert self._launch("migrate").wait(READY_SECONDS) == 0, self.log("migrate")
        for name in self.names():
            if name != "redis":
                self.start_process(name)
        wait_until(lambda: is_answering(f"{self.url}/healthz"), "nginx has no web", READY_SECONDS)
        self.wait_for_worker(READY_SECONDS)

    def names(self) -> list[str]:
        """List what runs for as long as the stack does."""
        webs = [f"web-{number}" for number in range(1, len(self.web_ports) + 1)]
        one_each = [
            name for name in self.services if name not in ("web", "migrate", "postgres", "nginx")
        ]
        return [*one_each, *webs, "nginx"]

    def start_process(self, name: str) -> None:
        """Start one of them, again after it was killed."""
        self._running[name] = self._launch(name)

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def stop(self) -> None:
        order = sorted(self._running, key=lambda name: name == "redis")
        for name in order:
            process = self._running[name]
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _launch(self, name: str) -> subprocess.Popen[bytes]:
        service = self.services["web" if name.startswith("web-") else name]
        command = [str(part) for part in service["command"]]
        command[0] = _PROGRAMS.get(command[0], lambda: command[0])()
        extra = {"redis": self._redis_options, "nginx": self._nginx_options}.get(name)
        command += extra() if extra else []
        environment = {**self._given, **self._environment_of(name, service)}
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                leashed(command, signal.SIGTERM if name == "nginx" else signal.SIGKILL),
                cwd=ROOT,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment_of(self, name: str, service: Mapping[str, Any]) -> dict[str, str]:
        variables = {key: str(value) for key, value in service.get("environment", {}).items()}
        if "DATABASE_URL" in variables:
            database = self.environment["DATABASE_URL"]
            assert variables["DATABASE_URL"] == "postgres://teppan:p@postgres:5432/teppan"
            variables["DATABASE_URL"] = database
            address = f"redis://127.0.0.1:{self._redis_port}/0"
            assert variables["REDIS_URL"] == "redis://redis:6379/0"
            variables["REDIS_URL"] = address
            variables["TEPPAN_DATA_DIR"] = str(self.data_dir)
        if name.startswith("web-"):
            port = self.web_ports[int(name.removeprefix("web-")) - 1]
            assert (variables["TEPPAN_HOST"], variables["TEPPAN_PORT"]) == ("0.0.0.0", "8000")  # noqa: S104
            variables |= {"TEPPAN_HOST": "127.0.0.1", "TEPPAN_PORT": str(port)}
        return variables

    def _redis_options(self) -> list[str]:
        folder = self.folder / "redis"
        folder.mkdir(exist_ok=True)
        return ["--port", str(self._redis_port), "--bind", "127.0.0.1", "--dir", str(folder)]

    def _nginx_options(self) -> list[str]:
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        servers = "\n".join(f"server 127.0.0.1:{port};" for port in self.web_ports)
        for placed, put in {
            "server web:8000;": servers,
            "listen 8080;": f"listen {self.url.removeprefix('http://')};",
            "worker_processes auto;": "worker_processes 1;",
            "/tmp/": f"{folder}/",  # noqa: S108 -- the container's
            # At the scale of time that the tests run at.
            "proxy_read_timeout 60s;": f"proxy_read_timeout {NGINX_READ_SECONDS}s;",
        }.items():
            assert placed in text
            text = text.replace(placed, put)
        configuration = folder / "nginx.conf"
        configuration.write_text(text)
        return ["-c", str(configuration)]


# nginx's own default of 60 s, at the tests' scale of time.
NGINX_READ_SECONDS = 6


def _find(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{program} is not installed: make setup-programs"
    return found


def _find_redis() -> str:
    server = broker.find_server()
    assert server is not None, "no valkey-server and no redis-server found"
    return server


_PROGRAMS = {
    "python": lambda: sys.executable,
    "celery": lambda: str(Path(sys.executable).with_name("celery")),
    "nginx": lambda: _find("nginx"),
    "redis-server": _find_redis,
}
