"""Which addresses no request may reach, by a table of our own.

`ipaddress` calls 192.88.99.0/24, 6to4 and NAT64 global, and changes with Python's patch releases.
"""

import functools
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special-purpose registries, and what clouds serve on addresses that look public.
_DENIED_IPV4 = {
    "0.0.0.0/8": "means this host",
    "10.0.0.0/8": "is private",
    "100.64.0.0/10": "is shared by carriers",
    "127.0.0.0/8": "is loopback",
    "168.63.129.16/32": "is a cloud's host service",
    "169.254.0.0/16": "is link-local, where clouds keep credentials",
    "172.16.0.0/12": "is private",
    "192.0.0.0/24": "is for protocols",
    "192.0.2.0/24": "is for documentation",
    "192.88.99.0/24": "is a 6to4 relay",
    "192.168.0.0/16": "is private",
    "198.18.0.0/15": "is for benchmarks",
    "198.51.100.0/24": "is for documentation",
    "203.0.113.0/24": "is for documentation",
    "224.0.0.0/4": "is multicast",
    "240.0.0.0/4": "is reserved",
}
# Only 2000::/3 is handed out for the public Internet; in there, these are not.
_DENIED_IPV6 = {
    "2001::/23": "is for protocols, Teredo among them",
    "2001:db8::/32": "is for documentation",
    "2002::/16": "is 6to4",
    "3fff::/20": "is for documentation",
}
_PUBLIC_IPV6 = IPv6Network("2000::/3")

# An operator's list opens these only with a network that lies inside: 0.0.0.0/0 or 10.0.0.0/8
# must not hand out this machine's services, or a cloud's credentials, by accident.
_GUARDED = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "127.0.0.0/8", "::/128", "::1/128"),
        *("169.254.0.0/16", "169.254.169.254/32", "169.254.170.2/32", "fe80::/10"),
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
        *("fd00:ec2::/64", "fd20:ce::254/128"),
    )
)

_DENIED = tuple((ip_network(text), why) for text, why in {**_DENIED_IPV4, **_DENIED_IPV6}.items())

# Where an IPv6 address carries an IPv4 one: prefix, and how far right the 32 bits stand.
_EMBEDDING = (
    (IPv6Network("::/96"), 0),
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)
_TEREDO = IPv6Network("2001::/32")
# An ISATAP interface identifier (RFC 5214), with and without the universal bit.
_ISATAP = (0x00005EFE, 0x02005EFE)
_LOW_32 = 0xFFFFFFFF


@functools.lru_cache(maxsize=4096)
def denial_of(address: Address) -> str | None:
    """Say why an address is out of reach, or None for one of the public Internet."""
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return "is not on the public Internet"
    return next((why for network, why in _DENIED if address in network), None)


def is_opened(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an operator's list opens an address (loopback and the like: only on purpose)."""
    guards = [network for network in _GUARDED if address in network]
    return any(
        address in network and all(_is_inside(network, guard) for guard in guards)
        for network in allowed
    )


def forms_of(address: Address) -> Iterator[Address]:
    """Yield an address and every IPv4 address that a gateway would take out of it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    for prefix, shift in _EMBEDDING:
        if address in prefix:
            yield IPv4Address(number >> shift & _LOW_32)
    if address in _TEREDO:
        yield IPv4Address(number & _LOW_32 ^ _LOW_32)
    if number >> 32 & _LOW_32 in _ISATAP:
        yield IPv4Address(number & _LOW_32)


def is_this_machine(address: Address) -> bool:
    """Whether an address is one of this machine's: only those can be bound."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _is_inside(network: Network, outer: Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(outer, IPv4Network) and network.subnet_of(outer)
    return isinstance(outer, IPv6Network) and network.subnet_of(outer)
