"""Whether this installation works, for orchestrators and monitoring."""

import threading
from collections.abc import Callable
from ipaddress import ip_address

import redis
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from common.errors import Forbidden, Unauthenticated
from config import metrics as _figures_of_runs  # noqa: F401 -- registers its figures
from config.presence import connect, live_workers
from config.responses import error_response
from projects import viewers
from projects.selectors import authenticate_bearer, bearer_token

# Headers by which a proxy says that the request came from elsewhere.
_FORWARDING_HEADERS = ("X-Forwarded-For", "X-Real-IP", "Forwarded")

Gauge("teppan_open_streams", "Event streams open in this process.").set_function(viewers.count_open)
Gauge("teppan_threads", "Threads of this process.").set_function(threading.active_count)


class NotReadyError(Exception):
    """One thing that is needed does not work; the message is for the operator."""


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process does; asks nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Try everything that work needs; 503 names what fails."""
    problems = {name: problem for name, check in _CHECKS.items() if (problem := _failure(check))}
    checks = {name: problems.get(name, "ok") for name in _CHECKS}
    status = "unavailable" if problems else "ok"
    return JsonResponse({"status": status, "checks": checks}, status=503 if problems else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return this process's figures for Prometheus, to this machine or a superuser's token."""
    if not _is_from_this_machine(request):
        try:
            _require_superuser(request)
        except (Unauthenticated, Forbidden) as error:
            return error_response(error)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _failure(check: Callable[[], None]) -> str | None:
    # Names the kind of fault only: addresses and accounts are in the log's copy, not in public.
    try:
        check()
    except NotReadyError as error:
        return str(error)
    except (DatabaseError, redis.RedisError, OSError) as error:
        return type(error).__name__
    return None


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReadyError(f"{len(plan)} not applied")


def _check_broker() -> None:
    with connect() as client:
        client.ping()


def _check_worker() -> None:
    with connect() as client:
        if not live_workers(client):
            raise NotReadyError("no worker gave a sign of life")


_CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "migrations": _check_migrations,
    "broker": _check_broker,
    "worker": _check_worker,
}


def _is_from_this_machine(request: HttpRequest) -> bool:
    if any(name in request.headers for name in _FORWARDING_HEADERS):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _require_superuser(request: HttpRequest) -> None:
    token = bearer_token(request.headers)
    if token is None:
        raise Unauthenticated
    if not authenticate_bearer(token).user.is_superuser:
        raise Forbidden("permission_denied", "Metrics are for the operator.")
