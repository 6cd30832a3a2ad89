"""Fixtures of the fake Azure: an address and processes for the session, a cloud for each test.

What they use is imported when they are, so that other tests do not load it.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.azure.address import Address
    from tests.fakes.azure.cloud import AzureCloud
    from tests.fakes.azure.project import AzureProject
    from tests.fakes.azure.registry import Registry
    from tests.fakes.azure.vault import Vault
    from tests.fakes.processes import Processes

MakeProject = Callable[..., "AzureProject"]


@pytest.fixture(scope="session")
def azure_address() -> "Iterator[Address]":
    """Where Azure is in all tests."""
    from tests.fakes.azure.address import Address

    address = Address()
    yield address
    address.close()


@pytest.fixture(scope="session")
def azure_processes() -> "Iterator[Processes]":
    """Processes of the API, which containers of all tests share."""
    from tests.fakes.processes import Processes

    processes = Processes()
    yield processes
    processes.close()


@pytest.fixture
def azure(
    azure_address: "Address", azure_processes: "Processes", pytestconfig: pytest.Config
) -> "Iterator[AzureCloud]":
    """An empty Azure. At the end of the test, nobody may have broken its contract."""
    from tests.fakes.azure.cloud import AzureCloud

    kept = getattr(pytestconfig, "cache", None)
    cache = kept.mkdir("azure-contract") if kept else None
    with AzureCloud(address=azure_address, processes=azure_processes, cache=cache) as cloud:
        yield cloud
    assert cloud.violations == []


@pytest.fixture
def azure_vault(azure: "AzureCloud") -> "Vault":
    """An empty Key Vault, at the address of the cloud."""
    from tests.fakes.azure.vault import Vault

    vault = Vault(azure.url)
    azure.register(vault.handlers())
    return vault


@pytest.fixture(scope="session")
def azure_registry_address(azure_address: "Address") -> "Iterator[Registry]":
    """The registry of all tests: its name is in a project's file, as Azure's address is."""
    from tests.fakes.azure.entra import Entra
    from tests.fakes.azure.registry import Registry

    with Registry(azure_address.trust.context, Entra(azure_address.url)) as registry:
        yield registry


@pytest.fixture
def azure_registry(azure: "AzureCloud", azure_registry_address: "Registry") -> "Registry":
    """An empty container registry, which is also a resource of the cloud."""
    azure_registry_address.renew(azure.entra)
    azure.register(azure_registry_address.handlers())
    return azure_registry_address


@pytest.fixture
def azure_project(
    tmp_path: "Path", azure: "AzureCloud", azure_registry: "Registry", azure_vault: "Vault"
) -> MakeProject:
    """What makes a project: ``azure_project("azure", target="slot = 'staging'")``.

    The key of the API is in the vault. Only images that the registry has can be started.
    """
    from tests.fakes.azure.project import make_azure_project
    from tests.project import API_KEY

    azure_vault.put("llmops-api-key", API_KEY)
    azure.containers.refuses = lambda image: _why_not_pulled(azure_registry, image)

    def make(kind: str, **lines: str) -> "AzureProject":
        return make_azure_project(tmp_path / "chat", azure, azure_registry, kind=kind, **lines)

    return make


def _why_not_pulled(registry: "Registry", image: str) -> str | None:
    host, _, rest = image.partition("/")
    if host != registry.host:
        return f"failed to pull image {image}: no such host"
    name, mark, reference = rest.partition("@")
    if not mark:
        name, _, reference = rest.partition(":")
    is_there = registry.contents.digest(name, reference)
    return None if is_there else f"failed to pull image {image}: manifest unknown"
