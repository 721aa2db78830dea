"""The tests' own reader of event streams keeps to the WHATWG rules."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.sse import Message, Parser, Stream, open_stream

RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
FIRST = b"id: 1\ndata: one\n\ndata: two\n\n"


def chunked(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


@pytest.fixture
def served():
    """A server that sends two messages in two chunks, one cut in the middle, and ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(65536)
            client.sendall(RESPONSE + chunked(FIRST[:9]))
            client.sendall(chunked(FIRST[9:]) + b"0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/stream?after=3"
    thread.join()
    listener.close()


class TestParser:
    @pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
    def test_splits_lines_at_each_line_end(self, end: bytes) -> None:
        stream = end.join([b"event: post", b"data: a", b"data: b", b"", b"data: c", b"", b":"])
        assert [message.data for message in Parser().feed(stream)] == ["a\nb", "c"]

    def test_splits_nowhere_else(self) -> None:
        text = "\u2028\u2029\x85\x0b\x0c\x1c"
        assert Parser().feed(f"data: {text}\n\n".encode())[0].data == text

    def test_gives_the_same_however_the_bytes_are_cut(self) -> None:
        stream = "\ufeffid: 7\r\nretry: 30\r\ndata: naïve\r\n\r\n:hi\r\ndata\r\n\r\n".encode()
        whole = Parser().feed(stream)
        parser = Parser()
        single = [message for byte in stream for message in parser.feed(bytes([byte]))]
        assert single == whole == [Message("message", "naïve", "7"), Message("message", "", "7")]
        assert (parser.retry, parser.comments) == (30, ["hi"])

    def test_ignores_a_block_that_was_cut(self) -> None:
        assert Parser().feed(b"data: whole\n\ndata: half\n") == [Message("message", "whole", "")]

    def test_ignores_bad_ids_and_retries(self) -> None:
        parser = Parser()
        parser.feed(b"id: a\0b\nretry: 3s\nunknown: x\n\n")
        assert (parser.last_id, parser.retry) == ("", None)


class TestStream:
    def test_reads_to_the_end(self, served: str) -> None:
        with Stream(served) as stream:
            assert stream.head.status == 200
            assert [message.data for message in stream.take(1)] == ["one"]
            assert [message.data for message in stream.messages()] == ["two"]

    async def test_reads_on_an_event_loop(self, served: str) -> None:
        async with await open_stream(served) as stream:
            assert [message.data for message in await stream.take(5)] == ["one", "two"]
