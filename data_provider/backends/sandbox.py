"""The simulated Reddit that comes with the stack: the same dialect, no network beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_provider.base import Capabilities, Clock
from data_provider.errors import NotConfigured
from data_provider.json_listing import JsonListingBackend

if TYPE_CHECKING:
    from data_provider.config import ProviderConfig

# The simulation has no wall at 1000; large listings serve measurements.
_LARGEST_LIMIT = 1_000_000


class SandboxBackend(JsonListingBackend):
    """Reads `{sandbox_url}/r/NAME/SORT.json`."""

    name = "sandbox"
    capabilities = Capabilities(
        max_limit=_LARGEST_LIMIT,
        search=True,
        comments=True,
        subreddit_search=True,
        subreddit_about=True,
        needs=("TEPPAN_SANDBOX_URL",),
    )

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        if not config.sandbox_url:
            raise NotConfigured("TEPPAN_SANDBOX_URL")
        # A proxy leads out of the machine, and a session's cookies are nobody's business here.
        super().__init__(config.model_copy(update={"proxy_url": None, "cookies_file": None}), clock)
        self._base = config.sandbox_url.rstrip("/")

    def address(self, path: str) -> str:
        """Return the address of the path's JSON."""
        return f"{self._base}{path}.json"
