"""Fixtures of the fake Google Cloud: an address and processes for the session, a cloud per test.

What they use is imported when they are, so that other tests do not load it.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.gcp.address import Address
    from tests.fakes.gcp.cloud import GcpCloud
    from tests.fakes.gcp.project import GcpProject
    from tests.fakes.gcp.registry import Registry
    from tests.fakes.processes import Processes

MakeGcpProject = Callable[..., "GcpProject"]


@pytest.fixture(scope="session")
def gcp_address() -> "Iterator[Address]":
    """Where Google Cloud is in all tests."""
    from tests.fakes.gcp.address import Address

    address = Address()
    yield address
    address.close()


@pytest.fixture(scope="session")
def gcp_processes() -> "Iterator[Processes]":
    """Processes of the API, which containers of all tests share."""
    from tests.fakes.processes import Processes

    processes = Processes()
    yield processes
    processes.close()


@pytest.fixture(scope="session")
def gcp_registry(gcp_address: "Address") -> "Iterator[Registry]":
    """The registry of all tests: its name is in a project's file, as the other addresses are."""
    from tests.fakes.gcp.registry import Registry

    registry = Registry(gcp_address.trust.context)
    yield registry
    registry.close()


@pytest.fixture
def gcp(
    gcp_address: "Address", gcp_processes: "Processes", gcp_registry: "Registry"
) -> "Iterator[GcpCloud]":
    """An empty Google Cloud. At the end of the test, nobody may have broken its contract."""
    from tests.fakes.gcp.cloud import GcpCloud

    with GcpCloud(address=gcp_address, processes=gcp_processes, registry=gcp_registry) as cloud:
        yield cloud
    assert cloud.violations == []


@pytest.fixture
def gcp_project(tmp_path: "Path", gcp: "GcpCloud") -> MakeGcpProject:
    """What makes a project: ``gcp_project("gcp-run", target="concurrency = 4")``.

    The key of the API is in Secret Manager. Only images that the registry has can be started.
    """
    from tests.fakes.gcp.project import make_gcp_project

    def make(kind: str = "gcp", **lines: str) -> "GcpProject":
        return make_gcp_project(tmp_path / "chat", gcp, kind, **lines)

    return make
