"""The HTTP face shared by all applications: who calls, what is read, how it is written.

Errors are answered by `config.errors`; the views themselves are built from `common.api`.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from common.errors import Unauthenticated
from projects.models import User
from projects.selectors import Principal, authenticate_bearer, bearer_token

# More than any request of ours needs, far less than what exhausts the interpreter's stack.
MAX_JSON_DEPTH = 32
# The widest integer that either database stores.
_MAX_INTEGER = 2**63 - 1


class PayloadTooLarge(exceptions.APIException):
    """The body is longer than any request of ours needs."""

    status_code = 413
    default_code = "request_too_large"
    default_detail = "The request body is too large."


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access or tpn_ token>`; `request.auth` is the Principal."""

    scheme = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        """Return the caller, None without credentials; raises for credentials that do not count."""
        token = bearer_token(request.headers)
        if token is None:
            return None
        try:
            principal = authenticate_bearer(token)
        except Unauthenticated as error:
            raise exceptions.AuthenticationFailed(error.detail, error.code) from error
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme that a 401 asks for."""
        return self.scheme


class ApiRenderer(BaseRenderer):
    """JSON; instants in UTC with `Z`."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes; nothing for an answer without a body."""
        if data is None:
            return b""
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


class StrictJSONParser(JSONParser):
    """JSON without the parts on which parsers disagree, and nothing that a database refuses."""

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body; raises ParseError, or PayloadTooLarge."""
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge
        try:
            value = json.loads(
                body.decode(),
                object_pairs_hook=_unique,
                parse_int=_integer,
                parse_float=_finite,
                parse_constant=_finite,
            )
            _check_strings_and_depth(value)
        except RecursionError as error:
            raise exceptions.ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise exceptions.ParseError(f"The body is not acceptable JSON: {error}") from error
        return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return found


def _integer(text: str) -> int:
    # Compared as text first: converting a million digits takes minutes.
    if len(text) > len(str(-_MAX_INTEGER)) or abs(int(text)) > _MAX_INTEGER:
        raise ValueError("an integer is out of range")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _check_strings_and_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_JSON_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_string(item)
            elif isinstance(item, dict):
                inner += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                inner += item
        if not inner:
            return
        level = inner
    raise ValueError("it is nested too deeply")


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise ValueError("a string contains NUL")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError("a string contains half a character") from error
