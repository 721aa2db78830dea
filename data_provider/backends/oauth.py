"""Reddit's official API: the registered application's own key, 100 requests a minute."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from data_provider.base import Capabilities, Clock
from data_provider.errors import AuthenticationFailed, InvalidResponse, NotConfigured
from data_provider.http import HttpClient
from data_provider.json_listing import JsonListingBackend
from data_provider.statuses import require_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_provider.config import ProviderConfig

# A token is renewed this long before its end, so that none dies on its way to Reddit.
RENEW_BEFORE = timedelta(seconds=60)
# Reddit's names for "as the application itself" with a secret, and without one (installed apps).
CLIENT_GRANT = {"grant_type": "client_credentials"}
INSTALLED_GRANT = {
    "grant_type": "https://oauth.reddit.com/grants/installed_client",
    "device_id": "DO_NOT_TRACK_THIS_DEVICE",
}
_REFUSED = range(400, 402)


class OAuthBackend(JsonListingBackend):
    """Reads `{reddit_oauth_url}/r/NAME/SORT` with a token that it renews by itself."""

    name = "oauth"
    capabilities = Capabilities(
        search=True,
        comments=True,
        subreddit_search=True,
        subreddit_about=True,
        needs=("TEPPAN_REDDIT_CLIENT_ID",),
    )

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        if not config.reddit_client_id:
            raise NotConfigured("TEPPAN_REDDIT_CLIENT_ID")
        # A session's cookies and an application's key are two different readers.
        super().__init__(config.model_copy(update={"cookies_file": None}), clock)
        self._tokens = TokenKeeper(self.config, self.clock)
        self._base = config.reddit_oauth_url.rstrip("/")

    def address(self, path: str) -> str:
        """Return the address of the path in the API, which has no suffix."""
        return f"{self._base}{path}"

    async def headers(self) -> Mapping[str, str]:
        """Return the token's header. Raises AuthenticationFailed."""
        return {"authorization": f"bearer {await self._tokens.current()}"}

    async def fetch(self, path: str, params: Mapping[str, str]) -> bytes:
        """Return the JSON body at a path; a token refused there is renewed once."""
        token = await self._tokens.current()
        try:
            return await super().fetch(path, params)
        except AuthenticationFailed:
            self._tokens.discard(token)
        return await super().fetch(path, params)

    async def aclose(self) -> None:
        """Close connections."""
        await self._tokens.aclose()
        await super().aclose()


class TokenAnswer(msgspec.Struct):
    """What the token address says; `error` also comes with status 200."""

    access_token: str = ""
    expires_in: float = 0.0
    error: str | int | None = None


@dataclass(frozen=True)
class Token:
    """A bearer token and when to stop using it (unscaled time)."""

    text: str
    renew_at: datetime


class TokenKeeper:
    """Holds one token for all requests of a source; whoever needs a new one, one asks for it."""

    def __init__(self, config: ProviderConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        # Its own client: the window that its answers tell of is not that of the API.
        self._http = HttpClient(config, clock, "oauth_token")
        self._lock = asyncio.Lock()
        self._token: Token | None = None

    async def current(self) -> str:
        """Return a living token. Raises AuthenticationFailed (a wrong key), Transient."""
        token = self._living()
        if token is None:
            async with self._lock:
                token = self._living() or await self._ask()
                self._token = token
        return token.text

    def discard(self, text: str) -> None:
        """Forget a token that was refused, unless it has been renewed meanwhile."""
        if self._token is not None and self._token.text == text:
            self._token = None

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    def _living(self) -> Token | None:
        token = self._token
        return token if token is not None and self._clock.now() < token.renew_at else None

    async def _ask(self) -> Token:
        config = self._config
        key = f"{config.reddit_client_id}:{config.reddit_client_secret or ''}"
        grant = CLIENT_GRANT if config.reddit_client_secret else INSTALLED_GRANT
        asked_at = self._clock.now()
        answer = await self._http.send(
            "POST",
            config.reddit_token_url,
            headers={
                "authorization": "Basic " + base64.b64encode(key.encode()).decode(),
                "content-type": "application/x-www-form-urlencoded",
            },
            content=urlencode(grant).encode(),
        )
        if answer.status in _REFUSED:
            raise AuthenticationFailed(_REFUSAL)
        return _token_of(require_json(answer, asked_at), asked_at)


_REFUSAL = (
    "Reddit refuses the application: check TEPPAN_REDDIT_CLIENT_ID and TEPPAN_REDDIT_CLIENT_SECRET."
)


def _token_of(body: bytes, asked_at: datetime) -> Token:
    """Return the token of an answer, which is nobody else's to see: no sample is kept."""
    try:
        answer = msgspec.json.decode(body, type=TokenAnswer)
    except (ValueError, RecursionError) as error:
        raise InvalidResponse("The log-in's answer is not what Reddit sends.") from error
    if not answer.access_token:
        raise AuthenticationFailed(_REFUSAL)
    lifetime = timedelta(seconds=max(0.0, min(answer.expires_in, _LONGEST_LIFE_SECONDS)))
    return Token(answer.access_token, asked_at + max(lifetime - RENEW_BEFORE, lifetime / 2))


# Reddit's tokens live a day; a longer word is asked about again after one.
_LONGEST_LIFE_SECONDS = 86_400.0
