"""Runs the application under uvicorn."""

from __future__ import annotations

import socket

import uvicorn

from data_provider.sandbox.app import SandboxApp, create_app

# Enough for open requests to see the disconnect; a stalled one must not hold up the stop.
_STOP_SECONDS = 1


def build_server(app: SandboxApp) -> uvicorn.Server:
    """Prepare a quiet server; dropped connections are its business and no news for a log."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return uvicorn.Server(config)


def open_socket(host: str, port: int) -> socket.socket:
    """Bind the address, so that the port is known before the server runs; 0 is a free one."""
    return socket.create_server((host, port), backlog=2048)


def url_of(listener: socket.socket) -> str:
    """Return the base address of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def serve(host: str = "127.0.0.1", port: int = 0, seed: int = 0) -> None:
    """Run the simulated Reddit until interrupted; prints one line with its address when ready."""
    with open_socket(host, port) as listener:
        print(f"Simulated Reddit ready at {url_of(listener)}", flush=True)  # noqa: T201
        build_server(create_app(seed)).run(sockets=[listener])
