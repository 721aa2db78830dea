"""What the web server calls: Django behind shared threads, a limit on bodies, start and stop.

Background tasks are created with a fresh context: one that inherits a request's would have its
synchronous calls refused as soon as that request ends.
"""

import asyncio
import contextlib
import contextvars
import gc
import os
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from typing import Any

import orjson
from django.conf import settings
from django.core.asgi import get_asgi_application

from common import draining
from common.executors import request_context
from common.streaming import TAKER, Message, Receive, Send, StreamTaker
from common.wakeup import relay
from config.web import ABORT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

Scope = dict[str, Any]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOO_LARGE = orjson.dumps(
    {
        "type": "client_error",
        "errors": [
            {"code": "request_too_large", "detail": "The request body is too large.", "attr": None}
        ],
    }
)


class Application:
    """Serves HTTP through Django and handles the server's start and stop itself."""

    def __init__(self, django: AsgiApplication, *, body_limit: int) -> None:
        self._django = django
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _announced_length(scope) > self._body_limit:
            await _refuse(send)
            return
        body = _LimitedBody(receive, self._body_limit)
        taker = scope[TAKER] = StreamTaker(send, scope.get(ABORT))
        async with request_context():
            await self._django(scope, body.receive, taker.send)
        del scope[TAKER]
        if body.is_exceeded:
            await _refuse(send)
        await taker.serve(receive)


class _LimitedBody:
    """Stops reading a body that is longer than its sender announced and than we accept.

    Django is told that the client has gone, which ends the request before a view is called.
    """

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit
        self.is_exceeded = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left >= 0:
            return message
        self.is_exceeded = True
        return {"type": "http.disconnect"}


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_TOO_LARGE)).encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    relaying = _start(relay())
    giving_back = _start(_give_back_when_draining())
    # What was loaded stays: looked through at every full collection, it stops all streams for long.
    # The views too, which Django would load with the first request.
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    draining.start()
    await giving_back
    relaying.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await relaying
    await send({"type": "lifespan.shutdown.complete"})


async def _give_back_when_draining() -> None:
    """Let others carry on with the live jobs of this process as soon as it is told to end."""
    # Imported late: applications can only be imported once Django is set up.
    drives = import_module("scraper.drives")
    await draining.wait()
    await drives.stop_all()


def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work, context=contextvars.Context())


application = Application(get_asgi_application(), body_limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
