"""Tokens that go straight to the client: all of them, in order, and no faster than it reads."""

import select
import socket
from collections.abc import Iterator

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import DONE, Handler, ScriptedUpstream, event, streams
from tests.serve.served import KEY, Served
from tests.waiting import eventually

PATH = "/v1/chat/completions"
REQUEST = {"messages": [{"role": "user", "content": "Hello"}], "stream": True}


def test_every_byte_of_a_long_stream_arrives_in_order(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    chunks = [event(f"word {number} " * (number % 7 + 1)) for number in range(2000)]
    upstream.plays(streams(*chunks, DONE))
    assert gateway.post(PATH, REQUEST).content == b"".join(chunks) + DONE


def test_events_that_are_cut_anywhere_arrive_whole(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    text = b"".join(event(f"word {number} ") for number in range(200)) + DONE
    pieces = [text[start : start + 37] for start in range(0, len(text), 37)]
    upstream.plays(streams(*pieces))
    assert gateway.post(PATH, REQUEST).content == text


def test_a_client_that_does_not_read_holds_the_upstream_back_and_loses_nothing(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**in_front_of(upstream.base_url) | {"LLMOPS_REQUEST_SECONDS": "60"})
    chunk = event("x" * 60_000)
    written = 0

    def counted() -> Iterator[bytes]:
        nonlocal written
        for number in range(1000):
            written = number
            yield chunk
        yield DONE

    upstream.plays(lambda handler: _write_all(handler, counted()))
    host, port = api.address.removeprefix("http://").split(":")
    body = b'{"messages": [], "stream": true}'
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(head.encode() + b"\r\n" + body)
        seen = -1

        def stands_still() -> bool:
            nonlocal seen
            before, seen = seen, written
            return before == seen > 0 and not select.select([], [], [], 0.3)[0] and seen == written

        eventually(stands_still)
        assert written < 900
        assert _received(client) == 1000 * len(chunk) + len(DONE)


def _write_all(handler: Handler, chunks: Iterator[bytes]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for chunk in chunks:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    handler.wfile.write(b"0\r\n\r\n")


def _received(client: socket.socket) -> int:
    """Return how many bytes of the body came, without the framing of its chunks."""
    file = client.makefile("rb")
    while file.readline() != b"\r\n":
        pass
    size = 0
    while length := int(file.readline(), 16):
        size += len(file.read(length))
        file.readline()
    return size


def test_silences_are_filled_between_tokens_that_are_pushed(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(
        **in_front_of(upstream.base_url)
        | {"LLMOPS_HEARTBEAT_SECONDS": "0.2", "LLMOPS_REQUEST_SECONDS": "20"}
    )
    words = [event(f"word {number}") for number in range(20)]
    upstream.plays(streams(*words, DONE, waits_after=10))
    with api.client.stream("POST", PATH, json=REQUEST) as response:
        seen = b""
        for chunk in response.iter_raw():
            seen += chunk
            if b": still here" in seen:
                upstream.go_on.set()
    assert seen.replace(b": still here\n\n", b"") == b"".join(words) + DONE
    assert seen.index(b": still here") > seen.index(b"word 9")
