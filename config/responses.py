"""What every answer carries, and the answers that no REST view gives: unknown routes, errors."""

import logging
import math
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults

from common.errors import ApplicationError, MethodNotAllowed, NotFound, error_body
from config.logs import request_id
from config.pages import is_page

API_PREFIX = "/api/"

# Answers of the API are data: nothing in them may run, be framed, or be kept.
_API_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

# Teppan uses none of what this policy could grant.
_PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

logger = logging.getLogger(__name__)


class ResponsesMiddleware:
    """Gives plain views the API's error answers, and all answers their headers."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the headers added."""
        request.get_host()  # raises for a host that is not ours
        response = await self.get_response(request)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        if not is_page(request):
            for name, value in _API_HEADERS.items():
                response.headers.setdefault(name, value)
            if isinstance(response, HttpResponse):
                response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer for a view that is not REST framework's; None leaves it to Django."""
        if isinstance(exception, ApplicationError):
            return error_response(exception)
        if not request.path.startswith(API_PREFIX) or isinstance(exception, Http404):
            return None
        logger.error("%s %s failed", request.method, request.path, exc_info=exception)
        return _internal_error()


def error_response(error: ApplicationError) -> JsonResponse:
    """Return the answer that an ApplicationError stands for."""
    response = JsonResponse(error_body(error), status=error.status)
    if error.status == 401:  # noqa: PLR2004 -- the scheme belongs to this status alone
        response["WWW-Authenticate"] = "Bearer"
    if retry_after := getattr(error, "retry_after", None):
        response["Retry-After"] = str(max(1, math.ceil(retry_after)))
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = ", ".join(error.allow)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refused."""
    if not request.path.startswith(API_PREFIX):
        return defaults.bad_request(request, exception)
    return _plain_error("bad_request", "The request is malformed.", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself forbade."""
    if not request.path.startswith(API_PREFIX):
        return defaults.permission_denied(request, exception)
    return _plain_error("permission_denied", "This is not allowed.", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an unknown route: as JSON below /api/, with the body of a missing object."""
    if not request.path.startswith(API_PREFIX):
        return defaults.page_not_found(request, exception)
    return error_response(NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when something failed outside of any view."""
    if not request.path.startswith(API_PREFIX):
        return defaults.server_error(request)
    return _internal_error()


def _internal_error() -> JsonResponse:
    detail = f"Something went wrong here. The log has it under {request_id.get()}."
    return _plain_error("error", detail, status=500)


def _plain_error(code: str, detail: str, *, status: int) -> JsonResponse:
    error = ApplicationError(code, detail)
    error.status = status
    return JsonResponse(error_body(error) | {"type": _type_of(status)}, status=status)


def _type_of(status: int) -> str:
    return "server_error" if status >= ApplicationError.status else "client_error"
