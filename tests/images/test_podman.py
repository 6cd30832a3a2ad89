"""Podman builds the same image, where it is installed."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import BASE, needs_engine
from tests.images.building import making

needs_podman = pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman")


@pytest.fixture
def base() -> Iterator[None]:
    """The base image in podman's own storage too."""
    subprocess.run(f"docker save {BASE} | podman load", shell=True, capture_output=True, check=True)
    yield
    subprocess.run(["podman", "rmi", "-f", BASE], capture_output=True, check=False)


@needs_engine
@needs_podman
@pytest.mark.usefixtures("base")
def test_podman_makes_the_image_with_its_health_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the tests run, a container of its own for each step may not be allowed.
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    with making(tmp_path / "chat") as made:
        images = made.images
        image = images.build(made.release, made.options(builder="podman"), lambda line: None)
        asked = subprocess.run(
            ["podman", "image", "inspect", image.id], capture_output=True, check=True
        )
        found = json.loads(asked.stdout)[0]
        subprocess.run(["podman", "rmi", "-f", image.id], capture_output=True, check=False)
        assert images.built(made.release) is None
        assert found["Config"]["User"] == "10001:10001"
        assert found["Labels"]["llmops.tree"] == made.release.tree
        assert "llmops_cli.serve.process.probe" in json.dumps(found["Healthcheck"])
