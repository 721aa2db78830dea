"""What kinds of values settings have: how each is written, and what is said of a wrong one."""

import re
import shutil
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

# Longer than anybody means, and short enough for every clock and calendar in use.
DAY, YEAR = 86_400, 365 * 86_400


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _parts_of(address: str) -> SplitResult | None:
    """Return the parts of an address; None when it is none, such as with a port of letters."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _web_address(value: str) -> str:
    parts = _parts_of(value)
    is_plain = re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value)
    if not is_plain or parts is None or not parts.hostname:
        raise ValueError("should be an http:// or https:// address")
    return value.rstrip("/")


def _database_address(value: str) -> str:
    parts = _parts_of(value)
    if value and (
        parts is None or parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/")
    ):
        raise ValueError("should look like postgres://user:password@host:5432/database")
    return value


def _redis_address(value: str) -> str:
    parts = _parts_of(value)
    is_place = parts is not None and (
        parts.path.strip("/") if parts.scheme == "unix" else parts.hostname
    )
    if value and not (is_place and re.match("(rediss?|unix)://", value)):
        raise ValueError("should look like redis://host:6379/0 or unix:///path/of/the/socket")
    return value


def _existing_file(file: Path) -> Path:
    if not file.is_file():
        raise ValueError(f"should be the path of a file that is there; {file} is not")
    return file


def _program(file: Path) -> Path:
    if shutil.which(file) is None:
        raise ValueError(f"should be the path of a program; {file} cannot be run")
    return file


WebAddress = Annotated[str, AfterValidator(_web_address)]
Switch = Annotated[Literal["on", "off"], BeforeValidator(lambda v: str(v).lower())]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Gap = Annotated[float, Field(gt=0, le=YEAR, allow_inf_nan=False)]
Gaps = Annotated[tuple[Gap, ...], Field(min_length=1), BeforeValidator(_split)]
PerMinute = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_split)]
DatabaseAddress = Annotated[str, AfterValidator(_database_address)]
RedisAddress = Annotated[str, AfterValidator(_redis_address)]
ExistingFile = Annotated[Path, AfterValidator(_existing_file)]
Program = Annotated[Path, AfterValidator(_program)]
