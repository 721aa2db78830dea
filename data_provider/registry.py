"""Names of sources and where each lives; a source is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from data_provider.auto import AutoBackend
from data_provider.base import ScraperBackend
from data_provider.errors import Unsupported

if TYPE_CHECKING:
    from data_provider.base import Clock
    from data_provider.config import ProviderConfig
    from data_provider.health import HealthBook

AUTO = AutoBackend.name

BACKENDS: dict[str, str] = {
    "native_json": "data_provider.backends.native_json:NativeJsonBackend",
    "oauth": "data_provider.backends.oauth:OAuthBackend",
    "archive": "data_provider.backends.archive:ArchiveBackend",
    "rss": "data_provider.backends.rss:RssBackend",
    "brightdata": "data_provider.backends.brightdata:BrightDataBackend",
    "playwright": "data_provider.backends.playwright:PlaywrightBackend",
    "nodriver": "data_provider.backends.nodriver:NodriverBackend",
    "selenium": "data_provider.backends.selenium:SeleniumBackend",
    "sandbox": "data_provider.backends.sandbox:SandboxBackend",
}


def backend_class(name: str) -> type[ScraperBackend]:
    """Return the class of a source without building it. Raises Unsupported for other names."""
    try:
        module, _, attribute = BACKENDS[name].partition(":")
    except KeyError:
        raise Unsupported(f"There is no source named {name!r}.") from None
    found: object = getattr(import_module(module), attribute)
    if not (isinstance(found, type) and issubclass(found, ScraperBackend)):
        raise TypeError(f"{BACKENDS[name]} is not a ScraperBackend")
    return found


def get_scraper(
    name: str,
    config: ProviderConfig,
    clock: Clock | None = None,
    health: HealthBook | None = None,
) -> ScraperBackend:
    """Return a source ready for use, which writes into `health` how it fares.

    Raises Unsupported or NotConfigured (names the setting).
    """
    if name == AUTO:
        return AutoBackend(config, clock, lambda member: get_scraper(member, config, clock), health)
    source = backend_class(name)(config, clock)
    source.health = health
    return source
