"""Speaks HTTP byte by byte over a socket, for requests that no client library would send."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.serve.served import KEY, Served

SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """The head and the body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def connected(api: Served) -> Iterator[socket.socket]:
    """Open a connection to the API."""
    url = urlsplit(api.address)
    with socket.create_connection((url.hostname, url.port), timeout=SECONDS) as connection:
        yield connection


def head(method: str, path: str, *lines: str, key: str = KEY) -> bytes:
    """Return the head of a request, with the key of the API."""
    every = (f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {key}", *lines)
    return "".join(f"{line}\r\n" for line in (*every, "")).encode()


def chunk(data: bytes) -> bytes:
    """Return a chunk of a chunked body; an empty one ends it."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(connection: socket.socket) -> Answer:
    """Read one answer, whose length is declared."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    top, _, body = received.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (_.partition(":") for _ in lines)}
    while len(body) < int(headers["content-length"]):
        body += _some(connection)
    return Answer(int(status.split()[1]), headers, body)


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other side closes; False when it sends more instead."""
    return connection.recv(1) == b""


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    assert received, "the connection was closed before the end of the answer"
    return received
