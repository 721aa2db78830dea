"""Django's settings, derived from the environment that `config.env` has checked."""

import hashlib
import os
import secrets
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE

from config.env import ROOT, SESSION_SECONDS, make_data_dir, read_environment

ENV = read_environment()

BASE_DIR = ROOT
DATA_DIR = make_data_dir(ENV)
RUN_DIR = DATA_DIR / "run"

# A Unix socket's path may hold 107 bytes; a longer data folder gets a short private one.
_SOCKET_PATH_LIMIT = 100


def _secret_key() -> str:
    """The configured key, or the generated one; two processes that start at once agree on it."""
    if ENV.TEPPAN_SECRET_KEY:
        return ENV.TEPPAN_SECRET_KEY
    file = DATA_DIR / "secret_key"
    if not file.exists():
        draft = DATA_DIR / f".secret_key.{os.getpid()}"
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as handle:  # noqa: PTH123 -- created with its mode
            handle.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text().strip()


def broker_socket() -> Path:
    """Where the embedded broker listens for this data folder."""
    socket = RUN_DIR / "broker.sock"
    if len(os.fsencode(socket)) <= _SOCKET_PATH_LIMIT:
        return socket
    digest = hashlib.sha256(os.fsencode(DATA_DIR)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"teppan-{os.getuid()}-{digest}" / "broker.sock"


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = list(ENV.TEPPAN_SECRET_KEY_FALLBACKS)
DEBUG = False
ALLOWED_HOSTS = ["*"] if not ENV.TEPPAN_PUBLIC_URL else []
if ENV.TEPPAN_PUBLIC_URL:
    _public_host = ENV.TEPPAN_PUBLIC_URL.split("://", 1)[1].split("/")[0].rsplit(":", 1)[0]
    ALLOWED_HOSTS = [_public_host, "localhost", "127.0.0.1", "[::1]"]
IS_HTTPS = bool(ENV.TEPPAN_PUBLIC_URL and ENV.TEPPAN_PUBLIC_URL.startswith("https://"))

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "projects.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
APPEND_SLASH = False
SILENCED_SYSTEM_CHECKS: list[str] = []

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "projects",
    "scraper",
    "webhooks",
    "content_analysis",
    "exports",
]

MIDDLEWARE = [
    "config.logs.RequestIdMiddleware",
    "config.responses.ResponsesMiddleware",
    "config.pages.PageSecurity",
    "config.pages.PageContentPolicy",
    "config.pages.StaticFiles",
    "config.pages.PageSession",
    "config.pages.PageCommon",
    "config.pages.PageForms",
    "config.pages.PageUser",
    "config.pages.PageMessages",
    "config.pages.PageFrame",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

if ENV.DATABASE_URL:
    _database: dict[str, Any] = dict(dj_database_url.parse(ENV.DATABASE_URL))
else:
    # IMMEDIATE takes the write lock at BEGIN: a read that turns into a write inside a deferred
    # transaction fails at once with "database is locked" (measured: 5,002 failures in 6 s).
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "teppan.sqlite3",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
        # Tests use threads and processes, which an in-memory database cannot serve.
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
    }
# Few long-lived threads share few long-lived connections (`common.executors`).
DATABASES = {"default": {**_database, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}}

REDIS_URL = ENV.REDIS_URL or f"unix://{broker_socket()}"

# Broker. A message is a hint and carries only an id: nothing waits on the broker, so nothing is
# redelivered while it runs; what is lost is sent again from the database.
CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://", 1)
    if REDIS_URL.startswith("unix://")
    else REDIS_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = False
CELERY_TASK_DEFAULT_QUEUE = "scrape"
CELERY_TASK_ROUTES = {"webhooks.*": {"queue": "deliver"}, "exports.*": {"queue": "export"}}
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_ENABLE_UTC = True
_scale = ENV.TEPPAN_TIME_SCALE
# Each only looks for what is due by the database: two clocks, or one that was away, do no harm.
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": timedelta(minutes=minutes) * _scale}
    for task, minutes in {
        "projects.resume_removals": 1,
        "exports.remove_expired_files": 10,
        "projects.forget_expired_records": 60,
        "webhooks.forget_old": 60,
        "webhooks.reseal": 60,
    }.items()
}
CELERY_TIMEZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
DASHBOARD_DIR = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [DASHBOARD_DIR] if DASHBOARD_DIR.is_dir() else []
# The bundler has put a content hash into these names.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+-[\w-]{8}\.\w+$"


def _export_storage() -> dict[str, Any]:
    """Where finished exports are: a private local folder, or a bucket (credentials as AWS's)."""
    if not ENV.TEPPAN_EXPORT_BUCKET:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": DATA_DIR / "exports",
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    bucket, _, prefix = ENV.TEPPAN_EXPORT_BUCKET.removeprefix("s3://").partition("/")
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "location": prefix,
            "endpoint_url": ENV.TEPPAN_EXPORT_BUCKET_URL,
            "signature_version": "s3v4",
            "file_overwrite": True,
        },
    }


# Half-made exports; on the same file system as the local folder, so that publishing is a rename.
EXPORT_WORK_DIR = DATA_DIR / "export-work"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static.StaticStorage"},
    "exports": _export_storage(),
}

# Larger JSON than any request of ours needs is refused before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [ENV.TEPPAN_PUBLIC_URL] if ENV.TEPPAN_PUBLIC_URL else []
REDDIT_IMAGE_HOSTS = (
    "https://i.redd.it",
    "https://preview.redd.it",
    "https://external-preview.redd.it",
    "https://*.thumbs.redditmedia.com",
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", NONCE],
        # Pictures of posts are loaded when a reader asks for one, and from Reddit's hosts only.
        "img-src": ["'self'", "data:", *REDDIT_IMAGE_HOSTS],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Refresh tokens live as long as a session that nobody uses may stay signed in.
REFRESH_LIFETIME = timedelta(seconds=SESSION_SECONDS)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ENV.TEPPAN_ACCESS_TOKEN_SECONDS),
    "REFRESH_TOKEN_LIFETIME": REFRESH_LIFETIME,
    "UPDATE_LAST_LOGIN": False,
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["config.api.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["config.api.ApiRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.api.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["config.throttles.RequestThrottle"],
    "DEFAULT_SCHEMA_CLASS": "config.openapi.Schema",
    # A query parameter `format` is as unknown as any other.
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "config.errors.ExceptionHandler",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Teppan",
    "DESCRIPTION": "Self-hosted Reddit research.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/",
    "POSTPROCESSING_HOOKS": [
        "config.openapi.add_plain_routes",
    ],
}

# What the applications need to know of the environment; times already scaled.
TEPPAN: dict[str, Any] = {
    "LEASE_SECONDS": ENV.TEPPAN_LEASE_SECONDS * _scale,
    "VIEWER_GRACE_SECONDS": 30 * _scale,
    "KEEPALIVE_SECONDS": 15 * _scale,
    # How long a run that was told to stop may take. Unscaled tests need some seconds too: what
    # does not stop in time costs its whole process.
    "STOP_GRACE_SECONDS": max(10 * _scale, 4.0),
    "STOP_SECONDS": ENV.TEPPAN_STOP_SECONDS,
    "JOB_TIME_LIMIT_SECONDS": ENV.TEPPAN_JOB_TIME_LIMIT_SECONDS,
    "MAX_STREAMS_PER_USER": ENV.TEPPAN_MAX_STREAMS_PER_USER,
    "REGISTRATION": ENV.TEPPAN_REGISTRATION,
    "THROTTLE": ENV.TEPPAN_THROTTLE == "on",
    "TIME_SCALE": _scale,
    "WORKER_SLOTS": 4,
    "PUBLIC_URL": ENV.public_url,
    # Tasks that are told, by name, when a public fact was committed.
    "EVENT_HINTS": ("webhooks.fan_out",),
    # Not scaled: an endpoint's own schedule replaces it, and both are scaled together.
    "WEBHOOK_SCHEDULE_SECONDS": ENV.TEPPAN_WEBHOOK_SCHEDULE_SECONDS,
    "WEBHOOK_TIMEOUT_SECONDS": ENV.TEPPAN_WEBHOOK_TIMEOUT_SECONDS,
    "WEBHOOK_HTTPS_ONLY": ENV.is_webhook_https_only,
    "OUTBOUND_ALLOWED_NETWORKS": ENV.TEPPAN_OUTBOUND_ALLOWED_NETWORKS,
    "EXPORT_KEPT_SECONDS": ENV.TEPPAN_EXPORT_KEPT_SECONDS,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "config.logs.RequestIdFilter"}},
    "formatters": {"line": {"()": "config.logs.LineFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
