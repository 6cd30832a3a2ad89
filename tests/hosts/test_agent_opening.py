"""Ways to sockets that only root may use, for the one who logged in."""

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hosts.agent_talk import AgentHost, prepared


@pytest.fixture
def host() -> Iterator[AgentHost]:
    """A prepared host, in a folder with a name that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="host-") as folder:
        yield prepared(Path(folder))


def test_what_is_said_at_the_door_arrives_and_is_answered(host: AgentHost) -> None:
    with _release(host, "aaa"), host.talk() as talk:
        path = Path(talk.ask("open", release="aaa")["path"])
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(str(path))
            visitor.sendall(b"x" * 300_000)
            visitor.shutdown(socket.SHUT_WR)
            assert _whole(visitor) == b"got 300000"


def test_a_door_closes_with_the_conversation(host: AgentHost) -> None:
    with _release(host, "aaa"), host.talk() as talk:
        path = Path(talk.ask("open", release="aaa")["path"])
        talk.cut()
        assert not path.parent.exists()


def test_doors_of_killed_agents_are_removed_by_who_takes_the_lock(host: AgentHost) -> None:
    left = host.places.run / "llmops-999999999-abc"
    left.mkdir()
    with host.deploying():
        assert not left.exists()


def test_there_is_no_door_to_what_does_not_listen(host: AgentHost) -> None:
    with host.talk() as talk:
        assert talk.refused("open", release="aaa")["why"] == "missing"
        assert talk.refused("open", engine=True)["why"] == "missing"
        assert talk.refused("open", release="../docker")["why"] == "invalid"


def test_the_release_that_answers_at_the_socket_is_told(host: AgentHost) -> None:
    body = json.dumps({"release": "aaa"}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    folder = host.places.release("aaa")
    folder.mkdir(parents=True)
    (folder / "socket").symlink_to(host.places.socket("aaa"))
    host.places.current.symlink_to("releases/aaa")
    with host.talk() as talk:
        assert talk.ask("state")["answers"] is None
        with _release(host, "aaa", answer):
            assert talk.ask("state")["answers"] == "aaa"


@contextmanager
def _release(host: AgentHost, release: str, answer: bytes = b"") -> Iterator[None]:
    """Listen like a release: answer each connection, by default how many bytes came over it."""
    path = host.places.socket(release)
    path.parent.mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        while True:
            try:
                visitor, _ = listening.accept()
            except OSError:
                return
            with visitor:
                if answer:
                    visitor.recv(4096)
                    visitor.sendall(answer)
                else:
                    visitor.sendall(b"got %d" % len(_whole(visitor)))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()


def _whole(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)
