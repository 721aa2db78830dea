"""Endpoints: created, changed, given new secrets, enabled, deleted."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.errors import Conflict, InvalidInput, TooMany
from projects.activity import Fact, change_and_fire, fire_event
from projects.models import Project, User
from webhooks import signing
from webhooks.catalogue import check_patterns
from webhooks.disabling import BY_OWNER, disable_endpoint, enable_endpoint
from webhooks.masking import MASK, leads_to_same, masked_url, unmasked_url
from webhooks.models import Endpoint
from webhooks.network import Refused, check_url
from webhooks.outbound import policy
from webhooks.plan import scaled
from webhooks.sealed import address_of, custom_headers, is_live

# What the endpoint's own stream keeps of its owner's doings, beside those of `disabling`.
CREATED = "endpoint.created"
CHANGED = "endpoint.changed"
SECRET_ROTATED = "endpoint.secret_rotated"  # noqa: S105 -- a name
DELETED = "endpoint.deleted"

# A quota against scripts gone wild: every event looks at all endpoints of its account.
MOST_ENDPOINTS = 100

# Two live secrets are what a rotation needs; more are signed with for those who rotate in a hurry.
MOST_FORMER_SECRETS = 4
ROTATION_GRACE_SECONDS = 24 * 3600

# Each sends some ten requests to somebody's server.
CHECKS_PER_MINUTE = 6
_MINUTE_SECONDS = 60.0

_MASKED = f"{MASK} stands for a value that is kept; here none is. Enter the value itself."
_ELSEWHERE = "The address leads to another host: enter the headers' values again, or none."


def create_endpoint(
    owner: User, project: Project | None, *, secret: str | None = None, **fields: Any
) -> tuple[Endpoint, str]:
    """Create an endpoint from the fields of the REST API; returns it and its secret.

    The secret is made unless one is given; it is shown this once and kept sealed. Raises
    InvalidInput naming the rule that address, event types or secret break, TooMany over the quota.
    """
    if Endpoint.objects.filter(owner=owner, deleted_at=None).count() >= MOST_ENDPOINTS:
        raise TooMany(f"An account has at most {MOST_ENDPOINTS} endpoints.", retry_after=60)
    secret = signing.new_secret() if secret is None else signing.check_secret(secret)
    endpoint = Endpoint(owner=owner, project=project)
    _apply(endpoint, fields)
    if endpoint.status == Endpoint.Status.DISABLED:
        endpoint.disabled_reason = BY_OWNER
    endpoint.sealed_secret = signing.seal(secret, endpoint.context("secret"))
    with transaction.atomic():
        endpoint.save()
        fire_event(endpoint, CREATED, {})
    return endpoint, secret


def update_endpoint(endpoint: Endpoint, changes: Mapping[str, Any]) -> None:
    """Change fields of an endpoint; masked values that come back as shown stay what they are.

    Raises InvalidInput as above.
    """
    wanted = dict(changes)
    status = wanted.pop("status", None)
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        if "project" in wanted:
            locked.project = wanted.pop("project")
        touched = _apply(locked, wanted)
        locked.save(update_fields=[*touched, "project", "updated_at"])
        if fields := sorted(set(changes) - {"status"}):
            fire_event(locked, CHANGED, {"fields": fields})
        if status == Endpoint.Status.DISABLED:
            disable_endpoint(locked, BY_OWNER)
        elif status == Endpoint.Status.ENABLED:
            enable_endpoint(locked)


def delete_endpoint(endpoint: Endpoint) -> None:
    """Delete an endpoint, once: nothing more is sent to it; its rows go in the background."""
    with transaction.atomic():
        disable_endpoint(endpoint, BY_OWNER)
        changes = {"deleted_at": timezone.now()}
        change_and_fire(endpoint, [Fact(DELETED, {})], when=Q(deleted_at=None), changes=changes)


def rotate_secret(
    endpoint: Endpoint, *, grace_seconds: float | None = None, secret: str | None = None
) -> str:
    """Give the endpoint another secret and return it.

    The present one signs too until its grace is over: a day unless told otherwise; 0: at once.
    Raises InvalidInput for a bad secret, Conflict when too many would be live at once.
    """
    secret = signing.new_secret() if secret is None else signing.check_secret(secret)
    grace = ROTATION_GRACE_SECONDS if grace_seconds is None else grace_seconds
    now = timezone.now()
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        former = [one for one in locked.former_secrets if is_live(one, now)] if grace else []
        if grace:
            until = (now + scaled(grace)).isoformat()
            former = [{"sealed": locked.sealed_secret, "until": until}, *former]
        if len(former) > MOST_FORMER_SECRETS:
            raise Conflict(
                "too_many_secrets",
                f"{MOST_FORMER_SECRETS} former secrets are still in their grace: wait for one to"
                " end, or rotate with grace_seconds 0, which ends all of them.",
            )
        locked.former_secrets = former
        locked.sealed_secret = signing.seal(secret, locked.context("secret"))
        locked.save(update_fields=["former_secrets", "sealed_secret", "updated_at"])
        fire_event(locked, SECRET_ROTATED, {"grace_seconds": grace})
    return secret


def count_check(endpoint: Endpoint) -> None:
    """Take note of a check of the endpoint's receiver; raises TooMany, over all processes."""
    now = timezone.now().timestamp()
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
        lately = [at for at in locked.checked_at if at > now - _MINUTE_SECONDS]
        if len(lately) >= CHECKS_PER_MINUTE:
            wait = min(lately) + _MINUTE_SECONDS - now
            raise TooMany(f"At most {CHECKS_PER_MINUTE} checks per minute.", retry_after=wait)
        Endpoint.objects.filter(pk=locked.pk).update(checked_at=[*lately, now])


def _apply(endpoint: Endpoint, fields: dict[str, Any]) -> list[str]:
    """Set fields that were validated one by one; returns the columns they touch."""
    touched = [name for name in fields if name not in ("url", "headers")]
    for name in touched:
        setattr(endpoint, name, fields[name])
    if "event_types" in fields:
        endpoint.event_types = check_patterns(fields["event_types"])
    if "url" in fields:
        touched += ["url", "sealed_url"]
        if _set_url(endpoint, fields["url"]) and endpoint.sealed_headers:
            # What one host was told is not for another.
            if "headers" not in fields:
                raise InvalidInput("masked_value", _ELSEWHERE, attr="headers")
            endpoint.sealed_headers = ""
    if "headers" in fields:
        endpoint.sealed_headers = _sealed_headers(endpoint, fields["headers"])
        touched.append("sealed_headers")
    return touched


def _set_url(endpoint: Endpoint, given: str) -> bool:
    """Set the address; tells whether it leads elsewhere now."""
    present = address_of(endpoint) if endpoint.sealed_url else ""
    try:
        url = unmasked_url(given, present)
    except ValueError as error:  # no such value, or no address at all
        raise InvalidInput("masked_value", _MASKED, attr="url") from error
    if url == present:
        return False
    try:
        check_url(url, policy())
    except Refused as refusal:
        raise InvalidInput(refusal.rule, refusal.detail, attr="url") from refusal
    endpoint.url = masked_url(url)
    endpoint.sealed_url = signing.seal(url, endpoint.context("url"))
    return not leads_to_same(url, present)


def _sealed_headers(endpoint: Endpoint, headers: Mapping[str, str]) -> str:
    if not headers:
        return ""
    present = {name.lower(): value for name, value in custom_headers(endpoint).items()}
    masked = {name for name, value in headers.items() if value == MASK}
    if any(name.lower() not in present for name in masked):
        raise InvalidInput("masked_value", _MASKED, attr="headers")
    kept = {
        name: present[name.lower()] if name in masked else value for name, value in headers.items()
    }
    return signing.seal(json.dumps(kept), endpoint.context("headers"))
