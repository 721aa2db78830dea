"""`manage.py doctor`: looks at everything the installation needs and says what to change."""

import http.client
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import django
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection

from config import presence
from config.env import read_environment
from config.preparation import has_pending_migrations
from data_provider import NotConfigured
from data_provider.browser import find_chromedriver, find_chromium

_PRIVATE = 0o077
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One line: `ok`, a `note` (works, but something is not enabled) or a `fault`."""

    state: str
    subject: str
    text: str


def run() -> int:
    """Print one line per check; the exit code is 1 when something does not work.

    Raises SettingError for a wrong setting.
    """
    read_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    faults = 0
    for check in _CHECKS:
        for finding in check():
            faults += finding.state == "fault"
            sys.stdout.write(f"{finding.state:<6}{finding.subject:<13}{finding.text}\n")
    return 1 if faults else 0


def check_data_dir() -> Iterator[Finding]:
    """Look at who may read the data folder: it holds keys and everything that was scraped."""
    folder = settings.DATA_DIR
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _PRIVATE:
        yield Finding("fault", "data folder", f"others may read {folder}: chmod 700 {folder}")
    else:
        yield Finding("ok", "data folder", str(folder))


def check_database() -> Iterator[Finding]:
    """Look whether the database answers and is as new as the code."""
    try:
        connection.ensure_connection()
        pending = has_pending_migrations()
    except (DatabaseError, ImproperlyConfigured) as error:
        advice = "check DATABASE_URL" if settings.ENV.DATABASE_URL else "check the data folder"
        yield Finding("fault", "database", f"does not answer, {advice}: {error}")
        return
    finally:
        connection.close()
    yield Finding("ok", "database", connection.vendor)
    if pending:
        yield Finding("fault", "migrations", "not applied: run manage.py migrate, or manage.py up")
    else:
        yield Finding("ok", "migrations", "all applied")


def check_broker() -> Iterator[Finding]:
    """Look whether the broker answers and a worker gave a sign of life through it."""
    advice = "check REDIS_URL" if settings.ENV.REDIS_URL else "start it with manage.py up"
    try:
        with presence.connect() as client:
            client.ping()
            workers = presence.live_workers(client)
    except redis.RedisError as error:
        yield Finding("fault", "broker", f"does not answer, {advice}: {error}")
        return
    yield Finding("ok", "broker", "answers")
    if workers:
        yield Finding("ok", "worker", ", ".join(workers))
    else:
        yield Finding(
            "fault", "worker", "none runs: manage.py up, or celery -A config.celery worker"
        )


def check_sources() -> Iterator[Finding]:
    """Look which sources are ready, and what the others lack."""
    # Imported late: applications can only be imported once Django is set up.
    from scraper.sources import backend_reports  # noqa: PLC0415

    for report in backend_reports():
        if report["configured"]:
            yield Finding("ok", "source", report["name"])
        else:
            yield Finding("note", "source", f"{report['name']}: {report['reason']}")


def check_sandbox() -> Iterator[Finding]:
    """Look whether the simulated Reddit answers where the settings say it is."""
    address = settings.ENV.TEPPAN_SANDBOX_URL
    if address is None:
        yield Finding("note", "sandbox", "manage.py up brings its own; else set TEPPAN_SANDBOX_URL")
    elif error := _fault_of(address, "/r/python/new.json"):
        yield Finding("fault", "sandbox", f"{address} does not answer ({error})")
    else:
        yield Finding("ok", "sandbox", address)


def check_browser() -> Iterator[Finding]:
    """Look for the Chromium that the browser sources start, and for Selenium's driver of it."""
    try:
        yield Finding("ok", "browser", find_chromium(settings.ENV.TEPPAN_CHROMIUM))
    except NotConfigured as error:
        yield Finding("note", "browser", error.message)
    try:
        yield Finding("ok", "chromedriver", find_chromedriver())
    except NotConfigured as error:
        yield Finding("note", "chromedriver", f"the source selenium needs it: {error.message}")


def check_proxy() -> Iterator[Finding]:
    """Look whether Teppan is reachable where people are told to find it."""
    address = settings.ENV.TEPPAN_PUBLIC_URL
    if address is None:
        return
    if error := _fault_of(address, "/healthz"):
        yield Finding("fault", "proxy", f"TEPPAN_PUBLIC_URL {address} does not answer ({error})")
    else:
        yield Finding("ok", "proxy", f"{address}; it must not buffer text/event-stream")


def _fault_of(address: str, path: str) -> str | None:
    """Return why a GET fails, or None when it is answered with 200."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    client = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
    try:
        client.request("GET", parts.path + path)
        status = client.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        client.close()
    return None if status == http.HTTPStatus.OK else f"HTTP {status}"


_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_data_dir,
    check_database,
    check_broker,
    check_sources,
    check_sandbox,
    check_browser,
    check_proxy,
)
