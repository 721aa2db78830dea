"""Reddit's official API: the registered applications' own keys, 100 requests a minute each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_provider.base import Capabilities, Clock
from data_provider.errors import AuthenticationFailed, RateLimited, SourceError
from data_provider.health import Quota
from data_provider.http import HttpClient
from data_provider.json_listing import JsonListingBackend, place_for
from data_provider.oauth_tokens import Credential, TokenKeeper, credentials_of
from data_provider.statuses import require_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_provider.config import ProviderConfig


@dataclass(frozen=True)
class _Key:
    """One application with the window and the token that are its own."""

    credential: Credential
    http: HttpClient
    tokens: TokenKeeper


class OAuthBackend(JsonListingBackend):
    """Reads `{reddit_oauth_url}/r/NAME/SORT` with tokens that it renews by itself.

    Of several applications one is used until its window is, or until Reddit refuses it; then the
    next one goes on.
    """

    name = "oauth"
    capabilities = Capabilities(
        search=True,
        comments=True,
        subreddit_search=True,
        subreddit_about=True,
        needs=("TEPPAN_REDDIT_CLIENT_ID",),
    )

    def __init__(self, config: ProviderConfig, clock: Clock | None = None) -> None:
        credentials = credentials_of(config)
        # A session's cookies and an application's key are two different readers.
        super().__init__(config.model_copy(update={"cookies_file": None}), clock)
        self._keys = [self._key_of(credential) for credential in credentials]
        self._base = config.reddit_oauth_url.rstrip("/")

    @property
    def lane(self) -> str:
        """Name of what walls and limits are counted by: the way out, and the applications."""
        ids = ",".join(key.credential.client_id for key in self._keys)
        return f"{super().lane}-{hashlib.sha256(ids.encode()).hexdigest()[:8]}"

    @property
    def requests_made(self) -> int:
        """Requests sent so far, log-ins left out."""
        return sum(key.http.requests_made for key in self._keys)

    @property
    def quota(self) -> Quota | None:
        """What upstream said last is left of all windows together, and when the first ends."""
        known = [quota for key in self._keys if (quota := key.http.pacer.quota)]
        if not known:
            return None
        resets = [one.reset_seconds for one in known if one.reset_seconds is not None]
        return Quota(sum(one.remaining for one in known), min(resets, default=None))

    def address(self, path: str) -> str:
        """Return the address of the path in the API, which has no suffix."""
        return f"{self._base}{path}"

    async def fetch(self, path: str, params: Mapping[str, str]) -> bytes:
        """Return the JSON body at a path, by the first application that may ask now.

        Raises RateLimited when all have to wait, AuthenticationFailed when all are refused.
        """
        refusals: list[SourceError] = []
        for key in tuple(self._keys):
            try:
                return await self._fetch_as(key, path, params)
            except (RateLimited, AuthenticationFailed) as error:
                refusals.append(error)
                # The next question begins with another one.
                self._keys.append(self._keys.pop(self._keys.index(key)))
        raise min(refusals, key=_wait_of)

    async def aclose(self) -> None:
        """Close connections."""
        for key in self._keys:
            await key.tokens.aclose()
            await key.http.aclose()
        await super().aclose()

    def _key_of(self, credential: Credential) -> _Key:
        http = HttpClient(self.config, self.clock, self.name, credential.client_id)
        return _Key(credential, http, TokenKeeper(self.config, self.clock, credential))

    async def _fetch_as(self, key: _Key, path: str, params: Mapping[str, str]) -> bytes:
        """Return the body; a token refused there is renewed once."""
        token = await key.tokens.current()
        try:
            return await self._ask_with(key, token, path, params)
        except AuthenticationFailed:
            key.tokens.discard(token)
        return await self._ask_with(key, await key.tokens.current(), path, params)

    async def _ask_with(self, key: _Key, token: str, path: str, params: Mapping[str, str]) -> bytes:
        headers = {"authorization": f"bearer {token}"}
        async with place_for(path, key.http.pacer):
            answer = await key.http.get(self.address(path), {**params, "raw_json": "1"}, headers)
        return require_json(answer, self.clock.now())


def _wait_of(error: SourceError) -> tuple[bool, float]:
    """Order refusals by what helps soonest: waiting before a person."""
    wait = error.retry_after if isinstance(error, RateLimited) else None
    return isinstance(error, AuthenticationFailed), wait or 0.0
