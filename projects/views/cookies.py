"""The refresh token's cookie: how it is set and read, and who may make a browser send it."""

from urllib.parse import urlsplit

from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Forbidden

# `__Host-` makes browsers refuse the cookie from anywhere but this host over https, and demands
# the path /; without https the cookie goes to the account routes only.
COOKIE_NAME = "__Host-teppan_refresh" if settings.IS_HTTPS else "teppan_refresh"
_COOKIE_PATH = "/" if settings.IS_HTTPS else "/api/auth/"


def set_refresh_cookie(response: Response, refresh: str) -> None:
    """Hand the token to the browser, out of its scripts' reach."""
    response.set_cookie(
        COOKIE_NAME,
        refresh,
        max_age=settings.REFRESH_LIFETIME,
        path=_COOKIE_PATH,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Strict",
    )


def clear_refresh_cookie(response: Response) -> None:
    """Take the token away from the browser."""
    response.set_cookie(
        COOKIE_NAME,
        "",
        max_age=0,
        path=_COOKIE_PATH,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Strict",
    )


def refresh_cookie_of(request: Request) -> str | None:
    """Return the token that the browser sent."""
    return request.COOKIES.get(COOKIE_NAME) or None


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
