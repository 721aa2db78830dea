"""What may be shown of an address or a header that carries a secret."""

import re
from urllib.parse import urlsplit, urlunsplit

MASK = "********"

# Names under which services put a token into an address.
_SECRET = re.compile(
    r"token|secret|passw|pwd|auth|signature|credential|(^|[_.-])(key|sig|code|pass|jwt)($|[_.-])"
    r"|api_?key|access_?key",
    re.IGNORECASE,
)


def masked_url(url: str) -> str:
    """Return the address without the values of parameters whose names speak of secrets."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    query = "&".join(_masked(pair) for pair in parts.query.split("&"))
    return urlunsplit(parts._replace(query=query))


def _masked(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value and _SECRET.search(name) else pair
