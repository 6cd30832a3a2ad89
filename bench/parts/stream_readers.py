"""`python -m bench.parts.stream_readers PORT STREAMS TOKENS KEY`: reads many streams at once.

Prints one line of JSON: streams that ended well, events that came, and percentiles, in ms, of the
time from one event to the next and of the time that each was under way.
"""

import asyncio
import json
import re
import sys
import time

import uvloop

_SENT = re.compile(rb"@([\d.]+)@")
_BODY = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
#: Connections opened in one go.
_BATCH = 50
_SECONDS = 120


class Reader(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes, done: asyncio.Future[None]) -> None:
        self._request = request
        self._done = done
        self._last = 0.0
        self.events = 0
        self.is_complete = False
        self.gaps: list[float] = []
        self.delays: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        for match in _SENT.finditer(data):
            self.events += 1
            self.delays.append(now - float(match[1]))
            if self._last:
                self.gaps.append(now - self._last)
            self._last = now
        if b"[DONE]" in data:
            self.is_complete = True
        if data.endswith(b"0\r\n\r\n"):
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def main(port: int, streams: int, key: str) -> None:
    """Read all streams to their ends, and print what came."""
    loop = asyncio.get_running_loop()
    request = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
    ) % (key.encode(), len(_BODY), _BODY)
    readers, ends = [], []
    for number in range(streams):
        ends.append(loop.create_future())
        _, reader = await loop.create_connection(
            lambda end=ends[-1]: Reader(request, end), "127.0.0.1", port
        )
        readers.append(reader)
        if number % _BATCH == 0:
            await asyncio.sleep(0.02)
    async with asyncio.timeout(_SECONDS):
        await asyncio.gather(*ends)
    gaps = sorted(gap for reader in readers for gap in reader.gaps)
    delays = sorted(delay for reader in readers for delay in reader.delays)
    print(
        json.dumps(
            {
                "complete": sum(reader.is_complete for reader in readers),
                "events": sum(reader.events for reader in readers),
                **{f"gap_p{p}": at(gaps, p) for p in (50, 99)},
                **{f"delay_p{p}": at(delays, p) for p in (50, 99)},
            }
        )
    )


def at(values: list[float], percent: int) -> float:
    """Return a percentile, in ms."""
    return round(values[min(len(values) - 1, len(values) * percent // 100)] * 1000, 2)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
