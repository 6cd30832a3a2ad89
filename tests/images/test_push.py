"""An image goes to a registry once, over no other, and comes back pinned by its digest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.core.image import Image, quiet
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import AccessError, BuildError
from llmops_cli.images.publish import find_published, publish
from llmops_cli.registries.oci import Registry, make_registry
from llmops_cli.core.secret import Secret
from tests.engine import needs_engine, needs_registry
from tests.images.small import held, labels_of, release_of, unique
from tests.registries import servers
from tests.registries.servers import RunningRegistry

pytestmark = [needs_engine, needs_registry]
RELEASE = release_of()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def image(registry: RunningRegistry) -> Iterator[Image]:
    with held(f"{registry.host}/team/{unique()}:c0ffee", labels_of(RELEASE)) as made:
        yield made


def test_a_pushed_image_is_pinned_by_the_digest_that_the_registry_has(
    registry: RunningRegistry, image: Image
) -> None:
    lines: list[str] = []
    pushed = publish(Engine(), image, RELEASE, make_registry(image.repository), lines.append)
    path = image.repository.partition("/")[2]
    assert pushed.digest == registry.digest(path, "c0ffee")
    assert pushed.reference == f"{image.repository}@{pushed.digest}"
    assert any("Pushed" in line for line in lines)
    found = find_published(make_registry(image.repository), image.name, RELEASE)
    assert found is not None
    assert (found.digest, found.id) == (pushed.digest, image.id)
