"""Brings the database's tables and the collected static files up to date, only when needed."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config.claim import Refused

# Of the API browser's packages only Swagger UI's page is served; compressing the rest takes longer
# than everything else of a first start (20 s).
UNUSED_STATIC = ("redoc", "*es-bundle*", "*.md", "rest_framework")

_FINGERPRINT = ".fingerprint"


def prepare() -> None:
    """Migrate and collect what has changed; closes the calling thread's connection.

    Raises Refused when no key of the settings opens what is stored.
    """
    try:
        if has_pending_migrations():
            call_command("migrate", interactive=False, verbosity=0)
        check_key()
    finally:
        connection.close()
    collect_static()


def check_key() -> None:
    """Refuse to start with a key that opens nothing: every webhook would fail, one by one."""
    # Applications can be imported only after Django's set-up.
    from webhooks.services.sealing import is_key_known  # noqa: PLC0415

    if not is_key_known():
        raise Refused(
            "TEPPAN_SECRET_KEY: stored secrets were sealed with another key. Set that again, or "
            "name it in TEPPAN_SECRET_KEY_FALLBACKS."
        )


def has_pending_migrations() -> bool:
    """Tell whether the database lags behind the code; raises django.db.Error if unreachable."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static() -> None:
    """Collect the static files if one has changed since; several installations may share them."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / ".lock"):
        recorded = root / _FINGERPRINT
        fingerprint = _fingerprint()
        if recorded.exists() and recorded.read_text() == fingerprint:
            return
        call_command(
            "collectstatic", interactive=False, verbosity=0, ignore_patterns=list(UNUSED_STATIC)
        )
        recorded.write_text(fingerprint)


def _fingerprint() -> str:
    """Digest of the names, sizes and times of all source files; takes milliseconds."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list(list(UNUSED_STATIC)):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
