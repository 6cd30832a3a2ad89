"""An engine behind ssh is asked over one connection, which is made anew, or done without."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmops_cli.engine.docker import Engine
from llmops_cli.engine.endpoint import endpoint_of, is_local
from tests.engines import needs_engine
from tests.ssh_server import needs_ssh, ssh_server
from tests.waiting import eventually

pytestmark = [needs_engine, needs_ssh, pytest.mark.timeout(60)]


def version(engine: Engine) -> str:
    return engine.run("version", "--format", "{{.Server.Version}}").decode().strip()


def logins(folder: Path) -> int:
    return (folder / "ssh" / "log").read_text().count("Accepted publickey")


def forwarding(port: int) -> list[int]:
    """The processes that forward from this machine to that port."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(port).encode() in words and b"ControlPath=none" in words:
                found.append(int(entry.name))
    return found


def test_one_login_serves_every_command_and_another_one_where_it_broke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh_server(tmp_path) as (port, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        engine = Engine(host=f"ssh://root@127.0.0.1:{port}")
        known = version(Engine())
        assert [version(engine) for _ in range(3)] == [known] * 3
        assert logins(tmp_path) == 1
        assert (endpoint_of(engine), is_local(engine)) == (engine.host, False)
        [process] = forwarding(port)
        os.kill(process, signal.SIGKILL)
        assert eventually(lambda: not forwarding(port))
        assert version(engine) == known
        assert logins(tmp_path) == 2
        del engine
        gc.collect()
        assert eventually(lambda: not forwarding(port))


def test_what_the_environment_names_is_asked_over_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh_server(tmp_path) as (port, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        monkeypatch.setenv("DOCKER_HOST", f"ssh://root@127.0.0.1:{port}")
        engine = Engine()
        assert version(engine)
        assert engine.run("compose", "ls", "--quiet") is not None
        assert "DOCKER_HOST" not in engine.environment
        assert logins(tmp_path) == 1


def test_a_server_that_forwards_nothing_is_asked_in_docker_s_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ssh_server(tmp_path, "AllowStreamLocalForwarding no") as (port, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        engine = Engine(host=f"ssh://root@127.0.0.1:{port}")
        assert version(engine)
        assert engine.command[-2:] == ["--host", engine.host]
        assert forwarding(port) == []


def test_nothing_is_left_of_a_command_that_was_killed(tmp_path: Path) -> None:
    with ssh_server(tmp_path) as (port, environment):
        code = (
            "import sys, time; from llmops_cli.engine.docker import Engine\n"
            f"engine = Engine(host='ssh://root@127.0.0.1:{port}')\n"
            "print(engine.command, flush=True)\n"
            "time.sleep(600)"
        )
        command = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
        )
        with command:
            try:
                assert b"unix://" in (command.stdout or sys.stdin.buffer).readline()
                assert forwarding(port)
            finally:
                command.kill()
        assert eventually(lambda: not forwarding(port))
