"""The probe of a container tells whether the server in it is alive."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PROBE = [sys.executable, "-P", "-m", "llmops_cli.serve.process.probe"]
LOOPBACKS = {"0.0.0.0": "127.0.0.1", "127.0.0.1": "127.0.0.1", "": "127.0.0.1", "::": "::1"}


@pytest.mark.parametrize("host", LOOPBACKS)
def test_a_server_that_answers_is_alive_wherever_it_listens(host: str) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", LOOPBACKS[host]) as (port, asked):
        assert probe(host, port) == 0
    assert asked[0].startswith(b"GET /health/live HTTP/1.1\r\n")


def test_another_path_may_be_asked_for() -> None:
    with answering(b"HTTP/1.1 503 Service Unavailable\r\n\r\n") as (port, asked):
        assert probe("", port, "/health/ready") == 1
    assert asked[0].startswith(b"GET /health/ready ")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", 0),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", 1),
        (b"SSH-2.0-nonsense\r\n", 1),
        (b"HTTP/1.1 many\r\n\r\n", 1),
        (b"", 1),
    ],
)
def test_only_an_answer_that_is_no_failure_counts(answer: bytes, status: int) -> None:
    with answering(answer) as (port, _):
        assert probe("", port) == status


def test_nobody_there_is_not_alive() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert probe("", unused.getsockname()[1]) == 1


def test_the_probe_loads_next_to_nothing() -> None:
    code = "import sys, llmops_cli.serve.process.probe; print(*sys.modules, sep=chr(10))"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(found.stdout.splitlines())
    assert not loaded & {"asyncio", "fastapi", "uvicorn", "ssl", "http.client", "urllib.request"}


def probe(host: str, port: int, *arguments: str) -> int:
    environment = {**os.environ, "HOST": host, "PORT": str(port)}
    return subprocess.run(
        [*PROBE, *arguments], env=environment, capture_output=True, timeout=20, check=False
    ).returncode


@contextmanager
def answering(answer: bytes, host: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives one answer and notes what it was asked."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    asked: list[bytes] = []
    with socket.create_server((host, 0), family=family) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], asked
        thread.join(20)
