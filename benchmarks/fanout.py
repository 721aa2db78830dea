"""Fan-out: 500 viewers of one stream from one web process, against the least one could write.

    python -m benchmarks.fanout --engine sqlite|postgres

Facts are appended to a job's log by this process, as a worker would; the web process hears of them
through Redis, reads them from the database, and sends them to every viewer. Beside it run a bare
ASGI application that sends the same bytes from memory, and sse-starlette doing the same. Viewers
live in a process of their own and check every id.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import django
import psutil
import uvicorn

from benchmarks.harness import chosen_engine, percentile, report, running_servers, sign_in
from tests.services import free_port, leashed

VIEWERS = 500
RATE = 20
SECONDS = 10
# The flood: 100 facts a second to 500 viewers are 50,000 frames a second.
FLOOD_RATE = 100
FLOOD_SECONDS = 5
TEXT = "x" * 420
# DESIGN, section 8.
TARGET_P99_MS = 30.0
TARGET_CPU_RATIO = 1.5
TARGET_KB_PER_VIEWER = 25.0

# Until the last of the viewers' first frames are out of the way.
_SETTLE_SECONDS = 1.0

_FACT = re.compile(rb'"n":(\d+),"at":([\d.]+)')


def fact(number: int) -> dict[str, Any]:
    """Return a fact of about 600 bytes that says when it was appended."""
    return {"n": number, "at": time.time(), "text": TEXT}


class Viewers(asyncio.Protocol):
    """One connection; counts what comes and when."""

    def __init__(self, request: bytes, tallies: list["Viewers"]) -> None:
        self._request = request
        self._rest = b""
        self.numbers: list[int] = []
        self.is_open = False
        self.latencies: list[float] = []
        tallies.append(self)

    def connection_made(self, transport: Any) -> None:
        """Ask for the stream."""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the facts in a chunk; a fact cut in two is completed by the next."""
        self.is_open = True
        text = self._rest + data
        end = 0
        now = time.time()
        for match in _FACT.finditer(text):
            end = match.end()
            self.numbers.append(int(match[1]))
            self.latencies.append(now - float(match[2]))
        self._rest = text[max(end, len(text) - 64) :]


async def watch(port: int, path: str, token: str, expected: int, viewers: int) -> dict[str, Any]:
    """Open all viewers, say so, and return what they saw once all have `expected` facts."""
    host = "127.0.0.1"
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n"
    tallies: list[Viewers] = []
    loop = asyncio.get_running_loop()
    for _ in range(viewers):
        await loop.create_connection(lambda: Viewers(head.encode(), tallies), host, port)
    while not all(one.is_open for one in tallies):
        await asyncio.sleep(0.02)
    print("open", flush=True)
    deadline = time.time() + 60
    while any(len(one.numbers) < expected for one in tallies) and time.time() < deadline:
        await asyncio.sleep(0.1)
    whole = list(range(expected))
    return {
        "lost": sum(expected - len(set(one.numbers)) for one in tallies),
        "doubled": sum(len(one.numbers) - len(set(one.numbers)) for one in tallies),
        "disordered": sum(one.numbers != whole for one in tallies),
        "latencies": [1000 * value for one in tallies for value in one.latencies],
    }


class Audience:
    """The viewers' process."""

    def __init__(self, port: int, path: str, token: str, expected: int, viewers: int) -> None:
        arguments = [str(port), path, token, str(expected), str(viewers)]
        self._process = subprocess.Popen(
            leashed([sys.executable, "-m", "benchmarks.fanout", "--viewers", *arguments]),
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_open(self) -> None:
        """Return once every viewer is connected."""
        assert self._process.stdout
        assert self._process.stdout.readline().strip() == "open"
        time.sleep(_SETTLE_SECONDS)

    def result(self) -> dict[str, Any]:
        """Return what they saw."""
        output, _ = self._process.communicate(timeout=120)
        return dict(json.loads(output))


class Scene:
    """A server to watch: where, and how to make it tell facts."""

    def __init__(self, port: int, path: str, token: str, process: psutil.Process) -> None:
        self._place = (port, path, token)
        self._process = process

    def measure(
        self, drive: Callable[[int, int], None], rate: int, seconds: int, viewers: int = VIEWERS
    ) -> dict[str, Any]:
        """Let viewers watch while `drive(rate, seconds)` appends facts."""
        before = self._process.memory_full_info().pss
        audience = Audience(*self._place, rate * seconds, viewers)
        audience.wait_until_open()
        grown = (self._process.memory_full_info().pss - before) / viewers / 1024
        busy = self._process.cpu_times()
        drive(rate, seconds)
        seen = audience.result()
        spent = self._process.cpu_times()
        latencies = seen.pop("latencies")
        return {
            **seen,
            "frames_per_second": viewers * rate,
            "p50_ms": round(percentile(latencies, 0.5), 1),
            "p99_ms": round(percentile(latencies, 0.99), 1),
            "cpu_seconds": round(spent.user + spent.system - busy.user - busy.system, 2),
            "kb_per_viewer": round(grown, 1),
            "threads": self._process.num_threads(),
        }


def append_facts(job: Any) -> Any:
    """Return the driver that appends to a job's log, at even intervals."""
    from projects.activity import fire_event

    def drive(rate: int, seconds: int) -> None:
        started = time.monotonic()
        for number in range(rate * seconds):
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
            fire_event(job, "target.changed", fact(number))

    return drive


async def bare_asgi(scope: Any, receive: Any, send: Any) -> None:
    """Send the facts from memory: nothing but ASGI."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/drive":
        await _drive_in_memory(scope, send)
        return
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
    index = len(_SENT)
    while True:
        while index < len(_SENT):
            body = b"".join(_SENT[index:])
            index = len(_SENT)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.shield(_news())


_SENT: list[bytes] = []
_waiting: list[asyncio.Future[None]] = []


def _news() -> asyncio.Future[None]:
    if not _waiting:
        _waiting.append(asyncio.get_running_loop().create_future())
    return _waiting[0]


async def _drive_in_memory(scope: Any, send: Any) -> None:
    rate, seconds = (int(part) for part in scope["query_string"].split(b"/"))
    started = time.monotonic()
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        data = json.dumps(fact(number), separators=(",", ":"))
        _SENT.append(f"id: {number}\nevent: target\ndata: {data}\n\n".encode())
        while _waiting:
            _waiting.pop().set_result(None)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def starlette(scope: Any, receive: Any, send: Any) -> None:
    """Do the same with sse-starlette."""
    from sse_starlette.sse import EventSourceResponse

    if scope["type"] != "http":
        return
    if scope["path"] == "/drive":
        await _drive_in_memory(scope, send)
        return

    async def events() -> AsyncIterator[dict[str, Any]]:
        index = len(_SENT)
        yield {"retry": 3000}
        while True:
            while index < len(_SENT):
                lines = _SENT[index].decode().split("\n")
                index += 1
                yield {"id": lines[0][4:], "event": "target", "data": lines[2][6:]}
            await asyncio.shield(_news())

    await EventSourceResponse(events())(scope, receive, send)


def measure_in_memory(name: str, rate: int, seconds: int) -> dict[str, Any]:
    """Run one of the applications above in a process of its own and measure it."""
    import httpx

    port = free_port()
    command = [sys.executable, "-m", "benchmarks.fanout", "--serve", name, str(port)]
    server = subprocess.Popen(leashed(command))
    try:
        while True:
            with suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/drive?1/0")
                break

        def drive(rate: int, seconds: int) -> None:
            httpx.get(f"http://127.0.0.1:{port}/drive?{rate}/{seconds}", timeout=60)

        return Scene(port, "/", "-", psutil.Process(server.pid)).measure(drive, rate, seconds)
    finally:
        server.kill()
        server.wait()


def main() -> None:
    """Run and report."""
    engine = chosen_engine(__doc__)
    floor = measure_in_memory("bare_asgi", RATE, SECONDS)
    common = measure_in_memory("starlette", RATE, SECONDS)
    environment = {"TEPPAN_MAX_STREAMS_PER_USER": str(2 * VIEWERS)}
    with running_servers(engine, workers=0, **environment) as stack:
        client, project = sign_in(stack)
        django.setup()
        # What a first request loads is not what a viewer costs.
        _watch_job(stack, client, project, RATE, 1, viewers=10)
        steady = _watch_job(stack, client, project, RATE, SECONDS)
        flood = _watch_job(stack, client, project, FLOOD_RATE, FLOOD_SECONDS)
    ratio = steady["cpu_seconds"] / floor["cpu_seconds"]
    whole = not any(run[name] for run in (steady, flood) for name in ("lost", "disordered"))
    report(
        "fanout",
        passed=whole
        and steady["p99_ms"] < TARGET_P99_MS
        and ratio <= TARGET_CPU_RATIO
        and steady["kb_per_viewer"] < TARGET_KB_PER_VIEWER,
        engine=engine,
        viewers=VIEWERS,
        teppan=steady,
        flood=flood,
        bare_asgi=floor,
        sse_starlette=common,
        cpu_ratio=round(ratio, 2),
        target={
            "p99_ms": TARGET_P99_MS,
            "cpu_ratio": TARGET_CPU_RATIO,
            "kb_per_viewer": TARGET_KB_PER_VIEWER,
        },
    )


def _watch_job(
    stack: Any, client: Any, project: int, rate: int, seconds: int, viewers: int = VIEWERS
) -> dict[str, Any]:
    from django.utils import timezone

    from scraper.models import ScrapingJob

    wish = {"project": project, "backend": "sandbox", "subreddits": ["python"]}
    number = client.post("/api/scraper/jobs/", json=wish).raise_for_status().json()["id"]
    job = ScrapingJob.objects.get(pk=number)
    lease = {"status": "running", "fence": 1, "lease_until": timezone.now().replace(year=2100)}
    ScrapingJob.objects.filter(pk=number).update(**lease)
    process = psutil.Process(stack.pid("web-1"))
    port = int(stack.url.rsplit(":", 1)[1])
    path = f"/api/scraper/jobs/{number}/stream/"
    token = client.headers["Authorization"]
    scene = Scene(port, path, token, process)
    return scene.measure(append_facts(job), rate, seconds, viewers)


def _serve(name: str, port: int) -> None:
    application = {"bare_asgi": bare_asgi, "starlette": starlette}[name]
    uvicorn.run(application, port=port, log_level="error", lifespan="off")  # type: ignore[arg-type]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["--viewers"]:
        port_, path_, token_, expected_, viewers_ = sys.argv[2:7]
        seen_ = asyncio.run(watch(int(port_), path_, token_, int(expected_), int(viewers_)))
        print(json.dumps(seen_))
    elif sys.argv[1:2] == ["--serve"]:
        _serve(sys.argv[2], int(sys.argv[3]))
    else:
        main()
