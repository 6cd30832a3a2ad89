"""Small images in the engine, labelled as those of a release are, and removed afterwards."""

import io
import os
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from llmops_cli.core.image import Image
from llmops_cli.core.release import Release

COMMIT = "c0ffee" * 6 + "c0ff"
TREE = "7ee7" * 10


def release_of(commit: str = COMMIT, tree: str = TREE) -> Release:
    """A release of some commit."""
    return Release(commit[:12], commit, tree, datetime(2026, 1, 2, tzinfo=UTC), "Change")


def unique() -> str:
    """A name that no other test has."""
    return f"llmops-test-{uuid.uuid4().hex[:10]}"


def labels_of(release: Release) -> dict[str, str]:
    """The labels that say which release an image is of."""
    return {"org.opencontainers.image.revision": release.commit, "llmops.tree": release.tree}


@contextmanager
def held(name: str, labels: dict[str, str], *, size: int = 100_000) -> Iterator[Image]:
    """Put an image of random bytes into the engine, under a name; remove it at the end."""
    changes = [word for key, value in labels.items() for word in ("-c", f"LABEL {key}={value}")]
    made = subprocess.run(
        ["docker", "import", *changes, "-", name],
        input=layer(size),
        capture_output=True,
        check=True,
    )
    identity = made.stdout.decode().strip()
    try:
        yield Image(name, id=identity)
    finally:
        subprocess.run(["docker", "rmi", "-f", identity], capture_output=True, check=False)


def layer(size: int) -> bytes:
    """A layer of one file of random bytes, as a tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("blob")
        entry.size = size
        archive.addfile(entry, io.BytesIO(os.urandom(size)))
    return file.getvalue()
