"""One web process: `python -m config.web [--fd N]`; it binds its socket unless it inherits one."""

import argparse
import os
import socket
import sys
from types import FrameType

import uvicorn
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common import draining
from config.env import Environment, SettingError

# Where a request's ASGI scope has the way to end its connection without waiting for the client.
ABORT = "teppan.abort"

# Streams end themselves when draining starts; this is for requests that are still being answered.
_GRACE_SECONDS = 2

# Connections that the kernel keeps while the process is busy or being restarted.
_BACKLOG = 2048


class Protocol(HttpToolsProtocol):
    """Lets a stream end its connection where the client does not read: closing it would wait."""

    def on_message_begin(self) -> None:
        """Begin a request, with the way to end its connection."""
        super().on_message_begin()
        self.scope[ABORT] = self.transport.abort  # type: ignore[literal-required]


class Server(uvicorn.Server):
    """Tells open streams to end before it begins to wait for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the shutdown on a signal."""
        draining.start()
        super().handle_exit(sig, frame)


def build_server(environment: Environment) -> Server:
    """Return the configured server.

    Forwarded addresses are believed only where a proxy is configured (its public address is), and
    only from loopback or FORWARDED_ALLOW_IPS; else any local client could invent its address.
    """
    return Server(
        uvicorn.Config(
            "config.asgi:application",
            http=Protocol,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=environment.TEPPAN_PUBLIC_URL is not None,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            backlog=_BACKLOG,
        )
    )


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket that child processes may inherit; raises OSError when busy."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m config.web")
    parser.add_argument("--fd", type=int, help="listening socket inherited from the parent")
    descriptor: int | None = parser.parse_args().fd
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        environment: Environment = settings.ENV
    except SettingError as error:
        sys.exit(error.refusal)
    if descriptor is None:
        listener = bind(environment.TEPPAN_HOST, environment.TEPPAN_PORT)
    else:
        listener = socket.socket(fileno=descriptor)
    build_server(environment).run(sockets=[listener])


if __name__ == "__main__":
    main()
