"""The installation's settings: what each is called, what it may be, and what it is by default.

Everything that reads the environment is here; a wrong value stops the start with its name.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.values import (
    DAY,
    YEAR,
    DatabaseAddress,
    ExistingFile,
    Gaps,
    Names,
    Networks,
    PerMinute,
    Program,
    RedisAddress,
    Switch,
    WebAddress,
)

ROOT = Path(__file__).resolve().parent.parent

# As data_provider has them: importing that takes longer than all else that the supervisor loads.
BACKENDS = (
    "native_json",
    "playwright",
    "nodriver",
    "selenium",
    "brightdata",
    "oauth",
    "rss",
    "archive",
    "sandbox",
)
AUTO_ORDER = ("oauth", "native_json", "archive", "rss", "brightdata", "playwright", "nodriver")

_PACE_PREFIX = "TEPPAN_REQUESTS_PER_MINUTE_"

# A session's life: an access token has to be over before.
SESSION_SECONDS = 30 * DAY


class SettingError(Exception):
    """A setting has a value that Teppan cannot work with; the message names it."""

    @property
    def refusal(self) -> str:
        """What to say in place of a start."""
        return f"Teppan cannot start, a setting is wrong:\n{self}"


def _known_sources(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or any(name not in BACKENDS for name in names):
        raise ValueError(f"should name sources of {', '.join(BACKENDS)}")
    return names


Sources = Annotated[Names, AfterValidator(_known_sources)]


class Environment(BaseModel):
    """Every setting; the field's name is the variable's name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TEPPAN_DATA_DIR: Path = Field(
        Path("var"), description="Folder of the database, the broker's log, keys and files."
    )
    DATABASE_URL: DatabaseAddress = Field("", description="PostgreSQL; empty: SQLite.")
    REDIS_URL: RedisAddress = Field("", description="Redis or Valkey; empty: embedded.")
    TEPPAN_HOST: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    TEPPAN_PORT: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    TEPPAN_PUBLIC_URL: WebAddress | None = Field(
        None, description="Address under which people reach Teppan."
    )
    TEPPAN_SECRET_KEY: str = Field(
        "",
        description="Signs sessions and seals secrets; generated in embedded mode, required with "
        "DATABASE_URL.",
    )
    TEPPAN_SECRET_KEY_FALLBACKS: Names = Field(
        (), description="Earlier secret keys, newest first: what they sealed is still read."
    )
    TEPPAN_REGISTRATION: Literal["first", "open", "closed"] = Field(
        "first", description="Who may register: only the first account, everyone, nobody."
    )
    TEPPAN_THROTTLE: Switch = Field("on", description="Limits on requests per user and address.")
    TEPPAN_MAX_STREAMS_PER_USER: int = Field(
        50, ge=1, le=1_000_000, description="Open streams per user, over all processes."
    )
    TEPPAN_LEASE_SECONDS: float = Field(
        45,
        ge=1,
        le=DAY,
        allow_inf_nan=False,
        description="How long a silent worker keeps a run; its heartbeat is a quarter.",
    )
    TEPPAN_ACCESS_TOKEN_SECONDS: int = Field(
        900, ge=5, lt=SESSION_SECONDS, description="Life of an access token."
    )
    TEPPAN_JOB_TIME_LIMIT_SECONDS: float = Field(
        21600, ge=1, le=YEAR, allow_inf_nan=False, description="Longest run."
    )
    TEPPAN_EXPORT_KEPT_SECONDS: float = Field(
        604800,
        ge=1,
        le=10 * YEAR,
        allow_inf_nan=False,
        description="How long the file of an export is kept (a week).",
    )
    TEPPAN_EXPORT_BUCKET: str = Field(
        "",
        pattern=r"^($|s3://[^/]+(/.*)?$)",
        description="s3://bucket/prefix for the files of exports; empty: a local folder.",
    )
    TEPPAN_EXPORT_BUCKET_URL: WebAddress | None = Field(
        None, description="Address of an S3-compatible server; empty: Amazon's."
    )
    TEPPAN_REDDIT_WWW_URL: WebAddress = Field(
        "https://www.reddit.com", description="Base address of Reddit's site."
    )
    TEPPAN_REDDIT_OLD_URL: WebAddress = Field(
        "https://old.reddit.com", description="Base address of old Reddit."
    )
    TEPPAN_BROWSER_SITE: Literal["www", "old"] = Field(
        "www", description="Which of Reddit's sites the browser sources read."
    )
    TEPPAN_REDDIT_OAUTH_URL: WebAddress = Field(
        "https://oauth.reddit.com", description="Base address of Reddit's official API."
    )
    TEPPAN_REDDIT_TOKEN_URL: WebAddress = Field(
        "https://www.reddit.com/api/v1/access_token", description="Where API tokens are issued."
    )
    TEPPAN_BRIGHTDATA_URL: WebAddress = Field(
        "https://api.brightdata.com", description="Base address of the BrightData API."
    )
    TEPPAN_ARCHIVE_URL: WebAddress = Field(
        "https://arctic-shift.photon-reddit.com", description="Base address of the archive."
    )
    TEPPAN_SANDBOX_URL: WebAddress | None = Field(
        None, description="Address of the simulated Reddit; the embedded stack sets it."
    )
    TEPPAN_REDDIT_CLIENT_ID: str = Field(
        "", description="Your Reddit application's id; several are separated by commas."
    )
    TEPPAN_REDDIT_CLIENT_SECRET: str = Field(
        "", description="Your Reddit application's secret; several in the order of the ids."
    )
    TEPPAN_REDDIT_USERNAME: str = Field(
        "", description="Account for which a script application acts; several as the ids."
    )
    TEPPAN_REDDIT_PASSWORD: str = Field(
        "", description="That account's password; several as the ids, then without commas in them."
    )
    TEPPAN_REDDIT_COOKIES_FILE: ExistingFile | None = Field(
        None, description="Cookies of your own Reddit session (Netscape format)."
    )
    TEPPAN_BRIGHTDATA_TOKEN: str = Field("", description="Your BrightData API token.")
    TEPPAN_USER_AGENT: str = Field(
        "linux:teppan:0.1.0 (self-hosted research)",
        min_length=1,
        description="How Teppan introduces itself: platform:app:version (by /u/name).",
    )
    TEPPAN_PROXY_URL: WebAddress | None = Field(None, description="Proxy for Reddit sources.")
    TEPPAN_AUTO_ORDER: Sources = Field(AUTO_ORDER, description="Sources in the order AUTO tries.")
    TEPPAN_CHROMIUM: Program | None = Field(None, description="Chromium; found on PATH otherwise.")
    TEPPAN_WEBHOOK_SCHEDULE_SECONDS: Gaps = Field(
        (60, 300, 900, 3600, 21600), description="Gaps between the tries of a webhook."
    )
    TEPPAN_WEBHOOK_TIMEOUT_SECONDS: float = Field(
        15,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="A webhook's whole time, from the name's look-up to the last byte.",
    )
    TEPPAN_WEBHOOK_HTTPS_ONLY: Switch | None = Field(
        None, description="Webhooks to https addresses only; off embedded, on with DATABASE_URL."
    )
    TEPPAN_OUTBOUND_ALLOWED_NETWORKS: Networks = Field(
        (), description="Private networks (CIDR) that users' addresses may lead to."
    )
    TEPPAN_STOP_SECONDS: float = Field(
        3.0,
        ge=2,
        le=3600,
        allow_inf_nan=False,
        description="What a worker takes to stop; less than its supervisor's grace.",
    )
    TEPPAN_TIME_SCALE: float = Field(
        1.0,
        ge=0.001,
        le=1000,
        allow_inf_nan=False,
        description="Tests only: multiplies leases, schedules, graces and keepalives.",
    )
    requests_per_minute: dict[str, PerMinute] = Field(
        default_factory=dict,
        description="TEPPAN_REQUESTS_PER_MINUTE_<SOURCE>; 0 = only upstream's own limits.",
    )

    @property
    def is_server(self) -> bool:
        """Server mode: a database of its own, so nothing is generated silently."""
        return bool(self.DATABASE_URL)

    @property
    def public_url(self) -> str:
        """Address to put into links: the public one, else where we listen."""
        if self.TEPPAN_PUBLIC_URL:
            return self.TEPPAN_PUBLIC_URL
        is_wildcard = self.TEPPAN_HOST in ("0.0.0.0", "::")  # noqa: S104 -- compared with
        host = "127.0.0.1" if is_wildcard else self.TEPPAN_HOST
        return f"http://{f'[{host}]' if ':' in host else host}:{self.TEPPAN_PORT}"

    @property
    def is_webhook_https_only(self) -> bool:
        """Whether webhooks go to https addresses only: as set, or by the mode."""
        return (
            self.is_server
            if not self.TEPPAN_WEBHOOK_HTTPS_ONLY
            else (self.TEPPAN_WEBHOOK_HTTPS_ONLY == "on")
        )

    @model_validator(mode="after")
    def _server_mode_has_a_key(self) -> Self:
        if self.is_server and len(self.TEPPAN_SECRET_KEY) < 32:  # noqa: PLR2004 -- HS256's key
            raise ValueError(
                "TEPPAN_SECRET_KEY: should be a secret of at least 32 characters"
                " when DATABASE_URL is set"
            )
        return self


def make_data_dir(environment: Environment) -> Path:
    """Return the data folder, made when it is not there.

    Raises SettingError where it cannot be made or used.
    """
    folder = (ROOT / environment.TEPPAN_DATA_DIR).resolve()
    problem = "it cannot be written to"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_usable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except OSError as error:
        is_usable, problem = False, error.strerror or str(error)
    if not is_usable:
        raise SettingError(
            f"TEPPAN_DATA_DIR: should be a folder of Teppan's own; {folder}: {problem}"
        )
    return folder


def read_environment(variables: Mapping[str, str | None] | None = None) -> Environment:
    """Read and check all settings; empty values count as absent.

    Raises SettingError with one line per wrong setting: its name and what it should be.
    """
    if variables is None:
        variables = {**dotenv_values(ROOT / ".env"), **os.environ}
    given: dict[str, object] = {name: value for name, value in variables.items() if value}
    given["requests_per_minute"] = _paces(given)
    try:
        return Environment.model_validate(given)
    except ValidationError as error:
        raise SettingError("\n".join(_sentence(problem) for problem in error.errors())) from error


def _paces(given: Mapping[str, object]) -> dict[str, object]:
    paces: dict[str, object] = {}
    for name, value in given.items():
        if not name.startswith(_PACE_PREFIX):
            continue
        backend = name.removeprefix(_PACE_PREFIX).lower()
        if backend not in BACKENDS:
            raise SettingError(f"{name}: should end in one of {', '.join(BACKENDS).upper()}")
        paces[backend] = value
    return paces


def _sentence(problem: Mapping[str, object]) -> str:
    location = [str(part) for part in problem["loc"]]  # type: ignore[attr-defined]
    text = str(problem["msg"]).removeprefix("Value error, ").replace("is not a", "should be a")
    if not location:
        return text
    if location[0] == "requests_per_minute" and len(location) > 1:
        return f"{_PACE_PREFIX}{location[1].upper()}: {text}"
    return f"{location[0]}: {text}"
