"""Under systemd: it says when it is ready, lives, and ends; and a restart refuses nobody."""

import json
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.process.settings import ServerSettings
from llmops_cli.serve.process.systemd import ServiceManager as Told
from llmops_cli.serve.process.systemd import handed_over
from llmops_cli.serve.settings import SettingsError
from tests.serve.served import KEY
from tests.serve.service_manager import SECONDS, ServiceManager

SMALL = "tests.serve.small_app"


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[ServiceManager]:
    manager = ServiceManager(tmp_path)
    yield manager
    manager.close()


def test_it_is_ready_when_it_says_so_itself_and_who_came_earlier_has_waited(
    systemd: ServiceManager, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as early:
        early.connect(str(systemd.path))
        early.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        systemd.start(SMALL, LLMOPS_RELEASE="one", READY_WHEN=str(tmp_path / "loaded"))
        assert systemd.told() == "EXTEND_TIMEOUT_USEC=30000000"
        said = systemd.told_until("STATUS=Waiting")
        assert not any("READY" in message for message in said)
        early.setblocking(False)
        with pytest.raises(BlockingIOError):
            early.recv(1)
        (tmp_path / "loaded").touch()
        systemd.told_until("READY=1")
        early.settimeout(SECONDS)
        with early.makefile("rb") as answer:
            assert answer.read().endswith(b"one")


def test_a_restart_refuses_nobody_and_a_stream_goes_on_to_its_end(
    systemd: ServiceManager, tmp_path: Path
) -> None:
    variables = {"GO_ON": str(tmp_path / "go-on"), "READY_WHEN": str(tmp_path)}
    first = systemd.start(SMALL, LLMOPS_RELEASE="one", **variables)
    systemd.told_until("READY=1")
    names, ending = [], threading.Event()

    def ask() -> None:
        while not ending.is_set():
            with systemd.client() as client:
                names.append(client.get("/").text)

    asking = threading.Thread(target=ask)
    with systemd.client() as reader, reader.stream("GET", "/wait") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "one"
        asking.start()
        first.send_signal(signal.SIGTERM)
        assert "STOPPING=1" in systemd.told_until("STOPPING=1")[-1]
        assert first.poll() is None
        (tmp_path / "go-on").touch()
        assert list(lines) == ["end"]
    assert first.wait(SECONDS) == 0
    systemd.start(SMALL, LLMOPS_RELEASE="two", **variables)
    systemd.told_until("READY=1")
    with systemd.client() as client:
        assert client.get("/").text == "two"
    ending.set()
    asking.join(SECONDS)
    assert set(names) <= {"one", "two"}
    assert names[-1] == "two"


def test_a_loop_that_hangs_gives_no_sign_of_life_and_the_log_tells_where(
    systemd: ServiceManager,
) -> None:
    process = systemd.start(SMALL, LLMOPS_RELEASE="one", WATCHDOG_USEC="200000")
    systemd.told_until("READY=1")
    assert [systemd.told() for _ in range(3)] == ["WATCHDOG=1"] * 3
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(systemd.path))
        client.sendall(b"GET /hang HTTP/1.1\r\nhost: a\r\n\r\n")
        while systemd.told(2):
            assert process.poll() is None
    process.send_signal(signal.SIGABRT)
    assert process.wait(SECONDS) == -signal.SIGABRT
    assert re.search(r'small_app.py", line \d+ in app', systemd.output())


def test_behind_a_unix_socket_the_log_names_the_real_client(
    systemd: ServiceManager, tmp_path: Path
) -> None:
    settings = {
        "LLMOPS_API_KEY": KEY,
        "LLMOPS_TRUSTED_PROXIES": "unix",
        "LLMOPS_FAILED_AUTH_LIMIT": "1",
        "LLMOPS_DATA_DIR": str(tmp_path),
        "WATCHDOG_USEC": "1000000",
    }
    process = systemd.start("llmops_cli.serve", **settings)
    systemd.told_until("READY=1")
    with systemd.client() as client:
        assert [guess(client, "203.0.113.7").status_code for _ in range(2)] == [401, 429]
        assert guess(client, "203.0.113.8").status_code == 401
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    lines = [json.loads(line) for line in systemd.output().splitlines()]
    asked = [line["client"] for line in lines if line.get("status") in (401, 429)]
    assert asked == ["203.0.113.7", "203.0.113.7", "203.0.113.8"]


def guess(client: httpx2.Client, address: str) -> httpx2.Response:
    headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": address}
    return client.get("/v1/models", headers=headers)


def test_a_socket_for_another_process_means_nothing_and_one_that_cannot_be_used_is_refused() -> (
    None
):
    own = {"LISTEN_PID": str(os.getpid())}
    environment = Environment({})
    assert handed_over({"LISTEN_FDS": "1", "LISTEN_PID": "1"}, environment) is None
    assert handed_over({}, environment) is None
    assert environment.problems == []
    with pytest.raises(SettingsError, match="LISTEN_FDS: must be 1"):
        ServerSettings.load({**own, "LISTEN_FDS": "2"})
    with pytest.raises(SettingsError, match="NOTIFY_SOCKET") as caught:
        ServerSettings.load({"NOTIFY_SOCKET": "tcp:1", "WATCHDOG_USEC": "soon"})
    assert len(caught.value.problems) == 2
    others = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert ServerSettings.load(others).manager.watchdog == 0


def test_words_reach_an_abstract_address_and_nobody_there_is_no_trouble(tmp_path: Path) -> None:
    name = f"llmops-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        ear.settimeout(SECONDS)
        Told(f"@{name}").alive()
        assert ear.recv(100) == b"WATCHDOG=1"
    Told(str(tmp_path / "nobody")).alive()
    Told().alive()
