"""The live line as the tests see it: a running stack, what it reads from, and people who use it."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg
import redis

from tests.services import wait_until
from tests.sse import Message, Stream
from tests.stack import EmbeddedStack, ServerStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from data_provider.sandbox.testing import SandboxServer
    from tests.chaos.upstream import Upstream
    from tests.stack import Stack

PASSWORD = "correct horse battery staple"
TERMINAL = ("complete", "cancelled", "failed")
# Nothing that is waited for takes this long, unless it is broken; the machine may be busy.
PATIENCE_SECONDS = 30
JOBS = "/api/scraper/jobs/"

_names = itertools.count(1)


@dataclass
class Line:
    """A stack with its web processes' addresses, the simulated Reddit, and a scripted one."""

    stack: Stack
    urls: list[str]
    reddit: SandboxServer
    upstream: Upstream

    def person(self) -> Person:
        """Register somebody new, who calls with an API token and has a project."""
        person = Person(self.urls, f"person-{os.getpid()}-{next(_names)}")
        person.register()
        return person

    def execute(self, statement: str, *parameters: Any) -> None:
        """Change the database behind the application's back, as an operator might."""
        if address := self.stack.environment["DATABASE_URL"]:
            with psycopg.connect(address) as connection:
                connection.execute(statement.replace("?", "%s").encode(), parameters)
            return
        database = self.sqlite()
        with database:
            database.execute(statement, parameters)
        database.close()

    def sqlite(self) -> sqlite3.Connection:
        """Return a connection to SQLite's file."""
        return sqlite3.connect(
            self.stack.data_dir / "teppan.sqlite3", timeout=20, isolation_level=None
        )

    def read(self, query: str, *parameters: Any) -> Any:
        """Return the first value that a query gives."""
        if address := self.stack.environment["DATABASE_URL"]:
            with psycopg.connect(address) as connection:
                row = connection.execute(query.replace("?", "%s").encode(), parameters).fetchone()
        else:
            database = self.sqlite()
            row = database.execute(query, parameters).fetchone()
            database.close()
        assert row is not None
        return row[0]

    def count(self, query: str) -> int:
        """Return the one number that a query of PostgreSQL gives."""
        with psycopg.connect(self.stack.environment["DATABASE_URL"]) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    def web(self) -> psutil.Process:
        """Return the first web process."""
        return psutil.Process(self.stack.pid(self._web_name))

    def revive(self, ended: psutil.Process) -> None:
        """Have another web process in its place; the embedded stack sees to it itself.

        Until the old one is gone, a connection may still be taken that is never answered.
        """
        if isinstance(self.stack, ServerStack):
            self.stack._running["web-1"].wait(PATIENCE_SECONDS)
            self.stack.start_process("web-1")
        wait_until(lambda: self._has_another(self._web_name, ended.pid), "No web process again")
        wait_until(self._answers, "No web process answers")

    @property
    def _web_name(self) -> str:
        return "web" if isinstance(self.stack, EmbeddedStack) else "web-1"

    def worker(self, number: int = 1) -> psutil.Process:
        """Return a worker process; the embedded stack has one."""
        return psutil.Process(self.stack.pid(self._worker_name(number)))

    def kill_worker(self, number: int = 1) -> None:
        """Kill a worker as the kernel would, and have another one in its place."""
        self.revive_worker(self.stack.kill(self._worker_name(number)), number)

    def revive_worker(self, old: int, number: int = 1) -> None:
        """Have another worker in the place of one that ends or was killed."""
        name = self._worker_name(number)
        if isinstance(self.stack, ServerStack):
            self.stack._running[name].wait(PATIENCE_SECONDS)
            self.stack.start_process(name)
        wait_until(lambda: self._has_another(name, old), "No other worker", PATIENCE_SECONDS)

    def _worker_name(self, number: int) -> str:
        return "worker" if isinstance(self.stack, EmbeddedStack) else f"worker-{number}"

    def _has_another(self, name: str, old: int) -> bool:
        try:
            return self.stack.pid(name) != old
        except (FileNotFoundError, ValueError):
            return False

    @property
    def broker_url(self) -> str:
        """The address of the stack's broker."""
        if isinstance(self.stack, ServerStack):
            return self.stack.broker.url
        return f"unix://{self.stack.data_dir / 'run' / 'broker.sock'}"

    def broker(self) -> redis.Redis:
        """Return a client of the stack's broker."""
        return redis.Redis.from_url(self.broker_url)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.urls[0]}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def metric(self, name: str, url: str | None = None) -> float:
        """Return one figure of a web process, by default of the first."""
        lines = httpx.get(f"{url or self.urls[0]}/metrics", timeout=10).text.splitlines()
        return next(float(line.split(" ")[1]) for line in lines if line.startswith(f"{name} "))

    def slow(self, subreddit: str, latency_ms: float) -> None:
        """Let the simulated Reddit take its time for every page of a subreddit."""
        self.reddit.add_faults({"subreddit": subreddit, "latency_ms": latency_ms})

    def asked(self, subreddit: str) -> list[dict[str, Any]]:
        """List the requests that the simulated Reddit got for one subreddit."""
        return [one for one in self.reddit.requests() if one["subreddit"] == subreddit]


@dataclass
class Person:
    """Somebody in front of the API. `via` picks the web process."""

    urls: list[str]
    name: str
    token: str = ""
    project: int = 0
    clients: list[httpx.Client] = field(default_factory=list)

    def register(self) -> None:
        """Create the account, an API token and a project."""
        self.clients = [httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) for url in self.urls]
        account = {"username": self.name, "password": PASSWORD}
        assert self.clients[0].post("/api/auth/register/", json=account).status_code == 201
        headers = {"Authorization": f"Bearer {self.sign_in()}"}
        answer = self.clients[0].post("/api/auth/api-tokens/", json={"name": "t"}, headers=headers)
        self.token = answer.json()["token"]
        for client in self.clients:
            client.headers["Authorization"] = f"Bearer {self.token}"
            client.cookies.clear()
        self.project = self.new_project()

    def sign_in(self) -> str:
        """Return the access token of a new session; its cookie stays with the first client."""
        account = {"username": self.name, "password": PASSWORD}
        answer = self.clients[0].post("/api/auth/token/", json=account)
        assert answer.status_code == 200, answer.text
        access: str = answer.json()["access"]
        return access

    def new_project(self) -> int:
        """Create a project; its id."""
        return int(self.call("POST", "/api/projects/", {"name": "p"})["id"])

    def call(self, method: str, path: str, body: Any = None, *, via: int = 0) -> Any:
        """Send a request that succeeds; its JSON."""
        answer = self.clients[via].request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def start(self, subreddit: str, **wish: Any) -> int:
        """Start a job, a live one on the simulated Reddit unless told otherwise; its id."""
        wish = {"mode": "stream", "backend": "sandbox", "project": self.project, **wish}
        return int(self.call("POST", JOBS, {"subreddits": [subreddit], **wish})["id"])

    def job(self, job: int, *, via: int = 0) -> dict[str, Any]:
        """Return the job as REST shows it."""
        shown: dict[str, Any] = self.call("GET", f"{JOBS}{job}/", via=via)
        return shown

    def cancel(self, job: int, *, via: int = 0) -> dict[str, Any]:
        """Ask for its end; the job."""
        shown: dict[str, Any] = self.call("POST", f"{JOBS}{job}/cancel/", via=via)
        return shown

    def events(self, job: int, after: str = "") -> list[dict[str, Any]]:
        """Return all of its durable events after an id, by following `next`."""
        address: str | None = f"{JOBS}{job}/events/" + (f"?after={after}" if after else "")
        found = []
        while address:
            page = self.call("GET", address)
            found += page["results"]
            address = page["next"]
        return found

    def listed(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield all rows of a list."""
        address: str | None = path
        while address:
            page = self.call("GET", address)
            yield from page["results"]
            address = page["next"]

    def stream_url(self, job: int, *, after: str = "", via: int = 0) -> str:
        """Return the address of its stream."""
        query = f"?after={after}" if after else ""
        return f"{self.urls[via]}{JOBS}{job}/stream/{query}"

    def stream(self, job: int, last_id: str = "", *, via: int = 0, **headers: str) -> Stream:
        """Open its stream, going on after `last_id`."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        if last_id:
            headers["Last-Event-ID"] = last_id
        url = self.stream_url(job, via=via)
        return Stream(url, headers, timeout=PATIENCE_SECONDS)

    def watch(self, job: int, last_id: str = "", *, via: int = 0) -> list[Message]:
        """Follow its stream to the end; all messages."""
        with self.stream(job, last_id, via=via) as stream:
            return list(until_deadline(stream))

    def wait(self, job: int, status: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Return the job once it is in a state."""
        wait_until(lambda: self.job(job)["status"] == status, f"Not {status}", seconds)
        return self.job(job)


@contextlib.contextmanager
def standing_still(process: psutil.Process) -> Iterator[None]:
    """Suspend a process, which may be killed meanwhile."""
    process.suspend()
    try:
        yield
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()


def until_deadline(stream: Stream, seconds: float = PATIENCE_SECONDS) -> Iterator[Message]:
    """Yield messages to the stream's end; keepalives alone do not count as news for ever."""
    deadline = time.monotonic() + seconds
    waiting = stream._waiting
    while waiting or stream.pump():
        while waiting:
            yield waiting.popleft()
        if time.monotonic() > deadline:
            raise TimeoutError(f"The stream did not end within {seconds} s")


def durable(messages: list[Message]) -> list[Message]:
    """Return the events that have an id of their own."""
    return [one for one in messages if one.event not in ("snapshot", "progress", "reset", "auth")]


def ids(messages: list[Message]) -> list[str]:
    """Return the ids of durable events."""
    return [one.id for one in durable(messages)]


def posts(messages: list[Message]) -> list[str]:
    """Return the names of the posts."""
    return [one.json()["id"] for one in messages if one.event == "post"]


def place(cursor: str) -> tuple[int, int]:
    """Return an id as something that can be put in order."""
    seq, _, n = cursor.partition(":")
    return int(seq), int(n or 10**7)
