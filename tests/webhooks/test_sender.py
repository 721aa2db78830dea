"""One request under the guard: every way in which a receiver can answer, or not."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib
from contextlib import asynccontextmanager
from ipaddress import ip_network
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from tests.webhooks.receiver import FOREVER, HANGS, Canary, Receiver, Reply, ScriptedNames
from webhooks.network import CAPTURE_BYTES, Policy, Sender
from webhooks.network.answer import Capture

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence

    from aiohttp import ClientResponse

    from tests.webhooks.certificates import Authority
    from webhooks.network import Answer
    from webhooks.network.resolving import Resolver

BODY = '{"text":"ñ 🦊 \u2028","number":9007199254740993}'.encode()
TIMEOUT_SECONDS = 0.5
# What a machine with other work may take on top.
SLACK_SECONDS = 5.0


def loopback(*networks: str) -> Policy:
    return Policy(allowed_networks=tuple(map(ip_network, networks or ("127.0.0.0/8",))))


@asynccontextmanager
async def sender(
    policy: Policy | None = None,
    *,
    timeout_seconds: float = 10.0,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Sender]:
    one = Sender(policy or loopback(), timeout_seconds=timeout_seconds, resolver=resolver, tls=tls)
    yield one
    await one.aclose()


async def post(url: str, **how: object) -> Answer:
    async with sender(**how) as one:  # type: ignore[arg-type]
        return await one.post(url, BODY, {"webhook-id": "evt_1"})


async def answer_to(receiver: Receiver, *replies: Reply, **how: object) -> Answer:
    receiver.script("/", *replies)
    return await post(receiver.url(), **how)


class TestTheRequest:
    async def test_w02_carries_the_bytes_and_headers_that_it_was_given(
        self, receiver: Receiver
    ) -> None:
        given = {"webhook-id": "evt_1", "user-agent": "Teppan/1", "x-mixed": "ü".encode().decode()}
        async with sender() as one:
            await one.post(receiver.url("/a%2Fb?c=d&e=%20#part"), BODY, given)
        (receipt,) = receiver.receipts
        assert receipt.body == BODY
        assert receipt.path == "/a%2Fb?c=d&e=%20"
        assert receipt.headers["webhook-id"] == "evt_1"
        assert receipt.headers["user-agent"] == "Teppan/1"
        assert receipt.headers["host"] == f"127.0.0.1:{receiver.port}"

    async def test_with_line_breaks_in_a_header_is_never_sent(self, receiver: Receiver) -> None:
        async with sender() as one:
            with pytest.raises(ValueError, match="header"):
                await one.post(receiver.url(), BODY, {"x-a": "b\r\nx-c: d"})
        assert receiver.receipts == []

    async def test_w50_ignores_the_environments_proxies(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Canary() as proxy:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
                monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{proxy.port}")
            answer = await answer_to(receiver, Reply(200))
            assert proxy.hits == 0
        assert answer.status_code == 200

    async def test_uses_a_connection_again(self, receiver: Receiver) -> None:
        async with sender() as one:
            for _ in range(3):
                await one.post(receiver.url(), BODY, {})
        assert len(receiver.receipts) == 3
        assert receiver.connections == 1

    async def test_is_one_of_many_at_once(self, receiver: Receiver) -> None:
        receiver.script("/", Reply(delay_seconds=0.3))
        async with sender() as one:
            answers = await asyncio.gather(
                *(one.post(receiver.url(), BODY, {}) for _ in range(100))
            )
        assert {answer.status_code for answer in answers} == {200}
        assert receiver.most_in_flight["/"] == 100


class TestAnswers:
    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    async def test_w10_of_the_2xx_class_are_success(self, receiver: Receiver, status: int) -> None:
        answer = await answer_to(receiver, Reply(status, body=b""))
        assert (answer.status_code, answer.error_code) == (status, None)

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
    async def test_w10_w48_that_redirect_are_not_followed(
        self, receiver: Receiver, status: int
    ) -> None:
        with Canary() as canary:
            target = {"location": f"http://127.0.0.1:{canary.port}/"}
            answer = await answer_to(receiver, Reply(status, headers=target, body=b""))
            assert canary.hits == 0
        assert (answer.status_code, answer.error_code) == (status, "redirect")
        assert answer.headers["location"] == target["location"]
        assert len(receiver.receipts) == 1

    async def test_w48_that_redirect_to_metadata_are_not_followed(self, receiver: Receiver) -> None:
        target = {"location": "http://169.254.169.254/latest/meta-data/"}
        answer = await answer_to(receiver, Reply(307, headers=target))
        assert answer.error_code == "redirect"

    @pytest.mark.parametrize("status", [400, 401, 404, 407, 409, 410, 429, 500, 503, 599])
    async def test_w10_of_other_classes_are_failures(self, receiver: Receiver, status: int) -> None:
        answer = await answer_to(receiver, Reply(status, headers={"retry-after": "3"}))
        assert (answer.status_code, answer.error_code) == (status, "http_status")
        assert answer.headers["retry-after"] == "3"

    async def test_keep_hostile_bodies_as_they_are(self, receiver: Receiver) -> None:
        hostile = b"\x00\xff<script>alert(1)</script>"
        assert (await answer_to(receiver, Reply(body=hostile))).body == hostile

    async def test_with_an_endless_body_are_cut(self, receiver: Receiver) -> None:
        answer = await answer_to(receiver, Reply(body=b"x" * 4096, is_endless=True))
        assert answer.status_code == 200
        assert answer.body == b"x" * CAPTURE_BYTES

    @pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
    async def test_w21_that_are_packed_are_read_up_to_the_limit(
        self, receiver: Receiver, pack: object
    ) -> None:
        assert callable(pack)
        encoding = "gzip" if pack is gzip.compress else "deflate"
        bomb = pack(b"0" * 50_000_000)
        reply = Reply(headers={"content-encoding": encoding}, body=bomb)
        answer = await answer_to(receiver, reply)
        assert answer.status_code == 200
        assert answer.body == b"0" * CAPTURE_BYTES

    def test_w21_that_are_packed_are_not_unpacked_beyond_the_limit(self) -> None:
        capture = Capture()
        head = SimpleNamespace(status=200, headers={"Content-Encoding": "gzip"})
        capture.begin(cast("ClientResponse", head))
        # As much as one read can bring.
        bomb = gzip.compress(b"0" * 15_000_000)[:CAPTURE_BYTES]
        tracemalloc.start()
        try:
            assert not capture.add(bomb)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 20 * CAPTURE_BYTES

    async def test_w21_that_only_say_they_are_packed_are_kept_raw(self, receiver: Receiver) -> None:
        reply = Reply(headers={"content-encoding": "gzip"}, body=b"plain")
        assert (await answer_to(receiver, reply)).body == b"plain"

    async def test_w19_whose_body_drips_are_success_with_what_came(
        self, receiver: Receiver
    ) -> None:
        started = time.monotonic()
        answer = await answer_to(
            receiver,
            Reply(body=b"slow" * 10_000, drip_seconds=0.05),
            timeout_seconds=TIMEOUT_SECONDS,
        )
        assert time.monotonic() - started < TIMEOUT_SECONDS + SLACK_SECONDS
        assert (answer.status_code, answer.error_code) == (200, None)
        assert answer.body
        assert b"slowslow".startswith(answer.body[:8])

    async def test_w60_that_are_cut_off_after_their_status_have_an_outcome(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        has_status = asyncio.Event()

        class Watched(Capture):
            def begin(self, response: ClientResponse) -> None:
                super().begin(response)
                has_status.set()

        monkeypatch.setattr("webhooks.network.sender.Capture", Watched)
        receiver.script("/", Reply(body=b"slow" * 10_000, drip_seconds=0.05))
        async with sender() as one:
            task = asyncio.create_task(one.post(receiver.url(), BODY, {}))
            await has_status.wait()
            task.cancel()
            answer = await task
        assert (answer.status_code, answer.error_code) == (200, None)
        assert not task.cancelling()

    async def test_w60_that_never_came_have_none(self, receiver: Receiver) -> None:
        receiver.script("/", HANGS)
        async with sender() as one:
            task = asyncio.create_task(one.post(receiver.url(), BODY, {}))
            await asyncio.to_thread(receiver.wait_for, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_whose_body_breaks_off_are_what_their_status_says(
        self, receiver: Receiver
    ) -> None:
        raw = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
        answer = await answer_to(receiver, Reply(raw=raw))
        assert (answer.status_code, answer.error_code, answer.body) == (200, None, b"half")


class TestFaults:
    async def test_w18_w10_silence_is_a_timeout(self, receiver: Receiver) -> None:
        started = time.monotonic()
        answer = await answer_to(receiver, HANGS, timeout_seconds=TIMEOUT_SECONDS)
        assert time.monotonic() - started < TIMEOUT_SECONDS + SLACK_SECONDS
        assert (answer.status_code, answer.error_code) == (None, "timeout")
        assert answer.latency_ms >= TIMEOUT_SECONDS * 1000

    async def test_w18_headers_that_drip_are_a_timeout(self, receiver: Receiver) -> None:
        # No deadline between two bytes would ever strike.
        raw = b"HTTP/1.1 200 OK\r\nx-slow: " + b"a" * 7_000
        answer = await answer_to(
            receiver, Reply(raw=raw, drip_seconds=0.02), timeout_seconds=TIMEOUT_SECONDS
        )
        assert answer.error_code == "timeout"

    async def test_w18_a_name_that_takes_too_long_is_a_timeout(self) -> None:
        async def never(host: str) -> Sequence[str]:
            await asyncio.sleep(FOREVER)
            return []

        answer = await post("http://example.com/", timeout_seconds=TIMEOUT_SECONDS, resolver=never)
        assert answer.error_code == "timeout"

    async def test_w10_a_refused_connection_is_a_fault_of_connecting(self) -> None:
        with Receiver() as gone:
            url = gone.url()
        assert (await post(url)).error_code == "connect"

    async def test_w10_a_reset_is_a_fault_of_its_own(self, receiver: Receiver) -> None:
        answer = await answer_to(receiver, Reply(reset=True))
        assert (answer.status_code, answer.error_code) == (None, "reset")
        assert len(receiver.receipts) == 1

    async def test_w10_a_reset_of_a_used_connection_is_not_tried_again(
        self, receiver: Receiver
    ) -> None:
        receiver.script("/", Reply(200), Reply(reset=True))
        async with sender() as one:
            await one.post(receiver.url(), BODY, {})
            answer = await one.post(receiver.url(), BODY, {})
        assert answer.error_code == "reset"
        assert len(receiver.receipts) == 2

    async def test_w10_a_name_that_does_not_exist_is_a_fault_of_dns(self) -> None:
        answer = await post("http://nowhere.example/", resolver=ScriptedNames())
        assert answer.error_code == "dns"

    @pytest.mark.parametrize("raw", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"\x00" * 64 + b"\r\n\r\n"])
    async def test_what_is_not_http_is_an_invalid_response(
        self, receiver: Receiver, raw: bytes
    ) -> None:
        answer = await answer_to(receiver, Reply(raw=raw))
        assert (answer.status_code, answer.error_code) == (None, "invalid_response")

    async def test_headers_without_end_are_an_invalid_response(self, receiver: Receiver) -> None:
        raw = b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 100_000 + b"\r\n\r\n"
        answer = await answer_to(receiver, Reply(raw=raw))
        assert (answer.status_code, answer.error_code) == (None, "invalid_response")

    async def test_a_refused_address_is_a_blocked_one(self, receiver: Receiver) -> None:
        answer = await post(receiver.url(), policy=Policy())
        assert (answer.status_code, answer.error_code) == (None, "blocked_address")
        assert "127.0.0.1" in answer.error_detail
        assert receiver.connections == 0


class TestTls:
    async def test_of_a_known_authority_is_accepted(self, authority: Authority) -> None:
        tls = authority.client_context()
        with Receiver(tls=authority.server_context("127.0.0.1")) as receiver:
            assert (await answer_to(receiver, Reply(200), tls=tls)).status_code == 200

    @pytest.mark.parametrize(
        "fault",
        [
            {"name": "127.0.0.1", "is_self_signed": True},
            {"name": "127.0.0.1", "is_expired": True},
            {"name": "other.example"},
        ],
    )
    async def test_w53_w10_with_a_bad_certificate_is_a_fault_of_tls(
        self, authority: Authority, fault: dict[str, object]
    ) -> None:
        tls = authority.client_context()
        with Receiver(tls=authority.server_context(**fault)) as receiver:  # type: ignore[arg-type]
            answer = await post(receiver.url(), tls=tls)
            assert receiver.receipts == []
        assert (answer.status_code, answer.error_code) == (None, "tls")

    async def test_w53_of_an_unknown_authority_is_a_fault_of_tls(
        self, authority: Authority
    ) -> None:
        with Receiver(tls=authority.server_context("127.0.0.1")) as receiver:
            assert (await post(receiver.url())).error_code == "tls"

    async def test_w53_plain_http_is_not_sent_where_only_https_is_wanted(
        self, receiver: Receiver
    ) -> None:
        allowed = loopback().allowed_networks
        policy = Policy(https_only=True, allowed_networks=allowed)
        answer = await post(receiver.url(), policy=policy)
        assert answer.error_code == "blocked_address"
        assert receiver.connections == 0

    async def test_asks_for_the_name_while_it_connects_to_the_vetted_address(
        self, authority: Authority
    ) -> None:
        names = ScriptedNames(hooks_example=[["127.0.0.1"]])
        tls = authority.client_context()
        with Receiver(tls=authority.server_context("hooks.example")) as receiver:
            answer = await post(receiver.url(host="hooks.example"), resolver=names, tls=tls)
            assert answer.status_code == 200
            assert receiver.receipts[0].headers["host"] == f"hooks.example:{receiver.port}"


class TestNamesThatChange:
    """The receiver stands on 127.0.0.2, which is allowed; 127.0.0.1 stands for the inside.

    The canary picks the port of both: on 127.0.0.1 nearly all are taken now and then.
    """

    async def test_w47_lead_only_to_the_address_that_was_vetted(self) -> None:
        names = ScriptedNames(hooks_example=[["127.0.0.2"], ["127.0.0.1"]])
        with Canary() as canary, Receiver("127.0.0.2", port=canary.port) as receiver:
            receiver.script("/", Reply(close=True))
            url = receiver.url(host="hooks.example")
            async with sender(loopback("127.0.0.2/32"), resolver=names) as one:
                first = await one.post(url, BODY, {})
                # Between two tries: a new connection, another answer.
                await _forget_names(one)
                second = await one.post(url, BODY, {})
            assert canary.hits == 0
            assert receiver.receipts[0].headers["host"] == f"hooks.example:{receiver.port}"
        assert (first.status_code, second.error_code) == (200, "blocked_address")
        assert names.queries == ["hooks.example"] * 2

    async def test_w47_with_both_answers_at_once_lead_to_the_vetted_one(self) -> None:
        names = ScriptedNames(hooks_example=[["127.0.0.1", "127.0.0.2"]])
        with Canary() as canary, Receiver("127.0.0.2", port=canary.port) as receiver:
            url = receiver.url(host="hooks.example")
            answer = await post(url, policy=loopback("127.0.0.2/32"), resolver=names)
            assert canary.hits == 0
        assert answer.status_code == 200

    async def test_w47_leave_a_kept_connection_where_it_is(self) -> None:
        names = ScriptedNames(hooks_example=[["127.0.0.2"], ["127.0.0.1"]])
        with Canary() as canary, Receiver("127.0.0.2", port=canary.port) as receiver:
            url = receiver.url(host="hooks.example")
            async with sender(loopback("127.0.0.2/32"), resolver=names) as one:
                answers = [await one.post(url, BODY, {}) for _ in range(3)]
            assert canary.hits == 0
            assert receiver.connections == 1
        assert [answer.status_code for answer in answers] == [200, 200, 200]

    async def test_w45_from_odd_spellings_lead_nowhere(self) -> None:
        with Canary() as canary:
            for host in ("2130706433", "0x7f000001", "127.1", "LOCALHOST", "[::ffff:127.0.0.1]"):
                answer = await post(f"http://{host}:{canary.port}/", policy=Policy())
                assert answer.error_code == "blocked_address"
            assert canary.hits == 0

    async def test_of_the_systems_own_resolver_are_vetted_too(self, receiver: Receiver) -> None:
        url = receiver.url(host="localhost")
        assert (await post(url)).status_code == 200
        assert (await post(url, policy=Policy())).error_code == "blocked_address"


async def _forget_names(one: Sender) -> None:
    """Let the seconds pass for which an answer of DNS serves."""
    assert one._session is not None
    one._session.connector.clear_dns_cache()  # type: ignore[union-attr]
