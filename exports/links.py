"""Short-lived links: signed, and worth only as much as the sign-in they were made with.

A link carries no right of its own: the session or token that asked for it must still stand when it
is used, so that whatever revokes those revokes the link.
"""

import uuid
from datetime import datetime, timedelta

from django.core import signing
from django.utils import timezone

from common.errors import Forbidden
from projects.models import User
from projects.selectors import Principal, principals_still_valid

# Long enough to hand a link to a browser or to curl, which then downloads for as long as it takes.
LIFETIME = timedelta(minutes=5)
_SALT = "exports.download"


def make_link(principal: Principal, export_id: int) -> tuple[str, datetime]:
    """Return a link's token and when it ends."""
    expires_at = timezone.now() + LIFETIME
    claims = [
        export_id,
        principal.user_id,
        principal.session_id.hex if principal.session_id else None,
        principal.token_id,
        int(expires_at.timestamp()),
    ]
    return signing.dumps(claims, salt=_SALT, compress=False), expires_at


def user_of_link(token: str, export_id: int) -> User:
    """Return who the link was made for. Raises Forbidden when it does not count (any longer)."""
    refused = Forbidden(
        "link_expired", "This link has expired, was revoked or is not of this export."
    )
    try:
        number, user_id, session, token_id, ends_at = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise refused from error
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if number != export_id or ends_at <= timezone.now().timestamp() or user is None:
        raise refused
    principal = Principal(
        user=user,
        user_id=user_id,
        kind="session" if session else "api_token",
        session_id=uuid.UUID(session) if session else None,
        token_id=token_id,
    )
    if principal not in principals_still_valid([principal]):
        raise refused
    return user
