"""The server hands the public socket on, drains, comes back and stops; no request is lost."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmops_cli.targets.local.channel import Channel, NoAnswerError, listen

SECONDS = 30


@dataclass
class Release:
    """A running server, and the supervisor's line to it."""

    process: "subprocess.Popen[bytes]"
    channel: Channel
    private: int

    def accept(self, public: socket.socket) -> None:
        assert self.channel.exchange({"do": "accept"}, public.fileno())[0]["accepting"]

    def pause(self) -> None:
        assert not self.channel.ask("pause")["accepting"]


class Place:
    """Starts servers that share one public socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.go_on = folder / "go-on"
        self.public = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.releases: list[Release] = []

    @property
    def port(self) -> int:
        return self.public.getsockname()[1]

    def start(self, name: str, **settings: str) -> Release:
        path = self.folder / f"{name}.sock"
        private, control = socket.create_server(("127.0.0.1", 0)), listen(path)
        descriptors = (private.fileno(), control.fileno())
        environment = {
            **os.environ,
            "LLMOPS_RELEASE": name,
            "LLMOPS_LISTEN_FD": str(descriptors[0]),
            "LLMOPS_CONTROL_FD": str(descriptors[1]),
            "GO_ON": str(self.go_on),
            **settings,
        }
        with private, control:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.serve.small_app"],
                env=environment,
                pass_fds=descriptors,
            )
            port = private.getsockname()[1]
        release = Release(process, Channel(path, timeout=SECONDS), port)
        self.releases.append(release)
        assert release.channel.ask("status")["accepting"] is False
        return release

    def close(self) -> None:
        self.public.close()
        for release in self.releases:
            release.process.kill()
            release.process.wait()
            release.channel.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)


def get(port: int, path: str = "/") -> str:
    connection = connect(port)
    connection.request("GET", path, headers={"connection": "close"})
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def test_a_staged_release_answers_at_its_private_address_alone(place: Place) -> None:
    place.start("old").accept(place.public)
    new = place.start("new")
    assert get(new.private) == "new"
    assert {get(place.port) for _ in range(20)} == {"old"}


def test_every_new_connection_goes_to_the_new_release_once_the_old_one_is_paused(
    place: Place,
) -> None:
    old, new = place.start("old"), place.start("new")
    old.accept(place.public)
    new.accept(place.public)
    old.pause()
    assert {get(place.port) for _ in range(50)} == {"new"}


def test_a_kept_alive_client_is_told_to_close_and_not_cut_off(place: Place) -> None:
    old, new = place.start("old"), place.start("new")
    old.accept(place.public)
    kept = connect(place.port)
    kept.request("GET", "/")
    first = kept.getresponse()
    assert (first.read(), first.getheader("connection")) == (b"old", None)
    new.accept(place.public)
    old.pause()
    kept.request("GET", "/")
    last = kept.getresponse()
    assert (last.read(), last.getheader("connection")) == (b"old", "close")
    kept.request("GET", "/")
    assert kept.getresponse().read() == b"new"
    kept.close()


def test_an_idle_connection_is_closed_only_after_its_time(place: Place) -> None:
    old = place.start("old", LLMOPS_DRAIN_IDLE_SECONDS="0.2")
    old.accept(place.public)
    kept = connect(place.port)
    kept.request("GET", "/")
    kept.getresponse().read()
    old.pause()
    assert kept.sock.recv(1) == b""
    kept.close()


def test_a_stream_outlives_the_pause_and_the_stop(place: Place) -> None:
    old = place.start("old")
    old.accept(place.public)
    reader = connect(place.port)
    reader.request("GET", "/wait")
    response = reader.getresponse()
    assert response.readline() == b"old\n"
    old.pause()
    old.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        old.process.wait(0.5)
    place.go_on.touch()
    assert response.read() == b"end\n"
    reader.close()
    assert old.process.wait(SECONDS) == 0


def test_a_release_that_is_signalled_while_it_has_the_traffic_serves_until_it_is_done(
    place: Place,
) -> None:
    old = place.start("old")
    old.accept(place.public)
    reader = connect(place.port)
    reader.request("GET", "/wait")
    response = reader.getresponse()
    assert response.readline() == b"old\n"
    old.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        old.process.wait(0.5)
    assert get(place.port) == "old"
    place.go_on.touch()
    assert response.read() == b"end\n"
    reader.close()
    assert old.process.wait(SECONDS) == 0


def received_until(client: socket.socket, enough: Callable[[bytes], bool]) -> bytes:
    received = b""
    while not enough(received):
        part = client.recv(4096)
        assert part, received
        received += part
    return received


@pytest.mark.parametrize("paused_first", [False, True])
def test_pipelined_requests_are_all_answered_by_the_release_that_got_them(
    place: Place, *, paused_first: bool
) -> None:
    old = place.start("old")
    old.accept(place.public)
    two = b"GET /late HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"
    with socket.create_connection(("127.0.0.1", place.port), timeout=SECONDS) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        received_until(client, lambda received: received.endswith(b"old"))
        if paused_first:
            old.pause()
        client.sendall(two)
        if not paused_first:
            old.pause()
        place.go_on.touch()
        received = received_until(client, lambda received: received.count(b"200 OK") == 2)
        assert received.count(b"connection: close") == 1


def test_a_paused_release_takes_the_traffic_back(place: Place) -> None:
    old, new = place.start("old"), place.start("new")
    old.accept(place.public)
    new.accept(place.public)
    old.pause()
    old.accept(place.public)
    new.pause()
    kept = connect(place.port)
    kept.request("GET", "/")
    answer = kept.getresponse()
    assert (answer.read(), answer.getheader("connection")) == (b"old", None)
    kept.close()


def test_a_connection_that_comes_while_nobody_accepts_waits_and_is_served(place: Place) -> None:
    found: list[str] = []
    asking = threading.Thread(target=lambda: found.append(get(place.port)))
    asking.start()
    place.start("late").accept(place.public)
    asking.join(SECONDS)
    assert found == ["late"]


def test_the_public_socket_is_lent_to_a_supervisor_that_lost_its_own(place: Place) -> None:
    old = place.start("old")
    old.accept(place.public)
    place.public.close()
    status, lent = old.channel.exchange({"do": "lend"})
    assert status["accepting"] is True
    assert lent is not None
    with socket.socket(fileno=lent) as borrowed:
        new = place.start("new")
        new.accept(borrowed)
        old.pause()
        assert get(borrowed.getsockname()[1]) == "new"


def test_nothing_is_refused_or_cut_while_releases_change_under_load(place: Place) -> None:
    faults: list[str] = []
    answered: list[str] = []
    ending = threading.Event()

    def ask() -> None:
        connection = connect(place.port)
        while not ending.is_set():
            try:
                connection.request("GET", "/")
                answered.append(connection.getresponse().read().decode())
            except (OSError, http.client.HTTPException) as error:
                faults.append(f"{type(error).__name__}: {error}")
                connection.close()
        connection.close()

    live = place.start("r0")
    live.accept(place.public)
    asking = [threading.Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    for number in range(1, 6):
        new = place.start(f"r{number}")
        new.accept(place.public)
        live.pause()
        live.process.send_signal(signal.SIGTERM)
        assert live.process.wait(SECONDS) == 0
        live = new
    ending.set()
    for thread in asking:
        thread.join()
    assert faults == []
    assert answered[0] == "r0"
    assert answered[-1] == "r5"


def test_a_second_signal_ends_at_once(place: Place) -> None:
    old = place.start("old")
    old.accept(place.public)
    reader = connect(place.port)
    reader.request("GET", "/wait")
    assert reader.getresponse().readline() == b"old\n"
    old.process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        old.process.wait(0.3)
    old.process.send_signal(signal.SIGTERM)
    old.process.wait(SECONDS)
    reader.close()


def test_the_line_breaks_when_the_process_ends(place: Place) -> None:
    old = place.start("old")
    old.process.kill()
    old.process.wait()
    with pytest.raises(NoAnswerError):
        old.channel.ask("status")
