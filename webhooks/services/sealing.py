"""Rotation of the installation's key: what earlier keys sealed is sealed with the present one."""

from typing import Any

from webhooks.models import Endpoint
from webhooks.sealed import SEALED_BY_CONTEXT
from webhooks.signing import CannotUnsealError, is_sealed_with_present_key, seal, unseal


def reseal_endpoints() -> int:
    """Seal again what an earlier key sealed; returns how many endpoints that were.

    After it, TEPPAN_SECRET_KEY_FALLBACKS may lose that key. What no key opens stays as it is.
    """
    return sum(_reseal(endpoint) for endpoint in Endpoint.objects.filter(deleted_at=None))


def is_key_known() -> bool:
    """Whether the present key, or one of the earlier ones, opens what was sealed last."""
    endpoint = Endpoint.objects.filter(deleted_at=None).order_by("pk").last()
    if endpoint is None:
        return True
    try:
        unseal(endpoint.sealed_secret, endpoint.context("secret"))
    except CannotUnsealError:
        return False
    return True


def _reseal(endpoint: Endpoint) -> bool:
    columns = (*SEALED_BY_CONTEXT.values(), "former_secrets")
    old = {column: getattr(endpoint, column) for column in columns}
    try:
        new: dict[str, Any] = {
            column: _anew(old[column], endpoint.context(context))
            for context, column in SEALED_BY_CONTEXT.items()
        }
        new["former_secrets"] = [
            {**former, "sealed": _anew(former["sealed"], endpoint.context("secret"))}
            for former in endpoint.former_secrets
        ]
    except CannotUnsealError:
        return False
    # Only if nobody has changed them meanwhile.
    return new != old and bool(Endpoint.objects.filter(pk=endpoint.pk, **old).update(**new))


def _anew(sealed: str, context: str) -> str:
    if not sealed or is_sealed_with_present_key(sealed):
        return sealed
    return seal(unseal(sealed, context), context)
