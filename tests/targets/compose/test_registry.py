"""Images on their way through a registry: deploys run its digests, and its faults touch nothing."""

from collections.abc import Iterator

import pytest

from tests.engines import needs_compose, needs_registry
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.servers import PASSWORD, USER
from tests.targets.compose.stack_project import StackProject, docker, stack_project

pytestmark = [needs_compose, needs_registry, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyProxy]:
    with servers.with_password(tmp_path_factory.mktemp("registry")) as registry:
        with FaultyProxy(registry.port) as running:
            yield running


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, proxy: FaultyProxy
) -> Iterator[StackProject]:
    """A project whose release came through a registry that wants a password."""
    with stack_project(tmp_path_factory.mktemp("stack") / "chat") as project:
        image = (
            f'[image]\nrepository = "{proxy.host}/team/{project.name}"\n'
            f'username = "{USER}"\npassword_secret = "REGISTRY_PASSWORD"\n'
        )
        project.write("llmops.toml", (project.root / "llmops.toml").read_text() + image)
        project.commit("Publish")
        project.ok("secrets", "set", "REGISTRY_PASSWORD", input=PASSWORD)
        project.ok("deploy")
        yield project


def test_the_release_runs_the_digest_of_the_registry_and_knows_no_password(
    published: StackProject, proxy: FaultyProxy
) -> None:
    live = published.container(published.serving())
    assert live["Config"]["Image"].startswith(f"{proxy.host}/team/{published.name}@sha256:")
    assert PASSWORD not in docker("inspect", live["Id"])
    assert "REGISTRY_PASSWORD" not in docker("inspect", live["Id"])
    assert not [request for request in proxy.requests if "latest" in request]


def test_a_push_that_is_always_cut_leaves_what_serves_alone(
    published: StackProject, proxy: FaultyProxy
) -> None:
    before = published.serving()
    published.change("Never arrives.")
    proxy.faults = [Fault("PUT .*/manifests/", times=99)]
    try:
        run = published.llmops("deploy")
    finally:
        proxy.faults = []
    assert run.status == 7, run.said
    assert published.serving() == before
    assert "is serving still" in run.err


def test_a_wrong_password_leaves_what_serves_alone(published: StackProject) -> None:
    before = published.serving()
    published.change("Is not let in.")
    published.ok("secrets", "set", "REGISTRY_PASSWORD", input="another-password-0123456789")
    run = published.llmops("deploy")
    published.ok("secrets", "set", "REGISTRY_PASSWORD", input=PASSWORD)
    assert run.status == 5, run.said
    assert "another-password" not in run.said
    assert published.serving() == before


def test_the_registrys_faults_over_the_next_deploy_succeeds(published: StackProject) -> None:
    release = published.change("Arrives.")
    published.ok("deploy")
    assert published.serving() == release
