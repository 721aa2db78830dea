"""Correlation: every request has an id, and every log line of it carries that id."""

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# A caller's id is only taken over when it cannot break a log line or a header.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x9b]")


class RequestIdMiddleware:
    """Give each request an id, told back in X-Request-ID."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on under its id."""
        given = request.headers.get("X-Request-ID", "")
        number = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(number)
        try:
            response = await self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = number
        return response


class RequestIdFilter(logging.Filter):
    """Put the present request's id on the record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Annotate; nothing is filtered out."""
        record.request_id = request_id.get()
        return True


class LineFormatter(logging.Formatter):
    """One record, one line: control characters in logged data cannot forge another."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; only a traceback keeps its own line breaks."""
        trace = record.exc_info
        record.exc_info = record.exc_text = None
        line = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", super().format(record))
        record.exc_info = trace
        return f"{line}\n{self.formatException(trace)}" if trace else line
