"""A project whose infrastructure is made for real, by Terraform, of a cloud that is not there."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.provider.needed import need_provider
from tests.infra.provider.schema import azurerm
from tests.infra.site import Seed, Site, made_site, seed_of

TEMPLATES = Path(__file__).parents[2] / "templates" / "infra"
WHEEL = os.environ.get("LLMOPS_TEST_AZURERM", "")


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The schema of the real provider, as far as the templates use it."""
    need_provider()
    if not Path(WHEEL).is_file():
        pytest.skip("needs LLMOPS_TEST_AZURERM, the wheel of cdktf-cdktf-provider-azurerm")
    text = "\n".join(path.read_text() for path in sorted(TEMPLATES.rglob("*.tf")))
    resources = sorted(set(re.findall(r'^resource "(azurerm_\w+)"', text, re.MULTILINE)))
    data = sorted(set(re.findall(r'^data "(azurerm_\w+)"', text, re.MULTILINE)))
    return azurerm(Path(WHEEL), resources, data)


@pytest.fixture
def site(schema: dict[str, Any], tmp_path: Path) -> Iterator[Site]:
    """A project of kind "azure", a cloud without anything in it, and an empty account."""
    with made_site(schema, tmp_path, "azure") as made:
        yield made


@pytest.fixture
def apps_site(schema: dict[str, Any], tmp_path: Path) -> Iterator[Site]:
    """The same of kind "azure-containerapp"."""
    with made_site(schema, tmp_path, "azure-containerapp") as made:
        yield made


@pytest.fixture(scope="session")
def webapp_seed(schema: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Seed:
    """A site of kind "azure" after its first apply, with everything switched on."""
    root = tmp_path_factory.mktemp("webapp")
    with made_site(schema, root, "azure") as made:
        return seed_of(made, root / "seed")


@pytest.fixture(scope="session")
def apps_seed(schema: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Seed:
    """The same of kind "azure-containerapp", with Weaviate."""
    root = tmp_path_factory.mktemp("apps")
    with made_site(schema, root, "azure-containerapp") as made:
        return seed_of(made, root / "seed", "[targets.{target}.infra.weaviate]\n")


@pytest.fixture
def applied(site: Site, webapp_seed: Seed) -> Site:
    """A site of kind "azure" of a test's own, after its first apply."""
    webapp_seed.plant(site)
    return site


@pytest.fixture
def applied_apps(apps_site: Site, apps_seed: Seed) -> Site:
    """A site of kind "azure-containerapp" of a test's own, after its first apply."""
    apps_seed.plant(apps_site)
    return apps_site
