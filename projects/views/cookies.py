"""The refresh token's cookie: how it is set and read, and who may make a browser send it."""

from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Forbidden

_NAME = "teppan_refresh"


def set_refresh_cookie(response: Response, refresh: str) -> None:
    """Hand the token to the browser, out of its scripts' reach."""
    _set(response, refresh, int(settings.REFRESH_LIFETIME.total_seconds()))


def clear_refresh_cookie(response: Response) -> None:
    """Take the token away from the browser."""
    _set(response, "", 0)


def refresh_cookie_of(request: Request) -> str | None:
    """Return the token that the browser sent."""
    return request.COOKIES.get(_cookie_name()) or None


def refuse_other_sites(request: Request) -> None:
    """Refuse what another site's page may have made a browser send with our cookie.

    Forms and simple fetches cannot claim to be JSON, and a browser names the page's origin.
    Raises UnsupportedMediaType, Forbidden `cross_site`.
    """
    content_type = request.content_type
    if content_type and content_type.split(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(content_type)
    origin = request.headers.get("Origin")
    is_foreign_fetch = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    if is_foreign_fetch or (origin is not None and not _is_ours(origin, request)):
        raise Forbidden("cross_site", "Another site's page may not do this.")


def _is_ours(origin: str, request: Request) -> bool:
    # The scheme is not compared: behind a proxy that ends TLS it is not known here.
    return origin in settings.CSRF_TRUSTED_ORIGINS or urlsplit(origin).netloc == request.get_host()


def _cookie_name() -> str:
    # `__Host-` makes browsers refuse the cookie from anywhere but this host over https.
    return f"__Host-{_NAME}" if settings.IS_HTTPS else _NAME


def _set(response: Response, value: str, max_age: int) -> None:
    response.set_cookie(
        _cookie_name(),
        value,
        max_age=max_age,
        # `__Host-` demands the root; otherwise the account routes are enough.
        path="/" if settings.IS_HTTPS else "/api/auth/",
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Strict",
    )
