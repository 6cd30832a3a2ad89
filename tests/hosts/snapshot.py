"""A server that has everything and serves, made once for a test run, for machines to start from."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hosts.machine import docker

#: The process that runs the tests, or that tells others to; set before it starts any of them.
RUN = "LLMOPS_TEST_RUN"


def run_label() -> str:
    """The label of all containers and images of this test run."""
    return f"llmops.test-run={os.environ.get(RUN, str(os.getpid()))}"


def image() -> str:
    """The name of the image that a bootstrapped server is started from."""
    return f"llmops-test-host:run-{run_label().partition('=')[2]}"


@contextmanager
def alone() -> Iterator[None]:
    """Be the only process of this test run in here."""
    with _lock_file().open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep(name: str) -> None:
    """Keep the container of a server as the image, after it shut down in good order."""
    docker("stop", "--time", "20", name)
    docker("commit", "--change", f"LABEL {run_label()}", name, image())


def forget(label: str) -> None:
    """Remove the containers and images that have a label."""
    containers = docker("ps", "--all", "--quiet", "--filter", f"label={label}").split()
    if containers:
        docker("rm", "--force", "--volumes", *containers, check=False)
    for found in docker("image", "ls", "--quiet", "--filter", f"label={label}").split():
        docker("image", "rm", "--force", found, check=False)


def forget_the_dead() -> None:
    """Remove what test runs left that were killed."""
    listed = docker("image", "ls", "--format", "{{.Tag}}", "llmops-test-host").split()
    for run in (tag.removeprefix("run-") for tag in listed if tag.startswith("run-")):
        if not Path(f"/proc/{run}").exists():
            forget(f"llmops.test-run={run}")


def pytest_configure(config: pytest.Config) -> None:
    """Give the test run a name that its workers inherit."""
    os.environ.setdefault(RUN, str(os.getpid()))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the test run shared, in the process that began it."""
    if os.environ.get(RUN) == str(os.getpid()) and _lock_file().exists():
        _lock_file().unlink()
        if shutil.which("docker"):
            forget(run_label())


def _lock_file() -> Path:
    return Path(tempfile.gettempdir()) / f"llmops-test-hosts-{run_label().partition('=')[2]}"


def exists(name: str) -> bool:
    """Whether the engine holds an image."""
    asked = subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False)
    return asked.returncode == 0
