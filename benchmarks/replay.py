"""A server that repeats the simulated Reddit's answers, so that a client is measured and not it.

    python -m benchmarks.replay UPSTREAM LATENCY_MS

Prints its address. Each question is passed on once and its answer kept, packed as Reddit packs it;
every answer leaves after the latency. Jobs of BrightData change with time and are passed on.
"""

import asyncio
import gzip
import http.client
import sys
from urllib.parse import urlsplit

Key = tuple[str, str, bytes]
_LIVE = "/datasets/"
_DROPPED = {"content-length", "transfer-encoding", "connection", "date", "server"}


class Replay:
    """Answers by question, and how long each is held back."""

    def __init__(self, upstream: str, latency_seconds: float) -> None:
        self._upstream = urlsplit(upstream)
        self._latency = latency_seconds
        self._kept: dict[Key, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                lines = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in lines}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                arrived = asyncio.get_running_loop().time()
                answer = await self._answer(method, target, headers, body)
                left = self._latency - (asyncio.get_running_loop().time() - arrived)
                await asyncio.sleep(max(0.0, left))
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> bytes:
        key = (method, target, body)
        if key not in self._kept:
            answer = await asyncio.to_thread(self._ask, method, target, headers, body)
            if _LIVE in target:
                return answer
            self._kept[key] = answer
        return self._kept[key]

    def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        connection = http.client.HTTPConnection(self._upstream.hostname or "", self._upstream.port)
        passed = {name: headers[name] for name in _PASSED if name in headers}
        connection.request(method, target, body or None, passed)
        response = connection.getresponse()
        packed = gzip.compress(response.read())
        kept = [f"{k}: {v}" for k, v in response.getheaders() if k.lower() not in _DROPPED]
        kept += ["content-encoding: gzip", f"content-length: {len(packed)}"]
        connection.close()
        return "\r\n".join([f"HTTP/1.1 {response.status} X", *kept, "", ""]).encode() + packed


_PASSED = ("authorization", "content-type", "accept")


async def main() -> None:
    """Serve until killed."""
    replay = Replay(sys.argv[1], float(sys.argv[2]) / 1000)
    server = await asyncio.start_server(replay.serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
