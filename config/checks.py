"""Checks at the start: combinations of settings with which Teppan would be unsafe."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

_BLACKLIST = "rest_framework_simplejwt.token_blacklist"


@register(Tags.security)
def refresh_rotation_has_a_store(**_: Any) -> list[CheckMessage]:
    """Rotation is worth nothing where spent tokens are not remembered.

    Ours remembers them in its own table (`projects.Session`); simplejwt's needs its blacklist.
    """
    if "projects" not in settings.INSTALLED_APPS:
        return [
            Error("Sessions have no table: add `projects` to INSTALLED_APPS.", id="teppan.E001")
        ]
    options = settings.SIMPLE_JWT
    is_rotating = options.get("ROTATE_REFRESH_TOKENS") or options.get("BLACKLIST_AFTER_ROTATION")
    if is_rotating and _BLACKLIST not in settings.INSTALLED_APPS:
        return [
            Error(
                "simplejwt is told to rotate refresh tokens, but has no store of spent ones.",
                hint="Leave rotation to projects.services.sessions: remove ROTATE_REFRESH_TOKENS"
                f" and BLACKLIST_AFTER_ROTATION, or install {_BLACKLIST}.",
                id="teppan.E002",
            )
        ]
    return []


@register(Tags.security)
def access_is_shorter_than_a_session(**_: Any) -> list[CheckMessage]:
    """Access tokens that outlive the session they come from could not be taken back in time."""
    from projects.tokens import access_lifetime  # noqa: PLC0415 -- needs the settings to be read

    if access_lifetime() >= settings.REFRESH_LIFETIME:
        return [
            Error(
                "TEPPAN_ACCESS_TOKEN_SECONDS should be shorter than a session's"
                f" {settings.REFRESH_LIFETIME.days} days.",
                id="teppan.E003",
            )
        ]
    return []
