"""Who we are to Reddit's official API: the registered applications, and a living token of each."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from data_provider.errors import AuthenticationFailed, InvalidResponse, NotConfigured
from data_provider.http import HttpClient
from data_provider.statuses import require_json

if TYPE_CHECKING:
    from data_provider.base import Clock
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


@dataclass(frozen=True)
class Credential:
    """One registered application; with a user's name and password a script that acts for him."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def grant(self) -> dict[str, str]:
        """What the log-in is asked for, by what is known of the application."""
        if self.username:
            return {
                "grant_type": "password",
                "username": self.username,
                "password": self.password,
            }
        return CLIENT_GRANT if self.client_secret else INSTALLED_GRANT


def credentials_of(config: ProviderConfig) -> tuple[Credential, ...]:
    """Return the configured applications: lists by commas, whose places belong together.

    An empty place, or none, means that the application has no such thing. Raises NotConfigured.
    """
    ids = _listed(config.reddit_client_id)
    if not any(ids):
        raise NotConfigured("TEPPAN_REDDIT_CLIENT_ID")
    others = {
        "TEPPAN_REDDIT_CLIENT_SECRET": config.reddit_client_secret,
        "TEPPAN_REDDIT_USERNAME": config.reddit_username,
        "TEPPAN_REDDIT_PASSWORD": config.reddit_password,
    }
    columns = []
    for name, text in others.items():
        # The value of a single application is taken whole: a password may hold a comma.
        column = [text or ""] if len(ids) == 1 else _listed(text)
        if len(column) > len(ids):
            raise NotConfigured(name, f"{name} lists more than TEPPAN_REDDIT_CLIENT_ID does.")
        columns.append([*column, *[""] * (len(ids) - len(column))])
    return tuple(Credential(*row) for row in zip(ids, *columns, strict=True) if row[0])


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


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

    def __init__(self, config: ProviderConfig, clock: Clock, credential: Credential) -> None:
        self._config = config
        self._credential = credential
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
        config, credential = self._config, self._credential
        key = f"{credential.client_id}:{credential.client_secret}"
        asked_at = self._clock.now()
        answer = await self._http.send(
            "POST",
            config.reddit_token_url,
            headers={
                "authorization": "Basic " + base64.b64encode(key.encode()).decode(),
                "content-type": "application/x-www-form-urlencoded",
            },
            content=urlencode(credential.grant).encode(),
        )
        if answer.status in _REFUSED:
            raise AuthenticationFailed(_REFUSAL)
        return _token_of(require_json(answer, asked_at), asked_at)


_REFUSAL = (
    "Reddit refuses the application: check TEPPAN_REDDIT_CLIENT_ID and TEPPAN_REDDIT_CLIENT_SECRET"
    " (and TEPPAN_REDDIT_USERNAME and TEPPAN_REDDIT_PASSWORD, where they are set)."
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
