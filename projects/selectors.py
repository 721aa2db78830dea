"""Who is calling, and what of theirs there is to see."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Col
from django.utils import timezone

from common.errors import InvalidInput, NotFound, Unauthenticated
from common.pagination import Key, Order
from projects.models import ApiToken, Project, Session, User
from projects.tokens import API_TOKEN_PREFIX, InvalidToken, digest_of, read_access

NEWEST_FIRST = Order("created", (Key("created_at"), Key("id")))

_BITS_OF_AN_ID = 63

# Takes what the database gave, the column, and the connection.
_Converter = Callable[[Any, Col, Any], Any]

# Fine enough to see whether a token is in use, without a write on every request.
_LAST_USED_RESOLUTION = timedelta(minutes=1)


_TOKENS, _SESSIONS, _USERS, _PROJECTS = (
    table._meta.db_table  # noqa: SLF001 -- its public way is longer and says the same
    for table in (ApiToken, Session, User, Project)
)

# Every request passes here; the ORM takes five times as long to spell these as to run them.
# ruff: noqa: S608 -- what is put together are constants
_USER_OF_API_TOKEN = f"""
SELECT owner.*, token.id AS token_id,
  (token.last_used_at IS NULL OR token.last_used_at < %s) AS is_use_unnoted
FROM {_TOKENS} AS token JOIN {_USERS} AS owner ON owner.id = token.user_id
WHERE token.digest = %s AND owner.is_active
"""
_USER_OF_SESSION = f"""
SELECT owner.*, session.credential
FROM {_SESSIONS} AS session JOIN {_USERS} AS owner ON owner.id = session.user_id
WHERE session.id = %s AND session.revoked_at IS NULL AND session.expires_at > %s
  AND owner.is_active
"""
_PROJECT = f"SELECT * FROM {_PROJECTS} WHERE id = %s AND owner_id = %s AND deleted_at IS NULL"


@dataclass(frozen=True)
class Principal:
    """Who calls, and by which proof; `expires_at` is when the proof itself runs out, if ever."""

    user: User = field(compare=False)
    user_id: int
    kind: Literal["session", "api_token"]
    session_id: uuid.UUID | None = None
    token_id: int | None = None
    expires_at: datetime | None = field(default=None, compare=False)


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """Return the token of a request's `Authorization: Bearer ...`; None without one."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def principal_of(headers: Mapping[str, str]) -> Principal:
    """Return who sends a request with these headers. Raises as `authenticate_bearer` does."""
    return authenticate_bearer(bearer_token(headers) or "")


def authenticate_bearer(token: str) -> Principal:
    """Return the caller whom an access token or API token proves; one query.

    Raises Unauthenticated when the token is forged, expired or revoked, or the user disabled.
    Synchronous: an async view calls it through `sync_to_async`.
    """
    if token.startswith(API_TOKEN_PREFIX):
        return _principal_of_api_token(token)
    try:
        claims = read_access(token)
    except InvalidToken as error:
        raise Unauthenticated("The token is not valid, or has expired.") from error
    user = _first(User, _USER_OF_SESSION, [_stored(claims.session_id), _stored(timezone.now())])
    if user is None or user.credential != user.get_session_auth_hash():
        raise Unauthenticated("The session has ended.")
    return Principal(
        user=user,
        user_id=user.pk,
        kind="session",
        session_id=claims.session_id,
        expires_at=claims.expires_at,
    )


def principals_still_valid(principals: Iterable[Principal]) -> set[Principal]:
    """Return those whose session or token still stands and whose user is active; two queries.

    When an access token runs out is the caller's to watch (`expires_at`).
    """
    asked = set(principals)
    sessions = _live_sessions(timezone.now()).filter(
        pk__in={principal.session_id for principal in asked if principal.session_id}
    )
    alive: set[Any] = {
        session.pk
        for session in sessions
        if session.credential == session.user.get_session_auth_hash()
    }
    tokens = {principal.token_id for principal in asked if principal.token_id}
    alive |= set(
        ApiToken.objects.filter(pk__in=tokens, user__is_active=True).values_list("pk", flat=True)
    )
    return {
        principal for principal in asked if (principal.session_id or principal.token_id) in alive
    }


def api_tokens_of(user: User) -> QuerySet[ApiToken, Any]:
    """Return the user's API tokens without their secrets."""
    return ApiToken.objects.filter(user=user).values(
        "id", "name", "prefix", "created_at", "last_used_at"
    )


def projects_of(user: User) -> QuerySet[Project, Any]:
    """Return the rows of the user's projects, without deleted ones."""
    return Project.objects.filter(owner=user, deleted_at=None).values(
        "id", "name", "description", "keywords", "subreddits", "created_at", "updated_at"
    )


def project_row_of(user: User, project_id: int) -> dict[str, Any]:
    """Return one project as the API shows it; raises NotFound for absent and foreign ones."""
    row: dict[str, Any] | None = projects_of(user).filter(pk=project_id).first()
    if row is None:
        raise NotFound
    return row


def project_of(user: User, project_id: int) -> Project:
    """Return the project named in a path; raises NotFound for absent, foreign and deleted ones."""
    # A number that is too large for any id is one for the statement, too.
    is_possible = project_id.bit_length() <= _BITS_OF_AN_ID
    project: Project | None = (
        _first(Project, _PROJECT, [project_id, user.pk]) if is_possible else None
    )
    if project is None:
        raise NotFound
    return project


def project_for_body(user: User, project_id: int, *, attr: str = "project") -> Project:
    """Return the project named in a body; raises InvalidInput `does_not_exist` as above."""
    try:
        return project_of(user, project_id)
    except NotFound as error:
        raise InvalidInput("does_not_exist", "There is no such project.", attr=attr) from error


def deleted_project_ids() -> list[int]:
    """Return the ids of deleted projects whose rows are still there."""
    return list(
        Project.objects.exclude(deleted_at=None).order_by("pk").values_list("pk", flat=True)
    )


def _principal_of_api_token(token: str) -> Principal:
    now = timezone.now()
    stale = now - _LAST_USED_RESOLUTION
    user = _first(User, _USER_OF_API_TOKEN, [_stored(stale), digest_of(token)])
    if user is None:
        raise Unauthenticated("The token is not valid, or was deleted.")
    if user.is_use_unnoted:
        unused = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiToken.objects.filter(unused, pk=user.token_id).update(last_used_at=now)
    return Principal(user=user, user_id=user.pk, kind="api_token", token_id=user.token_id)


def _first(table: type[Model], statement: str, parameters: Sequence[Any]) -> Any:
    """Return the instance that a statement finds, with what else it selects as attributes.

    As `Manager.raw`, which looks up anew at every statement how each column is read.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description or ()]
    if row is None:
        return None
    found = dict(zip(names, row, strict=True))
    values = []
    for column, expression, converters in _columns_of(table):
        value = found.pop(column)
        for convert in converters:
            value = convert(value, expression, connection)
        values.append(value)
    names = [field.attname for field in table._meta.concrete_fields]  # noqa: SLF001
    instance = table.from_db(connection.alias, names, values)
    vars(instance).update(found)
    return instance


@cache
def _columns_of(table: type[Model]) -> list[tuple[str, Col, list[_Converter]]]:
    """Return a table's columns, and what makes Python's values of the database's."""
    meta, operations = table._meta, connection.ops  # noqa: SLF001
    columns = []
    for column in meta.concrete_fields:
        one = column.get_col(meta.db_table)
        converters = operations.get_db_converters(one) + one.get_db_converters(connection)
        columns.append((str(column.column), one, converters))
    return columns


def _stored(value: datetime | uuid.UUID) -> Any:
    """Return a value as the database has it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return Session._meta.pk.get_db_prep_value(value, connection)  # noqa: SLF001


def _live_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(
        revoked_at=None, expires_at__gt=now, user__is_active=True
    ).select_related("user")
