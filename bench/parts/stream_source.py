"""`python -m bench.parts.stream_source PORT TOKENS RATE`: an upstream that streams to anybody.

Every stream gets TOKENS events, RATE of them a second, each with the time at which it was sent. It
is written on the bare transports: whatever it costs is taken from the core of the load.
"""

import asyncio
import sys
import time

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
#: Streams that come at the same moment do not speak at the same moment.
SLOTS = 25


def event(content: str) -> bytes:
    """Return one event of a chat stream, as one chunk."""
    data = (
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",'
        b'"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
    ) % content.encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


class Source(asyncio.Protocol):
    """One connection: answers each request with a stream."""

    def __init__(self, slots: list[set["Source"]], tokens: int) -> None:
        self._slots = slots
        self._tokens = tokens
        self._left = 0
        self._slot = -1
        self._expected = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"POST"):
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]
            return
        self._transport.write(HEAD)  # type: ignore[attr-defined]
        self._left = self._tokens
        self._slot = min(range(SLOTS), key=lambda slot: len(self._slots[slot]))
        self._slots[self._slot].add(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._slot >= 0:
            self._slots[self._slot].discard(self)

    def speak(self, said: bytes) -> None:
        self._left -= 1
        if self._left:
            self._transport.write(said)  # type: ignore[attr-defined]
            return
        end = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
        self._transport.write(said + end)  # type: ignore[attr-defined]
        self._slots[self._slot].discard(self)
        self._slot = -1


async def main(port: int, tokens: int, rate: float) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    slots: list[set[Source]] = [set() for _ in range(SLOTS)]
    await loop.create_server(lambda: Source(slots, tokens), "127.0.0.1", port, backlog=4096)
    step = 1 / rate / SLOTS
    at, slot = loop.time(), 0
    while True:
        at += step
        await asyncio.sleep(max(0.0, at - loop.time()))
        said = event(f"@{time.monotonic():.6f}@")
        for source in list(slots[slot]):
            source.speak(said)
        slot = (slot + 1) % SLOTS


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
