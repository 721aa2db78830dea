"""The rules for an address that a person typed: how it may be spelt, and where it may lead."""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from yarl import URL

from webhooks.network.addresses import (
    Address,
    Network,
    denial_of,
    forms_of,
    is_opened,
    is_this_machine,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}

# The longest address that receivers and proxies are known to take.
_LONGEST_URL = 2048

# Browsers' list of ports that never speak HTTP (WHATWG Fetch, "bad port"), below 1024 and above.
_BAD_PORTS = frozenset(
    [
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
        *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179),
        *(389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587),
        *(601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000),
        *(6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    ]
)
# What obeys whoever can send it bytes: databases, caches, brokers, container and cluster control.
_CONTROL_PORTS = frozenset(
    [
        *(1433, 1521, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5671, 5672, 5984, 6379, 6380),
        *(6443, 8500, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 26379, 27017, 27018),
    ]
)
_REFUSED_PORTS = _BAD_PORTS | _CONTROL_PORTS

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# The C library and browsers read a host whose last label is a number as an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCALHOST = re.compile(r"(.+\.)?localhost|localhost\.localdomain|ip6-(localhost|loopback)")
_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
# What international names may be written with instead of a full stop (RFC 3490), besides the
# full-width one, which normalisation finds.
_OTHER_DOTS = frozenset("\u3002\uff61")
_LAST_PORT = 65535
_LONGEST_NAME = 253


class Refused(Exception):  # noqa: N818 -- named for what happened to the request
    """An address breaks a rule: `rule` for programs, `detail` for people.

    Rules: `url` `scheme` `https_only` `user_info` `host` `port` `address` `own_address`.
    """

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail


@dataclass(frozen=True)
class Policy:
    """What an installation allows.

    `own_addresses` are the stack's own (host or address, port), never reachable, even when their
    network is allowed; an unspecified address (0.0.0.0, ::) stands for all of this machine's.
    """

    https_only: bool = False
    allowed_networks: tuple[Network, ...] = ()
    own_addresses: frozenset[tuple[str, int]] = frozenset()


def check_url(url: str, policy: Policy) -> None:
    """Refuse an address by its spelling, scheme, port or literal host; names are not looked up.

    For the moment in which an endpoint is made, and again before each request.
    Raises Refused.
    """
    scheme, authority = _split(url)
    if scheme == "http" and policy.https_only:
        raise Refused("https_only", "Only https:// addresses are accepted here.")
    host, port = _host_and_port(url, authority, _DEFAULT_PORTS[scheme])
    if (host, port) in policy.own_addresses:
        raise Refused("own_address", "This is Teppan's own address.")
    if _LOCALHOST.fullmatch(host):
        _check_any(_LOOPBACK, port, policy)
    elif (literal := _literal(host)) is not None:
        check_address(literal, port, policy)


def check_address(address: Address, port: int, policy: Policy) -> None:
    """Refuse to connect to an address; what it embeds (IPv4 in IPv6) is checked with it."""
    for form in forms_of(address):
        if _is_own(form, port, policy):
            raise Refused("own_address", f"{address} port {port} is Teppan's own address.")
        why = denial_of(form)
        if why is not None and not is_opened(form, policy.allowed_networks):
            raise Refused("address", f"{address} {why}: no request goes there.")


def _check_any(addresses: tuple[Address, ...], port: int, policy: Policy) -> None:
    refusals = []
    for address in addresses:
        try:
            check_address(address, port, policy)
        except Refused as refusal:
            refusals.append(refusal)
    own = [refusal for refusal in refusals if refusal.rule == "own_address"]
    if own or len(refusals) == len(addresses):
        raise (own or refusals)[0]


def _split(url: str) -> tuple[str, str]:
    """Return scheme and authority exactly as typed: parsers disagree about anything unusual."""
    if len(url) > _LONGEST_URL:
        raise Refused("url", f"An address may have at most {_LONGEST_URL} characters.")
    if "\\" in url or any(not char.isprintable() or char.isspace() for char in url):
        raise Refused("url", "An address has no spaces, backslashes or control characters.")
    found = _URL.match(url)
    scheme = found[1].lower() if found else ""
    if not found or scheme not in _DEFAULT_PORTS:
        raise Refused("scheme", "An address starts with https:// or http://.")
    if "@" in found[2]:
        raise Refused("user_info", "A user or password before the host is not accepted.")
    return scheme, found[2]


def _host_and_port(url: str, authority: str, default_port: int) -> tuple[str, int]:
    """Return the host in the spelling that will be connected to, and the port."""
    parts = _AUTHORITY.fullmatch(authority)
    if not parts or "%" in authority:
        raise Refused("host", "The host is missing or misspelt.")
    port = int(parts[2]) if parts[2] else default_port
    if port in _REFUSED_PORTS or port > _LAST_PORT:
        raise Refused("port", f"Port {port} is not one that receives webhooks.")
    typed = parts[1].lower()
    if unicodedata.normalize("NFKC", typed) != typed or _OTHER_DOTS & set(typed):
        raise Refused("host", "The host has characters that stand for others.")
    try:
        host = (URL(url).raw_host or "").lower()
    except ValueError:
        raise Refused("host", "The host is misspelt.") from None
    if ":" not in host:
        _check_name(host)
    return host, port


def _check_name(host: str) -> None:
    labels = host.split(".")
    if len(host) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("host", "The host is not a name or an address.")
    if _NUMBER.fullmatch(labels[-1]) and _literal(host) is None:
        raise Refused("host", "An IPv4 address has four decimal parts, as in 192.0.2.1.")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        if ":" in host:
            raise Refused("host", "The host is not an IPv6 address.") from None
        return None


def _is_own(address: Address, port: int, policy: Policy) -> bool:
    for host, own_port in policy.own_addresses:
        if own_port != port or (own := _own_literal(host)) is None:
            continue
        if own == address or (own.is_unspecified and is_this_machine(address)):
            return True
    return False


def _own_literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
