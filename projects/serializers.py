"""Shapes of accounts and projects in REST: what is accepted, and what is answered."""

import re
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from common.api import StrictSerializer
from projects.models import User

# Django's own limit on names; longer passwords than this only cost hashing time.
_LONGEST_USERNAME = 150
_LONGEST_PASSWORD = 1000

_LONGEST_DESCRIPTION = 10_000
_MOST_KEYWORDS = 200
# As many as one scraping job takes.
_MOST_SUBREDDITS = 1000
# What Reddit lets a community or a user's own page (`u_name`) be called.
_SUBREDDIT = re.compile(r"[A-Za-z0-9_]{2,21}|u_[A-Za-z0-9_-]{3,20}", re.ASCII)


class CredentialsSerializer(StrictSerializer):
    """Name and password of an account."""

    username = serializers.CharField(max_length=_LONGEST_USERNAME)
    password = serializers.CharField(
        max_length=_LONGEST_PASSWORD, trim_whitespace=False, write_only=True
    )


class RegistrationSerializer(CredentialsSerializer):
    """A new account."""

    username = serializers.CharField(
        max_length=_LONGEST_USERNAME, validators=[UnicodeUsernameValidator()]
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold the password against Django's rules."""
        _check_password(attrs["password"], User(username=attrs["username"]), "password")
        return attrs


class PasswordChangeSerializer(StrictSerializer):
    """The present password, and the one to come."""

    current_password = serializers.CharField(max_length=_LONGEST_PASSWORD, trim_whitespace=False)
    new_password = serializers.CharField(max_length=_LONGEST_PASSWORD, trim_whitespace=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold the new password against Django's rules."""
        _check_password(attrs["new_password"], self.context["request"].user, "new_password")
        return attrs


class ConfirmationSerializer(StrictSerializer):
    """The password, asked for again before what cannot be undone."""

    password = serializers.CharField(max_length=_LONGEST_PASSWORD, trim_whitespace=False)


class LogoutSerializer(StrictSerializer):
    """Which sessions end."""

    all = serializers.BooleanField(default=False, help_text="Every session, not only this one.")


class EmptySerializer(StrictSerializer):
    """No fields at all."""


class AccessSerializer(serializers.Serializer[Any]):
    """An access token; the refresh token is in an HttpOnly cookie."""

    access = serializers.CharField()


class AccountSerializer(serializers.Serializer[Any]):
    """An account."""

    id = serializers.IntegerField()
    username = serializers.CharField()


class RegistrationStateSerializer(serializers.Serializer[Any]):
    """Whether anyone may register now."""

    open = serializers.BooleanField()
    first = serializers.BooleanField(help_text="Whether nobody has an account yet.")


class MeSerializer(AccountSerializer):
    """The caller's own account."""

    created_at = serializers.DateTimeField(source="date_joined")


class ApiTokenSerializer(StrictSerializer):
    """A token for scripts, without its secret."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100)
    prefix = serializers.CharField(read_only=True, help_text="How the token begins.")
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="To the minute; null when never."
    )


class NewApiTokenSerializer(ApiTokenSerializer):
    """A token just made, shown this once."""

    token = serializers.CharField(read_only=True)


class ProjectSerializer(StrictSerializer):
    """A project."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(
        max_length=_LONGEST_DESCRIPTION, allow_blank=True, default=""
    )
    keywords = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=_MOST_KEYWORDS, default=list
    )
    subreddits = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=_MOST_SUBREDDITS, default=list
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def validate_keywords(self, value: list[str]) -> list[str]:
        """Drop repetitions, whatever their case."""
        return _distinct(value)

    def validate_subreddits(self, value: list[str]) -> list[str]:
        """Return the names without `r/`, once each whatever their case."""
        names = [re.sub(r"^/?r/", "", name, flags=re.IGNORECASE) for name in value]
        wrong = {
            index: ["Should be the name of a subreddit, such as python."]
            for index, name in enumerate(names)
            if not _SUBREDDIT.fullmatch(name)
        }
        if wrong:
            raise serializers.ValidationError(wrong)  # type: ignore[arg-type]
        return _distinct(names)


def _distinct(values: list[str]) -> list[str]:
    return list({value.casefold(): value for value in reversed(values)}.values())[::-1]


def _check_password(password: str, user: User, attr: str) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise serializers.ValidationError(
            {attr: serializers.as_serializer_error(error)["non_field_errors"]}
        ) from error
