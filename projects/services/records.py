"""Short-lived records, deleted when they no longer mean anything."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from projects.idempotency import forget_old_keys
from projects.models import LoginFailure, Session
from projects.services.login_limits import WINDOW

# Ended sessions are kept a while, so that a replayed token of theirs is still recognised.
_ENDED_SESSION_KEPT_FOR = timedelta(days=7)


def forget_expired_records() -> None:
    """Delete ended sessions, old idempotency keys and failed sign-ins outside the window."""
    now = timezone.now()
    ended = now - _ENDED_SESSION_KEPT_FOR
    Session.objects.filter(Q(expires_at__lt=ended) | Q(revoked_at__lt=ended)).delete()
    LoginFailure.objects.filter(failed_at__lt=now - WINDOW).delete()
    forget_old_keys()
