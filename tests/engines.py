"""A real container engine and a real registry, where this machine has them."""

import functools
import shutil
import subprocess

import pytest

#: The default base image. Where it cannot be pulled, `.ci/engine` makes one that stands in for it.
BASE = "python:3.13-slim"
#: What the compose target puts in front of releases.
GATEWAY = "haproxy:3.2.4"


@functools.cache
def holds(image: str) -> bool:
    """Whether an engine answers and holds an image."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(
        ["docker", "image", "inspect", image], capture_output=True, timeout=30, check=False
    )
    return asked.returncode == 0


@functools.cache
def has_plugin(name: str) -> bool:
    """Whether the docker program has a plugin, such as buildx."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", name, "version"], capture_output=True, check=False)
    return asked.returncode == 0


needs_engine = pytest.mark.skipif(
    not holds(BASE), reason=f"needs a Docker engine that holds {BASE}"
)
needs_compose = pytest.mark.skipif(
    not (holds(BASE) and holds(GATEWAY) and has_plugin("compose")),
    reason=f"needs a Docker engine that holds {BASE} and {GATEWAY}, and docker compose",
)
needs_registry = pytest.mark.skipif(
    shutil.which("docker-registry") is None or shutil.which("htpasswd") is None,
    reason="needs docker-registry and htpasswd",
)
