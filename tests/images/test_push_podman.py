"""What podman built is pushed by podman, with a login that is for that push only."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.core.image import Image, quiet
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import AccessError, BuildError
from llmops_cli.images.publish import publish
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from tests.engines import needs_registry
from tests.images.small import labels_of, layer, release_of, unique
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.servers import PASSWORD, USER, RunningRegistry


def _works() -> bool:
    if shutil.which("podman") is None:
        return False
    asked = subprocess.run(["podman", "info"], capture_output=True, timeout=60, check=False)
    return asked.returncode == 0


pytestmark = [needs_registry, pytest.mark.skipif(not _works(), reason="needs podman")]
RELEASE = release_of()
QUICK = Patience(first_seconds=0.01)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.with_password(tmp_path_factory.mktemp("locked")) as registry:
        yield registry


@pytest.fixture
def proxy(locked: RunningRegistry) -> Iterator[FaultyProxy]:
    with FaultyProxy(locked.port) as running:
        yield running


@pytest.fixture
def image(proxy: FaultyProxy) -> Iterator[Image]:
    name = f"{proxy.host}/team/{unique()}:c0ffee"
    changes = [f"LABEL {key}={value}" for key, value in labels_of(RELEASE).items()]
    words = [word for change in changes for word in ("-c", change)]
    made = subprocess.run(
        ["podman", "import", "-q", *words, "-", name],
        input=layer(100_000),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    identity = made.stdout.decode().split()[-1]
    yield Image(name, id="sha256:" + identity.removeprefix("sha256:"))
    subprocess.run(["podman", "rmi", "-f", identity], capture_output=True, check=False)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def push(image: Image, password: str = PASSWORD, patience: Patience = QUICK) -> Image:
    login = Login(USER, Secret(password))
    registry = Registry(parse(image.repository), Fixed(login), QUICK)
    engine = Engine(program="podman")
    return publish(engine, image, RELEASE, registry, quiet, patience=patience)


def test_podman_pushes_and_the_digest_is_that_of_the_registry(
    image: Image, locked: RunningRegistry, proxy: FaultyProxy, temporary: Path
) -> None:
    pushed = push(image)
    assert pushed.digest == locked.digest(image.repository.partition("/")[2], "c0ffee")
    assert list(temporary.glob("llmops-login-*")) == []
    proxy.seen.clear()
    assert push(image) == pushed
    assert {request.partition(" ")[0] for request in proxy.requests} == {"GET"}


def test_what_passes_and_what_does_not_are_told_apart(image: Image, proxy: FaultyProxy) -> None:
    with pytest.raises(AccessError):
        push(image, "wrong-sentinel-password")
    proxy.faults = [Fault("PUT .*/manifests/", times=999)]
    with pytest.raises(BuildError, match="could not be pushed"):
        push(image, patience=Patience(attempts=1))
    proxy.faults = [Fault("PUT .*/manifests/", times=1)]
    assert push(image).digest
