"""Who may do what: users, their signed-in sessions and their API tokens."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person or script with an account; a deleted one is emptied in the background."""

    deleted_at = models.DateTimeField(null=True, editable=False)


class FirstAccount(models.Model):
    """The seat of the account that registered itself first: its key can be taken only once."""

    seat = models.PositiveSmallIntegerField(primary_key=True)
    user = models.OneToOneField(User, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return str(self.user)


class Session(models.Model):
    """One sign-in: the family of refresh tokens that descend from it by rotation.

    Only the current token of a family may be spent; the one before it is answered with the same
    child for a few seconds (two tabs refresh at once), later its replay revokes the family.
    `credential` is a digest of the password it was opened with: however that is changed, the
    session ends.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    current_jti = models.UUIDField()
    previous_jti = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    rotated_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    credential = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"session {self.pk}"


class ApiToken(models.Model):
    """A long-lived token for scripts; only its SHA-256 is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class LoginFailure(models.Model):
    """One failed sign-in, kept while it counts towards a limit; both columns are digests."""

    account = models.CharField(max_length=64)
    source = models.CharField(max_length=64)
    failed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["account", "failed_at"], name="failure_by_account"),
            models.Index(fields=["source", "failed_at"], name="failure_by_source"),
        ]

    def __str__(self) -> str:
        return f"failed sign-in at {self.failed_at}"
