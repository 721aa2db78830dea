"""Middleware that pages need and the API does not: sessions, forms, per-page policies.

Each of Django's would cost every API call two turns in a shared thread, and every open stream its
memory; `ResponsesMiddleware` gives the API's answers their headers.
"""

from collections.abc import Awaitable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

_API = "/api/"
# The one page below /api/.
_API_DOCS = "/api/docs/"


def is_page(request: HttpRequest) -> bool:
    """Tell whether the answer is something that a browser shows."""
    return not request.path.startswith(_API) or request.path.startswith(_API_DOCS)


class _PagesOnly:
    """Passes API calls on untouched."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Awaitable[HttpResponseBase] | HttpResponseBase:
        answer: Any = super().__call__ if is_page(request) else self.get_response  # type: ignore[misc]
        result: Awaitable[HttpResponseBase] | HttpResponseBase = answer(request)
        return result


class PageSecurity(_PagesOnly, SecurityMiddleware):
    """Content-type, referrer and opener policies."""


class PageContentPolicy(_PagesOnly, CSPMiddleware):
    """The content security policy with the page's nonce."""


class PageSession(_PagesOnly, SessionMiddleware):
    """Sessions of the operator's admin."""


class PageCommon(_PagesOnly, CommonMiddleware):
    """Checks of the host, content lengths."""


class PageForms(_PagesOnly, CsrfViewMiddleware):
    """Protection of the admin's forms; the API takes JSON with a bearer token."""

    async def process_view(  # type: ignore[override]
        self, request: HttpRequest, callback: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Check a form's token."""
        if not is_page(request):
            return None
        check = sync_to_async(super().process_view)
        refused: HttpResponse | None = await check(request, callback, args, kwargs)
        return refused


class PageUser(_PagesOnly, AuthenticationMiddleware):
    """The operator who is signed in to the admin."""


class PageMessages(_PagesOnly, MessageMiddleware):
    """The admin's notes."""


class PageFrame(_PagesOnly, XFrameOptionsMiddleware):
    """No frame may show us."""


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise without a turn in a thread for every request that is not for a file."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the file, read at once: the largest is about a megabyte."""
        file = self.files.get(request.path_info)
        if file is None:
            answer: HttpResponseBase = await self.get_response(request)
            return answer
        return await sync_to_async(self._read)(file, request)

    def _read(self, file: Any, request: HttpRequest) -> HttpResponse:
        streamed = self.serve(file, request)
        content = b"".join(streamed.streaming_content)
        streamed.close()
        return HttpResponse(content, status=streamed.status_code, headers=dict(streamed.headers))
