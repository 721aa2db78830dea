"""Limits on guessing passwords, per account and per source address.

Counted in the database, so they hold across processes and restarts. Nobody is locked out by
others' guesses: open sessions and API tokens go on, and a sign-in that brings a refresh cookie of
its account (a browser that has been here before) is counted by itself.
"""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from common.errors import TooMany
from projects.models import LoginFailure

WINDOW = timedelta(minutes=5)
# 10 wrong passwords in 5 minutes are more typing errors than a person makes.
PER_ACCOUNT = 10
# Some people share an address.
PER_SOURCE = 50


class Attempt:
    """One sign-in, counted as failed until `succeeded`.

    It is written down before the password is looked at: of a hundred guesses at once, no more get
    through than of a hundred in a row.
    """

    def __init__(self, account: str, source: str, *, device: UUID | None = None) -> None:
        """Count the attempt; raises TooMany when account or source are over their limit."""
        self._failure: LoginFailure | None = None
        if not settings.TEPPAN["THROTTLE"]:
            return
        now = timezone.now()
        if device is not None:
            account = source = f"device {device}"
        self._failure = LoginFailure.objects.create(
            account=_digest("account", account), source=_digest("source", source), failed_at=now
        )
        self._refuse_if_over(now)

    def succeeded(self) -> None:
        """Take the attempt off the count."""
        if self._failure is not None:
            self._failure.delete()

    def _refuse_if_over(self, now: datetime) -> None:
        assert self._failure is not None  # noqa: S101 -- the constructor's next line
        failures = LoginFailure.objects.filter(failed_at__gt=now - WINDOW)
        for limit, same in (
            (PER_ACCOUNT, failures.filter(account=self._failure.account)),
            (PER_SOURCE, failures.filter(source=self._failure.source)),
        ):
            if same.count() > limit:
                # What was refused unread is no failure: else a limit that is hit never ends.
                self._failure.delete()
                oldest = same.aggregate(at=Min("failed_at"))["at"] or now
                raise TooMany(
                    "Too many failed sign-ins. Try again later.",
                    retry_after=(oldest + WINDOW - now).total_seconds(),
                )


def _digest(kind: str, value: str) -> str:
    # What people type by mistake into a user name is often their password: it is not stored.
    return hashlib.sha256(f"{kind}:{settings.SECRET_KEY}:{value}".encode()).hexdigest()
