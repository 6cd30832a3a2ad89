"""A project at the fake Azure is one that the command line understands."""

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.load import load
from llmops_cli.secret_stores.key_vault import KeyVaultStore
from tests.fakes.azure.fixtures import MakeProject
from tests.fakes.azure.registry import Registry
from tests.project import API_KEY
from tests.waiting import eventually


@pytest.mark.parametrize("kind", ["azure", "azure-containerapp"])
def test_the_key_of_the_api_is_in_the_vault_of_the_target(
    azure_project: MakeProject, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = azure_project(kind)
    for name, text in project.environment.items():
        monkeypatch.setenv(name, text)
    settings = load(project.root).targets[kind]
    assert isinstance(settings, AzureTarget)
    kept = KeyVaultStore(Account(settings)).read("LLMOPS_API_KEY")
    assert kept is not None
    assert kept.reveal() == API_KEY


def test_every_commit_has_an_image(azure_project: MakeProject, azure_registry: Registry) -> None:
    project = azure_project("azure")
    first = project.git("rev-parse", "HEAD")[:12]
    second = project.change("You are terse.")
    assert list(project.images) == [first, second]
    digest = azure_registry.contents.digest("demo", second)
    assert project.images[second] == f"{azure_registry.host}/demo@{digest}"


def test_the_same_project_has_the_same_releases(azure_project: MakeProject) -> None:
    project = azure_project("azure")
    copied = project.copy(project.root.parent / "copy", project.cloud, project.registry)
    assert project.change("You are terse.") == copied.change("You are terse.")


def test_a_container_has_the_files_of_its_commit(azure_project: MakeProject) -> None:
    project = azure_project("azure")
    project.change("You are terse.")
    for release, text in zip(project.images, ("You are brief.", "You are terse."), strict=True):
        variables = {"LLMOPS_SYSTEM_PROMPT_FILE": "prompts/system.md", "LLMOPS_API_KEY": API_KEY}
        image = project.images[release]
        container = project.cloud.containers.start(image, variables, 8000)
        assert container.process is not None
        file = container.process.folder / "app" / "prompts" / "system.md"
        assert file.read_text().strip() == text
        eventually(lambda container=container: container.is_ready)


def test_an_image_that_the_registry_has_not_cannot_be_started(azure_project: MakeProject) -> None:
    project = azure_project("azure")
    (image,) = project.images.values()
    refuses = project.cloud.containers.why_not_pulled
    assert refuses(image) is None
    assert "manifest unknown" in str(refuses(image[:-4] + "0000"))
    assert "no such host" in str(refuses("elsewhere.example/demo@sha256:aa"))
