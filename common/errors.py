"""The errors an application raises on purpose; `config.api` turns them into HTTP answers.

ApplicationError(code, detail)
 ├─ InvalidInput 400   the request cannot be carried out as it stands; `attr` names the field
 ├─ Unauthenticated 401  nobody, or not (any longer) who it says
 ├─ Forbidden    403   known, but not allowed
 ├─ NotFound     404   absent, or not yours: the two are not told apart
 ├─ MethodNotAllowed 405  there, but not for this; `allow` names what it is for
 ├─ Conflict     409   true, but not in the present state
 ├─ Gone         410   it was there, and has had its time
 ├─ TooMany      429   over a quota; `retry_after` in seconds
 └─ Unavailable  503   something needed is not configured or not there right now
"""

from collections.abc import Sequence
from typing import Any


class ApplicationError(Exception):
    """An anticipated refusal: a stable `code` for programs, a `detail` sentence for people."""

    status = 500

    def __init__(self, code: str, detail: str, *, attr: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.attr = attr


class InvalidInput(ApplicationError):
    """The request cannot be carried out as it stands."""

    status = 400


class Unauthenticated(ApplicationError):
    """Nobody, or not (any longer) who it says it is."""

    status = 401

    def __init__(
        self, detail: str = "Sign in first.", *, code: str = "authentication_failed"
    ) -> None:
        super().__init__(code, detail)


class Forbidden(ApplicationError):
    """Known, but not allowed."""

    status = 403


class NotFound(ApplicationError):
    """Absent, or not the caller's."""

    status = 404

    def __init__(self, detail: str = "Not found.") -> None:
        super().__init__("not_found", detail)


class MethodNotAllowed(ApplicationError):
    """There, but not for this method."""

    status = 405

    def __init__(self, method: str | None, allow: Sequence[str]) -> None:
        super().__init__("method_not_allowed", f'Method "{method}" not allowed.')
        self.allow = allow


class Conflict(ApplicationError):
    """Not possible in the present state."""

    status = 409


class Gone(ApplicationError):
    """It was there, and has had its time."""

    status = 410


class TooMany(ApplicationError):
    """Over a quota; worth trying again after `retry_after` seconds."""

    status = 429

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        super().__init__("throttled", detail)
        self.retry_after = retry_after


class Unavailable(ApplicationError):
    """Something that is needed is not there right now."""

    status = 503


def error_body(error: ApplicationError) -> dict[str, Any]:
    """Return the JSON body of the HTTP answer, for views that are not REST framework's."""
    if error.status == InvalidInput.status:
        kind = "validation_error"
    else:
        kind = "server_error" if error.status >= ApplicationError.status else "client_error"
    problem = {"code": error.code, "detail": error.detail, "attr": error.attr}
    return {"type": kind, "errors": [problem]}
