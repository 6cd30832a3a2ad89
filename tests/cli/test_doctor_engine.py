"""What `llmops doctor` says of engines: real ones, absent ones, old ones, and their registries."""

import os
import shutil
import socket
import stat
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from llmops_cli.config.image import ImageSettings
from llmops_cli.core.diagnosis import Diagnosis, Health, Probe
from llmops_cli.engine import doctor
from llmops_cli.engine.docker import Engine
from llmops_cli.flows.doctor import examine, problems
from llmops_cli.images import doctor as images
from llmops_cli.secret_stores.file import FileStore
from tests.engines import BASE, has_plugin, needs_engine
from tests.project import free_port


def found_by(probes: Sequence[Probe], subject: str) -> Diagnosis:
    [found] = [each for each in examine(probes) if each.subject == subject]
    return found


def program(tmp_path: Path, script: str) -> Engine:
    """A program in docker's place that answers as a machine of somebody else would."""
    file = tmp_path / "docker"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return Engine(program=str(file))


@needs_engine
def test_an_engine_that_runs_is_described() -> None:
    found = examine(doctor.probes(Engine()))
    assert problems(found) == []
    subjects = {each.subject: each for each in found}
    version = subprocess.run(
        ["docker", "version", "-f", "{{.Server.Version}}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert f"engine {version}" in subjects["engine"].text
    assert (subjects["buildx"].health is Health.OK) == has_plugin("buildx")


@needs_engine
def test_an_engine_without_plugins_is_told_what_to_install(tmp_path: Path) -> None:
    # Plugins of the system are found beside every configuration, so they are hidden by broken ones.
    plugins = tmp_path / "cli-plugins"
    plugins.mkdir()
    for name in ("docker-buildx", "docker-compose"):
        (plugins / name).write_text("#!/bin/sh\nexit 1\n")
        (plugins / name).chmod(0o755)
    probes = doctor.probes(Engine(config=tmp_path))
    buildx, compose = found_by(probes, "buildx"), found_by(probes, "compose")
    assert buildx.health is Health.WARNING
    assert "docker-buildx" in buildx.fix
    assert compose.health is Health.PROBLEM
    assert "docker-compose" in compose.fix


def test_an_old_compose_is_a_problem_and_an_old_engine_a_warning(tmp_path: Path) -> None:
    script = """case "$*" in
*compose*) echo 2.19.1;;
*buildx*) echo "github.com/docker/buildx v0.13.1 abc";;
*"version --format"*) echo '{"Client":{"Version":"20.10.1"},"Server":{"Version":"20.10.1"}}';;
*) exit 1;;
esac"""
    probes = doctor.probes(program(tmp_path, script))
    assert found_by(probes, "compose").text == "docker compose 2.19.1 is older than 2.20"
    assert found_by(probes, "compose").health is Health.PROBLEM
    assert found_by(probes, "engine").health is Health.WARNING
    assert "engine 20.10.1, which gets no fixes any more" in found_by(probes, "engine").text


def test_a_machine_without_docker_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = Engine()
    settings = ImageSettings()
    probes = [*doctor.probes(engine), *images.probes(settings, engine, FileStore(tmp_path))]
    [found] = problems(examine([*probes, doctor.port_probe(engine, "127.0.0.1", 8000, "x")]))
    assert found.text == "docker is not installed"
    assert "https://docs.docker.com" in found.fix


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker program")
def test_an_engine_that_is_down_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"unix://{tmp_path}/nonexistent.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    engine = Engine()
    probes = [*doctor.probes(engine), *images.probes(ImageSettings(), engine, FileStore(tmp_path))]
    [found] = problems(examine([*probes, doctor.port_probe(engine, "127.0.0.1", 8000, "x")]))
    assert found.subject == "engine"
    assert address in found.text
    assert "DOCKER_HOST" in found.fix


def test_an_engine_that_never_answers_holds_up_nobody(tmp_path: Path) -> None:
    silent = program(tmp_path, "exec sleep 60")
    probes = [Probe(each.subject, each.look, seconds=0.3) for each in doctor.probes(silent)]
    found = examine(probes)
    assert all(each.health is not Health.OK for each in found)
    assert found


@needs_engine
def test_a_base_image_that_is_there_is_well_and_one_that_is_nowhere_is_not(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    assert found_by(images.probes(ImageSettings(), Engine(), store), "base image").text == (
        f"{BASE} is in the engine"
    )
    nowhere = ImageSettings(base=f"127.0.0.1:{free_port()}/nothing:1")
    found = found_by(images.probes(nowhere, Engine(), store), "base image")
    assert found.health is Health.PROBLEM
    assert nowhere.base in found.fix


def test_a_registry_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    settings = ImageSettings(repository=f"127.0.0.1:{free_port()}/team/chat")
    probes = [
        probe
        for probe in images.probes(settings, Engine(), FileStore(tmp_path))
        if probe.subject == "registry"
    ]
    [found] = examine(probes)
    assert found.health is Health.PROBLEM or "no answer" in found.text


@needs_engine
def test_a_port_is_free_ours_or_somebody_elses() -> None:
    port, owner = free_port(), f"llmops-test-{uuid.uuid4().hex[:12]}"
    mine = doctor.port_probe(Engine(), "127.0.0.1", port, owner)
    assert found_by([mine], "port").text == f"127.0.0.1:{port} is free"
    with socket.create_server(("127.0.0.1", port)):
        assert found_by([mine], "port").health is Health.PROBLEM
    label = f"com.docker.compose.project={owner}"
    publish = f"127.0.0.1:{port}:80"
    command = [
        "docker",
        "run",
        "-d",
        "--rm",
        "--name",
        owner,
        "--label",
        label,
        "-p",
        publish,
        BASE,
    ]
    subprocess.run([*command, "sleep", "300"], capture_output=True, check=True)
    try:
        theirs = doctor.port_probe(Engine(), "127.0.0.1", port, "other")
        assert found_by([mine], "port").text == f"127.0.0.1:{port} is ours"
        assert owner in found_by([theirs], "port").text
        assert found_by([theirs], "port").health is Health.PROBLEM
    finally:
        subprocess.run(["docker", "rm", "-f", owner], capture_output=True, check=True)


@needs_engine
def test_little_space_is_told_in_gigabytes() -> None:
    info = subprocess.run(
        ["docker", "info", "-f", "{{.DockerRootDir}}"], capture_output=True, text=True, check=True
    )
    root = info.stdout.strip()
    if os.environ.get("DOCKER_HOST") or not Path(root).is_dir():
        pytest.skip("the engine is on another machine")
    assert root in found_by(doctor.probes(Engine()), "engine disk").text
