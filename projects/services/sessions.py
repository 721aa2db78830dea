"""Sign-ins: opened, continued by rotation, ended."""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from common.errors import Unauthenticated
from projects import tokens
from projects.models import Session, User
from projects.tokens import Claims, InvalidToken

# Two tabs that wake up together both spend the same token.
SAME_CHILD_FOR = timedelta(seconds=10)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """What a client holds: an access token to show, a refresh token to keep in its cookie."""

    access: str
    refresh: str


def open_session(user: User) -> SignedIn:
    """Begin a session of a user who has just proved the password."""
    now = timezone.now()
    session = Session.objects.create(
        user=user,
        current_jti=uuid.uuid4(),
        rotated_at=now,
        expires_at=now + settings.REFRESH_LIFETIME,
        credential=user.get_session_auth_hash(),
    )
    User.objects.filter(pk=user.pk).update(last_login=now)
    return _tokens_of(session)


def rotate_session(refresh: str) -> SignedIn:
    """Exchange a refresh token for its child.

    One conditional UPDATE decides who spends a token. Spent up to 10 s ago it is answered with
    the same child, byte for byte; a later replay means that somebody copied it, and ends the
    session. Raises Unauthenticated.
    """
    claims = _claims_of(refresh)
    now = timezone.now()
    Session.objects.filter(
        pk=claims.session_id, current_jti=claims.jti, revoked_at=None, expires_at__gt=now
    ).update(
        current_jti=uuid.uuid4(),
        previous_jti=claims.jti,
        rotated_at=now,
        expires_at=now + settings.REFRESH_LIFETIME,
    )
    session = Session.objects.select_related("user").filter(pk=claims.session_id).first()
    if session is None or not _is_alive(session):
        raise Unauthenticated("The session has ended.")
    if session.previous_jti != claims.jti or now - session.rotated_at > SAME_CHILD_FOR:
        end_session(session.pk)
        logger.warning("A spent refresh token of %s came back; the session was ended.", session)
        raise Unauthenticated("The session has ended.")
    return _tokens_of(session)


def session_of_cookie(refresh: str) -> Claims:
    """Return which session a refresh token belongs to, spent or not; raises Unauthenticated."""
    return _claims_of(refresh)


def session_to_end(refresh: str, *, is_all: bool) -> Claims | None:
    """Return which session a refresh token may end; None when it proves nothing any more.

    A session that has ended cannot speak for others, and every session is ended only by a token
    that its own has not long forgotten.
    """
    try:
        claims = _claims_of(refresh)
    except Unauthenticated:
        return None
    session = Session.objects.select_related("user").filter(pk=claims.session_id).first()
    if session is None or not _is_alive(session):
        return None
    is_recent = claims.jti in (session.current_jti, session.previous_jti)
    return claims if is_recent or not is_all else None


def end_session(session_id: uuid.UUID) -> None:
    """End one session; its tokens are refused from the next request on."""
    Session.objects.filter(pk=session_id, revoked_at=None).update(revoked_at=timezone.now())


def end_sessions(user_id: int, *, keep: uuid.UUID | None = None) -> None:
    """End every session of a user, but for one."""
    alive = Session.objects.filter(user_id=user_id, revoked_at=None)
    if keep is not None:
        alive = alive.exclude(pk=keep)
    alive.update(revoked_at=timezone.now())


def keep_session(session_id: uuid.UUID, user: User) -> None:
    """Let one session outlive the password that it was opened with."""
    Session.objects.filter(pk=session_id).update(credential=user.get_session_auth_hash())


def _claims_of(refresh: str) -> Claims:
    try:
        return tokens.read_refresh(refresh)
    except InvalidToken as error:
        raise Unauthenticated("The session has ended.") from error


def _is_alive(session: Session) -> bool:
    return (
        session.revoked_at is None
        and session.expires_at > timezone.now()
        and session.user.is_active
        and session.credential == session.user.get_session_auth_hash()
    )


def _tokens_of(session: Session) -> SignedIn:
    claims = Claims(session.pk, session.user_id, session.current_jti, session.expires_at)
    # The access token of a repeated answer is the same too, unless it is soon over.
    now = timezone.now()
    is_fresh = now - session.rotated_at < tokens.access_lifetime() / 2
    issued_at = session.rotated_at if is_fresh else now
    return SignedIn(
        access=tokens.write_access(session.pk, session.user_id, session.current_jti, issued_at),
        refresh=tokens.write_refresh(claims, session.rotated_at),
    )
