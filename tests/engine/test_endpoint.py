"""Where an engine is told to be, and what that means for its files and its ports."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from llmops_cli.engine.docker import Engine
from llmops_cli.engine.endpoint import endpoint_of, is_local, publishes_here

needs_docker = pytest.mark.skipif(shutil.which("docker") is None, reason="needs docker")


@pytest.mark.parametrize(
    ("host", "local", "here"),
    [
        ("unix:///var/run/docker.sock", True, True),
        ("ssh://deploy@server.example.com", False, False),
        ("ssh://deploy@127.0.0.1:2222", False, True),
        ("tcp://localhost:2375", False, True),
        ("tcp://10.0.0.7:2376", False, False),
    ],
)
def test_an_address_tells_where_an_engine_is(host: str, local: bool, here: bool) -> None:
    engine = Engine(host=host)
    assert (endpoint_of(engine), is_local(engine), publishes_here(engine)) == (host, local, here)


@needs_docker
def test_the_address_of_a_context_is_known_to_docker(tmp_path: Path) -> None:
    create = ["docker", "--config", str(tmp_path), "context", "create", "prod"]
    subprocess.run(
        [*create, "--docker", "host=ssh://deploy@server.example.com"],
        capture_output=True,
        check=True,
    )
    engine = Engine(config=tmp_path, context="prod")
    assert endpoint_of(engine) == "ssh://deploy@server.example.com"
    assert not is_local(engine)


@needs_docker
def test_an_engine_that_the_operator_has_chosen_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert is_local(Engine(config=tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.7:2376")
    assert not is_local(Engine(config=tmp_path))


def test_without_docker_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert endpoint_of(Engine()) == ""
    assert not is_local(Engine())
