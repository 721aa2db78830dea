"""Accounts: registered, signed in, given another password, deleted; and their API tokens."""

import uuid
from typing import NoReturn

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction
from django.utils import timezone

from common.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthenticated
from projects import tokens
from projects.deletion import cancel_work_of_account, remove_emptied_accounts
from projects.models import ApiToken, FirstAccount, User
from projects.selectors import Principal
from projects.services.login_limits import Attempt
from projects.services.projects import COMMAND_LINE_USERNAME, delete_projects_of
from projects.services.sessions import (
    SignedIn,
    end_sessions,
    keep_session,
    open_session,
    session_of_cookie,
)

# A quota against scripts gone wild, far above what a person needs.
MOST_API_TOKENS = 100

_ONLY_SEAT = 1


def register_account(username: str, password: str) -> User:
    """Create an account if the installation's TEPPAN_REGISTRATION lets anyone do so now.

    Of two that register first at once, one gets the account: the seat's key is unique. Raises
    Forbidden `registration_closed`, InvalidInput `unique`.
    """
    with transaction.atomic():
        if not registration_is_open():
            _refuse_registration()
        user = _create_user(username, password)
        if settings.TEPPAN["REGISTRATION"] == "first":
            _take_seat(user)
    return user


def registration_is_open() -> bool:
    """Tell whether anyone may register now."""
    policy = settings.TEPPAN["REGISTRATION"]
    return policy == "open" or (policy == "first" and has_no_accounts())


def has_no_accounts() -> bool:
    """Tell whether nobody has an account yet; the command line's own does not count."""
    people = User.objects.filter(deleted_at=None).exclude(username=COMMAND_LINE_USERNAME)
    return not people.exists()


def sign_in(username: str, password: str, *, source: str, cookie: str | None = None) -> SignedIn:
    """Open a session for the right password.

    `source` is the address the request came from, `cookie` a refresh token that it brought.
    Raises Unauthenticated, the same for a wrong password and an unknown or disabled user; TooMany.
    """
    username = User.normalize_username(username)
    user = _user_with_password(username, password, source=source, cookie=cookie)
    if user is None:
        raise Unauthenticated("No active account has this name and password.")
    return open_session(user)


def change_password(principal: Principal, current: str, new: str, *, source: str) -> None:
    """Set another password and end every other session; API tokens stay.

    Raises InvalidInput `invalid_password` on `current_password`, TooMany.
    """
    user = principal.user
    _require_password(user, current, source=source, attr="current_password")
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        end_sessions(user.pk, keep=principal.session_id)
        if principal.session_id is not None:
            keep_session(principal.session_id, user)


def delete_account(user: User, password: str, *, source: str) -> None:
    """Delete the account: signed out everywhere at once, its rows go in the background.

    Raises InvalidInput `invalid_password` on `password`, TooMany.
    """
    _require_password(user, password, source=source, attr="password")
    with transaction.atomic():
        end_sessions(user.pk)
        ApiToken.objects.filter(user=user).delete()
        FirstAccount.objects.filter(user=user).delete()
        user.is_active = False
        user.deleted_at = timezone.now()
        # Frees the name; no account can be registered with a colon.
        user.username = f"deleted:{user.pk}"
        user.email = ""
        user.set_unusable_password()
        user.save()
        delete_projects_of(user)
        cancel_work_of_account(user.pk)
        transaction.on_commit(remove_emptied_accounts)


def create_api_token(user: User, name: str) -> tuple[ApiToken, str]:
    """Create a token for scripts; returns its row and the token itself, which is not kept.

    Raises TooMany over the quota.
    """
    token = tokens.make_api_token()
    with transaction.atomic():
        # One at a time: the user's row is locked, and in SQLite the whole database.
        User.objects.select_for_update().get(pk=user.pk)
        if ApiToken.objects.filter(user=user).count() >= MOST_API_TOKENS:
            raise TooMany(f"An account has at most {MOST_API_TOKENS} API tokens.", retry_after=60)
        row = ApiToken.objects.create(
            user=user, name=name, prefix=tokens.shown_part(token), digest=tokens.digest_of(token)
        )
    return row, token


def delete_api_token(user: User, token_id: int) -> None:
    """Delete a token, refused from the next request on; raises NotFound."""
    if not ApiToken.objects.filter(user=user, pk=token_id).delete()[0]:
        raise NotFound


def _refuse_registration() -> NoReturn:
    raise Forbidden("registration_closed", "This installation does not take registrations.")


def _create_user(username: str, password: str) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(username=username, password=password)
    except IntegrityError as error:
        raise InvalidInput("unique", "This name is taken.", attr="username") from error


def _take_seat(user: User) -> None:
    try:
        with transaction.atomic():
            FirstAccount.objects.create(seat=_ONLY_SEAT, user=user)
    except IntegrityError:
        _refuse_registration()


def _require_password(user: User, password: str, *, source: str, attr: str) -> None:
    if _user_with_password(user.username, password, source=source, cookie=None) is None:
        raise InvalidInput("invalid_password", "The password is wrong.", attr=attr)


def _user_with_password(
    username: str, password: str, *, source: str, cookie: str | None
) -> User | None:
    attempt = Attempt(username, source, device=_device(username, cookie))
    # An unknown name costs a hash as well: how long the answer takes tells nothing.
    user = authenticate(username=username, password=password)
    if user is None:
        return None
    attempt.succeeded()
    return user


def _device(username: str, cookie: str | None) -> uuid.UUID | None:
    if not cookie:
        return None
    try:
        claims = session_of_cookie(cookie)
    except Unauthenticated:
        return None
    is_theirs = User.objects.filter(pk=claims.user_id, username=username).exists()
    return claims.session_id if is_theirs else None
