"""What goes wrong with a build is told with its evidence, and nothing goes on behind it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from llmops_cli.core.image import quiet
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError, PreflightError
from llmops_cli.images import builder, context
from llmops_cli.images.builder import Kind
from tests.engines import BASE, needs_engine
from tests.images.building import making
from tests.images.small import unique
from tests.waiting import eventually


@needs_engine
def test_a_step_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    with making(tmp_path / "chat", image='dockerfile = "Dockerfile"') as made:
        made.project.write(
            "Dockerfile", f"FROM {BASE}\nRUN seq 40 && echo it-broke-here && exit 3\n"
        )
        made.project.commit("Break the build")
        told: list[str] = []
        with pytest.raises(BuildError) as raised:
            made.build(told.append)
        assert "it-broke-here" in raised.value.evidence
        assert len(raised.value.evidence.splitlines()) <= 20
        assert len(told) > 40
        assert raised.value.exit_status == 7
        assert raised.value.state == "What was serving is serving still."
        assert made.images.built(made.release) is None


# What is made around it is removed from this machine's own engine.
@needs_engine
def test_an_engine_that_does_not_answer_is_told(tmp_path: Path) -> None:
    engine = Engine(host="unix:///nonexistent/docker.sock")
    with making(tmp_path / "chat", engine) as made:
        with pytest.raises(PreflightError, match="engine") as raised:
            made.build()
        assert "doctor" in raised.value.next_step


def test_a_program_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="not installed"):
        builder.kind_of(Engine(program=str(tmp_path / "docker")))
    with pytest.raises(PreflightError, match="not installed"):
        builder.run(Engine(program=str(tmp_path / "podman")), ["build"], quiet, {})


def test_a_full_disk_is_told() -> None:
    def fill() -> None:
        with context.workspace() as folder:
            (folder / "big").symlink_to("/dev/full")
            (folder / "big").write_text("x" * 100_000)

    with pytest.raises(BuildError, match="could not be written") as raised:
        fill()
    assert "No space left" in raised.value.evidence
    assert "TMPDIR" in raised.value.next_step


@needs_engine
def test_an_interrupted_build_leaves_no_builder_running(tmp_path: Path) -> None:
    mark = unique()
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo {mark} && sleep 600\n")
    script = (
        "from pathlib import Path\n"
        "from llmops_cli.engine.docker import Engine\n"
        "from llmops_cli.images.builder import Order, build, kind_of\n"
        f"order = Order(Path({str(tmp_path)!r}), 'Dockerfile', {mark!r} + ':1', use_cache=False)\n"
        "build(Engine(), kind_of(Engine()), order, lambda line: print(line, flush=True))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        guard = threading.Timer(100, process.kill)
        guard.start()
        for line in process.stdout or ():
            if line.rstrip().endswith(mark) and "RUN" not in line:
                process.send_signal(signal.SIGINT)
                break
        _, said = process.communicate()
        guard.cancel()
    assert "KeyboardInterrupt" in said
    eventually(lambda: not _commands_with(mark))


@needs_engine
def test_a_program_that_builds_elsewhere_is_asked_where_the_image_is(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text(
        '#!/bin/sh\nfor word; do [ "$word" = --load ] && exit 0; done\nexec docker "$@"\n'
    )
    program.chmod(0o755)
    with making(tmp_path / "chat", Engine(program=str(program))) as made:
        assert builder.kind_of(made.engine) is Kind.BUILDKIT
        with pytest.raises(BuildError, match="does not hold it"):
            made.build()


def _commands_with(mark: str) -> list[str]:
    """The command lines on this machine that name something."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if mark in command and int(pid) != os.getpid():
            found.append(command)
    return found
