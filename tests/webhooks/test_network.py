"""The outbound guard's rules: spelling, scheme, port, address, before anything is sent."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network

import pytest

from webhooks.network import Policy, Refused, check_url
from webhooks.network.guard import check_address
from webhooks.network.resolving import PinnedResolver

OPEN = Policy()

# First and last address of each network, and one inside.
DENIED = [
    *("0.0.0.0", "0.1.2.3", "0.255.255.255"),
    *("10.0.0.0", "10.1.2.3", "10.255.255.255"),
    *("100.64.0.0", "100.100.100.200", "100.127.255.255"),
    *("127.0.0.0", "127.0.0.1", "127.255.255.255"),
    *("169.254.0.0", "169.254.169.254", "169.254.255.255"),
    *("172.16.0.0", "172.20.1.1", "172.31.255.255"),
    *("192.0.0.0", "192.0.0.192", "192.0.0.255"),
    *("192.0.2.0", "192.0.2.255"),
    *("192.88.99.0", "192.88.99.255"),
    *("192.168.0.0", "192.168.1.1", "192.168.255.255"),
    *("198.18.0.0", "198.19.255.255"),
    *("198.51.100.0", "198.51.100.255"),
    *("203.0.113.0", "203.0.113.255"),
    *("224.0.0.0", "239.255.255.255"),
    *("240.0.0.0", "255.255.255.255"),
    "168.63.129.16",
    *("::", "::1", "::127.0.0.1", "::8.8.8.8"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe"),
    "::ffff:0:127.0.0.1",
    *("64:ff9b::", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::", "64:ff9b:1:ffff::1"),
    *("100::", "100::ffff:ffff:ffff:ffff"),
    *("2001::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1"),
    *("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("2002::", "2002:7f00:1::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("fc00::", "fd00:ec2::254", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("fe80::", "fe80::1", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("ff00::", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "4000::1",
    # A tunnel's interface identifier carries 10.0.0.1 and 127.0.0.1.
    *("2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:127.0.0.1"),
]

PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.1"),
    *("100.63.255.254", "100.128.0.1", "169.253.255.255", "169.255.0.0"),
    *("172.15.255.255", "172.32.0.0", "192.0.1.1", "192.0.3.0", "192.88.98.255", "192.88.100.0"),
    *("192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255"),
    *("203.0.112.255", "203.0.114.0", "223.255.255.255"),
    *("2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::1", "2001:4860:4860::8888"),
    *("2001:db7:ffff::1", "2001:db9::1", "2003::1", "3ffe:ffff::1", "3fff:1000::1"),
]

ODD_SPELLINGS = [
    ("http://2130706433/", "host"),
    ("http://0x7f000001/", "host"),
    ("http://0x7f.0.0.1/", "host"),
    ("http://0x7F.1/", "host"),
    ("http://017700000001/", "host"),
    ("http://0177.0.0.1/", "host"),
    ("http://127.1/", "host"),
    ("http://127.0.1/", "host"),
    ("http://127.0.0.01/", "host"),
    ("http://0/", "host"),
    ("http://1.2.3.4.5/", "host"),
    ("http://256.1.1.1/", "host"),
    ("http://0x/", "host"),
    ("http://１２７.０.０.１/", "host"),
    ("http://8.8.8.８/", "host"),
    ("http://127。0。0。1/", "host"),
    ("http://127．0．0．1/", "host"),
    ("http://8。8.8.8/", "host"),
    ("http://example｡com/", "host"),
    ("http://①②⑦.0.0.1/", "host"),
    ("http://ⓛocalhost/", "host"),
    ("http://ｌｏｃａｌｈｏｓｔ/", "host"),
    ("http://loca\u00adlhost/", "url"),
    ("http://127.0.0.1./", "host"),
    ("http://localhost./", "host"),
    ("http://example.com../", "host"),
    ("http://.example.com/", "host"),
    ("http://user@127.0.0.1/", "user_info"),
    ("http://user:password@example.com/", "user_info"),
    ("http://example.com@127.0.0.1/", "user_info"),
    ("http://@127.0.0.1/", "user_info"),
    ("http://[fe80::1%25eth0]/", "host"),
    ("http://[fe80::1%eth0]/", "host"),
    ("http://127.0.0.%31/", "host"),
    ("http://%6cocalhost/", "host"),
    ("http://[::1", "host"),
    ("http://[::ffff:127.0.0.1.5]/", "host"),
    ("http://[v1.fe80::a]/", "host"),
    ("http://LOCALHOST/", "address"),
    ("http://LocalHost:8080/", "address"),
    ("http://a.localhost/", "address"),
    ("http://localhost.localdomain/", "address"),
    ("http://ip6-loopback/", "address"),
    ("http://[0:0:0:0:0:0:0:1]/", "address"),
    ("http://[::FFFF:127.0.0.1]/", "address"),
    ("http://example.com\\@127.0.0.1/", "url"),
    ("http://example.com\t/", "url"),
    ("http://exam\nple.com/", "url"),
    ("http://example.com/\r\nx: y", "url"),
    (" http://example.com/", "url"),
    ("http://example.com /", "url"),
    ("http://exa\x00mple.com/", "url"),
    ("http:///path", "host"),
    ("http://:80/", "host"),
    ("http://exa mple.com/", "url"),
    ("http://ex*mple.com/", "host"),
    ("http://a..b/", "host"),
    (f"http://{'a' * 64}.com/", "host"),
    (f"http://example.com/{'a' * 2048}", "url"),
]

WRONG_SCHEMES = [
    "file:///etc/passwd",
    "gopher://example.com/",
    "ftp://example.com/",
    "ws://example.com/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:///run/x.sock",
    "//example.com/",
    "example.com",
    "http:example.com",
    "http:/example.com/",
    "",
]


def url_of(address: str, port: str = "") -> str:
    return f"https://[{address}]{port}/" if ":" in address else f"https://{address}{port}/"


def rule_broken(url: str, policy: Policy = OPEN) -> str:
    with pytest.raises(Refused) as caught:
        check_url(url, policy)
    assert caught.value.detail
    return caught.value.rule


def allowing(*networks: str, own: frozenset[tuple[str, int]] = frozenset()) -> Policy:
    return Policy(allowed_networks=tuple(map(ip_network, networks)), own_addresses=own)


class TestAddresses:
    @pytest.mark.parametrize("address", DENIED)
    def test_w44_of_no_business_outside_are_refused_when_typed(self, address: str) -> None:
        assert rule_broken(url_of(address)) == "address"

    @pytest.mark.parametrize("address", DENIED)
    async def test_w44_of_no_business_outside_are_refused_when_a_name_leads_there(
        self, address: str
    ) -> None:
        async def answer(host: str) -> list[str]:
            return [address]

        with pytest.raises(Refused):
            await PinnedResolver(OPEN, answer).resolve("example.com", 443)

    @pytest.mark.parametrize("address", PUBLIC)
    async def test_w44_of_the_public_internet_pass(self, address: str) -> None:
        async def answer(host: str) -> list[str]:
            return [address]

        check_url(url_of(address), OPEN)
        (found,) = await PinnedResolver(OPEN, answer).resolve("example.com", 443)
        assert found["host"] == str(ip_address(address))

    @pytest.mark.parametrize(("url", "rule"), ODD_SPELLINGS)
    def test_w45_in_odd_spellings_are_refused(self, url: str, rule: str) -> None:
        assert rule_broken(url) == rule

    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com",
            "https://hooks.example.com:8443/a/b?c=d#e",
            "http://EXAMPLE.com/",
            "https://bücher.example/",
            "https://xn--bcher-kva.example/",
            "https://a_b.example/",
            "https://127.0.0.1.nip.io/",
            "https://3com.com/",
            "https://n8n/",
            "http://example.com:8080/webhook/%2F?x=%20",
        ],
    )
    def test_in_usual_spellings_pass(self, url: str) -> None:
        check_url(url, OPEN)


class TestSchemesAndPorts:
    @pytest.mark.parametrize("url", WRONG_SCHEMES)
    def test_w49_other_schemes_are_refused(self, url: str) -> None:
        assert rule_broken(url) == "scheme"

    @pytest.mark.parametrize("port", [0, 22, 25, 2375, 5432, 6379, 11211, 27017, 65536, 99999])
    def test_w49_ports_of_other_services_are_refused(self, port: int) -> None:
        assert rule_broken(f"https://example.com:{port}/") == "port"

    @pytest.mark.parametrize("port", [80, 443, 3000, 5678, 8000, 8080, 8443, 65535])
    def test_ports_of_web_servers_pass(self, port: int) -> None:
        check_url(f"https://example.com:{port}/", OPEN)

    @pytest.mark.parametrize("port", ["-1", "8e1", "８０", "80:80", " 80"])
    def test_w45_odd_ports_are_refused(self, port: str) -> None:
        assert rule_broken(f"http://example.com:{port}/") in ("host", "port", "url")

    def test_w53_plain_http_is_refused_where_only_https_is_wanted(self) -> None:
        policy = Policy(https_only=True)
        assert rule_broken("http://example.com/", policy) == "https_only"
        check_url("https://example.com/", policy)


class TestTheStacksOwnAddress:
    @pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://localhost:8000/api/"])
    def test_w49_is_refused_even_in_an_allowed_network(self, url: str) -> None:
        policy = allowing("127.0.0.0/8", own=frozenset({("127.0.0.1", 8000)}))
        assert rule_broken(url, policy) == "own_address"
        check_url("http://127.0.0.1:8001/", policy)

    def test_w49_by_name_is_refused(self) -> None:
        policy = Policy(own_addresses=frozenset({("teppan.example.com", 443)}))
        assert rule_broken("https://Teppan.Example.com/hook", policy) == "own_address"
        check_url("https://teppan.example.com:8443/hook", policy)

    def test_w49_bound_to_every_interface_is_refused_at_each(self) -> None:
        policy = allowing("127.0.0.0/8", own=frozenset({("0.0.0.0", 8000)}))
        assert rule_broken("http://127.0.0.2:8000/", policy) == "own_address"
        check_url("http://8.8.8.8:8000/", policy)

    def test_w49_inside_an_ipv6_address_is_refused(self) -> None:
        policy = allowing("::ffff:0:0/96", "127.0.0.0/8", own=frozenset({("127.0.0.1", 8000)}))
        assert rule_broken("http://[::ffff:127.0.0.1]:8000/", policy) == "own_address"


class TestTheOperatorsList:
    def test_w51_opens_its_networks_and_no_others(self) -> None:
        policy = allowing("10.1.0.0/16")
        check_url("http://10.1.2.3/", policy)
        for outside in ("10.0.255.255", "10.2.0.0", "192.168.0.1"):
            assert rule_broken(url_of(outside), policy) == "address"

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fd00:ec2::254", "fe80::1"]
    )
    def test_w51_opens_neither_loopback_nor_metadata_by_a_wide_network(self, address: str) -> None:
        policy = allowing("10.1.0.0/16", "0.0.0.0/0", "::/0")
        assert rule_broken(url_of(address), policy) == "address"

    def test_w51_opens_metadata_only_by_its_own_address(self) -> None:
        metadata = "169.254.169.254"
        assert rule_broken(url_of(metadata), allowing("169.254.0.0/16")) == "address"
        check_url(url_of("169.254.1.1"), allowing("169.254.0.0/16"))
        check_url(url_of(metadata), allowing(f"{metadata}/32"))

    def test_w51_opens_no_port_of_other_services(self) -> None:
        assert rule_broken("http://10.1.0.5:6379/", allowing("10.0.0.0/8")) == "port"

    def test_w51_opens_no_network_through_a_gateway(self) -> None:
        policy = allowing("64:ff9b::/96")
        check_url(url_of("64:ff9b::8.8.8.8"), policy)
        for inside in ("10.0.0.1", "127.0.0.1"):
            assert rule_broken(url_of(f"64:ff9b::{inside}"), policy) == "address"


class TestNames:
    async def test_w47_lead_only_to_what_passed(self) -> None:
        async def answer(host: str) -> list[str]:
            return ["127.0.0.1", "8.8.8.8", "10.0.0.1", "not-an-address"]

        found = await PinnedResolver(OPEN, answer).resolve("example.com", 443)
        assert [address["host"] for address in found] == ["8.8.8.8"]

    async def test_without_an_address_do_not_exist(self) -> None:
        async def answer(host: str) -> list[str]:
            return []

        with pytest.raises(socket.gaierror):
            await PinnedResolver(OPEN, answer).resolve("example.com", 443)

    def test_w51_of_loopback_pass_where_loopback_is_allowed(self) -> None:
        check_url("http://localhost:9000/", allowing("127.0.0.1/32"))
        check_address(ip_address("127.0.0.1"), 9000, allowing("127.0.0.1/32"))
