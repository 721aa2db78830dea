"""What webhooks keep for projects and accounts, and how it goes when those are deleted."""

from django.db.models import QuerySet

from projects.activity import forget
from projects.deletion import Belongings
from webhooks.disabling import BY_OWNER, disable_endpoint
from webhooks.models import Attempt, Endpoint, WebhookDelivery


def stop_project(project_id: int) -> None:
    """Let the project's endpoints hear nothing more."""
    _disable(Endpoint.objects.filter(project_id=project_id))


def stop_account(user_id: int) -> None:
    """Let the account's endpoints hear nothing more."""
    _disable(Endpoint.objects.filter(owner_id=user_id))


def remove_of_project(project_id: int, limit: int) -> int:
    """Delete up to `limit` rows that tell of the project, whoever hears of it, endpoints last."""
    if number := _remove(WebhookDelivery.objects.filter(project_id=project_id), limit):
        return number
    return _remove_endpoints(Endpoint.objects.filter(project_id=project_id), limit)


def remove_of_account(user_id: int, limit: int) -> int:
    """Delete up to `limit` rows of the account, its endpoints last."""
    return _remove_endpoints(Endpoint.objects.filter(owner_id=user_id), limit)


def deleted_endpoints() -> list[Endpoint]:
    """Return the endpoints whose owner deleted them and whose rows are still there."""
    return list(Endpoint.objects.exclude(deleted_at=None).order_by("pk"))


def remove_endpoint(endpoint: Endpoint, limit: int) -> int:
    """Delete up to `limit` rows of an endpoint, itself last; 0 when nothing is left."""
    return (
        _remove(WebhookDelivery.objects.filter(endpoint=endpoint), limit)
        or forget([endpoint.stream], limit)
        or Endpoint.objects.filter(pk=endpoint.pk).delete()[0]
    )


def _remove_endpoints(endpoints: QuerySet[Endpoint], limit: int) -> int:
    endpoint = endpoints.order_by("pk").first()
    return remove_endpoint(endpoint, limit) if endpoint is not None else 0


def _remove(rows: QuerySet[WebhookDelivery], limit: int) -> int:
    ids = list(rows.values_list("pk", flat=True)[:limit])
    attempts = Attempt.objects.filter(delivery__in=ids).values_list("pk", flat=True)[:limit]
    if tries := list(attempts):
        return Attempt.objects.filter(pk__in=tries).delete()[0]
    return WebhookDelivery.objects.filter(pk__in=ids).delete()[0]


def _disable(endpoints: QuerySet[Endpoint]) -> None:
    for endpoint in endpoints:
        disable_endpoint(endpoint, BY_OWNER)


BELONGINGS = Belongings(
    cancel=stop_project,
    remove=remove_of_project,
    cancel_account=stop_account,
    remove_account=remove_of_account,
)
