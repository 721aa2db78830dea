"""What may be shown of an address or a header that carries a secret, and the way back."""

import re
from collections import defaultdict, deque
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit, urlunsplit

MASK = "********"

# Names under which services put a token into an address.
_SECRET = re.compile(
    r"token|secret|passw|pwd|auth|signature|credential|(^|[_.-])(key|sig|code|pass|jwt)($|[_.-])"
    r"|api_?key|access_?key",
    re.IGNORECASE,
)

# Services whose addresses are the secret: host, and how many parts of the path anybody may see.
_SECRET_PATHS = (
    (re.compile(r"hooks\.slack(-gov)?\.com"), 2),  # /services/T…/
    (re.compile(r"((ptb|canary)\.)?discord(app)?\.com"), 3),  # /api/webhooks/<id>/
    (re.compile(r"([a-z0-9-]+\.)?webhook\.office\.com"), 1),  # /webhookb2/
    (re.compile(r"hooks\.zapier\.com"), 3),  # /hooks/catch/<account>/
    (re.compile(r"hook\.[a-z0-9.-]*make\.com"), 0),
    (re.compile(r"maker\.ifttt\.com"), 4),  # /trigger/<event>/with/key/
    (re.compile(r"api\.telegram\.org"), 0),
)


class UnknownMaskError(ValueError):
    """A mask stands where nothing was masked."""


def masked_url(url: str) -> str:
    """Return the address without the values of parameters whose names speak of secrets.

    Nor with the parts of the path by which well-known services know their customers.
    """
    parts = urlsplit(url)
    path = _masked_path(parts)
    query = "&".join(_masked(pair) for pair in parts.query.split("&"))
    if (path, query) == (parts.path, parts.query):
        return url
    return urlunsplit(parts._replace(path=path, query=query))


def unmasked_url(url: str, stored: str) -> str:
    """Return the address with the stored one's values where it has masks.

    Parameters are found by their names, those of one name in their order; parts of a path by their
    place. Raises UnknownMaskError where there is no such value, and for every mask of an address
    that leads elsewhere: what one host was told is not for another. ValueError for no address.
    """
    if MASK not in url:
        return url
    parts, known = urlsplit(url), urlsplit(stored if leads_to_same(url, stored) else "")
    path = _unmasked_path(parts, known)
    query = _unmasked_query(parts.query.split("&"), known.query.split("&"))
    if (path, query) == (parts.path, parts.query):
        return url
    return urlunsplit(parts._replace(path=path, query=query))


def leads_to_same(url: str, other: str) -> bool:
    """Tell whether two addresses lead to the same host, as safely."""
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, one.netloc.lower()) == (two.scheme, two.netloc.lower())


def _masked(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value and _SECRET.search(name) else pair


def _masked_path(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    shown = next((shown for known, shown in _SECRET_PATHS if known.fullmatch(host)), None)
    if shown is None:
        return parts.path
    first, *segments = parts.path.split("/")
    masked = [MASK if segment else "" for segment in segments[shown:]]
    return "/".join((first, *segments[:shown], *masked))


def _unmasked_path(parts: SplitResult, known: SplitResult) -> str:
    segments = parts.path.split("/")
    if MASK not in segments:
        return parts.path
    present = known.path.split("/")
    is_missing = any(one == MASK and at >= len(present) for at, one in enumerate(segments))
    if is_missing:
        raise UnknownMaskError
    return "/".join(present[at] if one == MASK else one for at, one in enumerate(segments))


def _unmasked_query(pairs: Iterable[str], known: Iterable[str]) -> str:
    values: defaultdict[str, deque[str]] = defaultdict(deque)
    for pair in known:
        name, _, value = pair.partition("=")
        values[name].append(value)
    return "&".join(_unmasked(pair, values) for pair in pairs)


def _unmasked(pair: str, values: dict[str, deque[str]]) -> str:
    name, _, value = pair.partition("=")
    stored = values[name].popleft() if values[name] else None
    if value != MASK:
        return pair
    if stored is None:
        raise UnknownMaskError
    return f"{name}={stored}"
