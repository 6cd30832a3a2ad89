"""On a fake Azure, by the command line: images that the registry builds, pruning, the examples."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.fakes.azure import apps, apps_state, web
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.entra import TENANT
from tests.fakes.azure.registry import Registry
from tests.fakes.azure.tasks import Tasks
from tests.fakes.azure.vault import Vault
from tests.images.scan.planted import drawn
from tests.project import Project
from tests.targets.azure_containerapp import stage as stages

pytest.importorskip("azure.mgmt.containerregistrytasks", reason="says what builds are asked for")

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def stage(azure: AzureCloud, azure_registry: Registry, tmp_path: Path) -> "stages.Stage":
    """A project whose images the registry builds; no engine is on its machine."""
    made = stages.Stage.new(azure, azure_registry, tmp_path / "demo", target="keep = 1\n")
    text = (made.project.root / "llmops.toml").read_text()
    # The containers of the fake have no files of what the registry has built.
    text = text.replace('system_prompt = "prompts/system.md"\n', "")
    image = '[image]\nbuilder = "acr"\nbase = "127.0.0.1:1/python:3"\n'
    made.project.write("llmops.toml", text.replace("[image]\n", image))
    made.project.commit("Build there")
    azure_registry.contents.tags.clear()
    azure_registry.contents.manifests.clear()
    git = shutil.which("git")
    assert git
    made.project.environment["PATH"] = str(Path(git).parent)
    made.project.environment["DOCKER_HOST"] = "tcp://127.0.0.1:1"
    return made


@pytest.fixture
def tasks(azure: AzureCloud, azure_registry: Registry) -> Tasks:
    return Tasks(azure, azure_registry).start()


def commit(stage: "stages.Stage", text: str) -> str:
    """Commit without an image in the registry; only a build makes one."""
    stage.project.write("prompts/system.md", text + "\n")
    return Project.commit(stage.project, text)


def tags(registry: Registry) -> set[str]:
    return {tag for _, tag in registry.contents.tags if not tag.startswith("building-")}


def test_a_deploy_builds_in_the_registry_and_prune_keeps_what_it_can_go_back_to(
    stage: "stages.Stage", tasks: Tasks, azure_registry: Registry
) -> None:
    releases = [commit(stage, "One.")]
    stage.project.ok("deploy")
    for text in ("Two.", "Three.", "Four."):
        releases.append(commit(stage, text))
        stage.project.ok("deploy")
    assert len(tasks.runs) == 4
    assert tags(azure_registry) == set(releases)
    kept = {one["id"] for one in stage.project.ok("releases", "--json").document["releases"]}
    assert kept < set(releases)
    shown = stage.project.ok("prune", "--dry-run", "--older-than", "0").out
    assert "live on azure-containerapp" in shown
    stage.project.ok("prune", "--yes", "--older-than", "0")
    assert tags(azure_registry) == kept
    stage.project.ok("rollback")


def test_a_secret_that_the_build_brings_is_deployed_nowhere(
    stage: "stages.Stage", tasks: Tasks, azure_registry: Registry
) -> None:
    value = drawn(40)
    stage.project.ok("secrets", "set", "OPENAI_API_KEY", input=value)
    tasks.plants = {"cache/pip.conf": value.encode()}
    commit(stage, "One.")
    run = stage.project.llmops("deploy", "--json")
    assert run.status == 13, run.said
    assert value not in run.said
    assert "deleted from the registry again" in run.document["error"]["state"]
    assert azure_registry.contents.tags == {}


def test_a_right_that_is_missing_stops_a_prune_and_what_is_gone_is_told(
    stage: "stages.Stage", tasks: Tasks, azure_registry: Registry
) -> None:
    commit(stage, "One.")
    stage.project.ok("push")
    azure_registry.tokens.roles = {"AcrPush"}
    run = stage.project.llmops("prune", "--yes", "--older-than", "0")
    assert run.status == 5, run.said
    assert "Deleted: nothing." in run.err
    assert len(tags(azure_registry)) == 1


KINDS = {"azure-app-service-chat": "azure", "azure-container-apps-router": "azure-containerapp"}


@pytest.mark.parametrize("example", KINDS)
def test_an_example_renders_what_azure_would_be_sent(
    example: str, azure: AzureCloud, azure_registry: Registry, azure_vault: Vault, tmp_path: Path
) -> None:
    root = tmp_path / example
    shutil.copytree(EXAMPLES / example, root, ignore=shutil.ignore_patterns(".llmops"))
    identity = apps_state.IDENTITY if KINDS[example] == "azure-containerapp" else web.IDENTITY
    client = "99999999-0000-0000-0000-000000000009"
    made = (
        f'[targets.azure]\ntenant = "{TENANT}"\nsubscription = "{azure.subscription}"\n'
        f'resource_group = "rg-demo"\napp = "demo"\nkey_vault = "{azure.url}"\n'
        f'identity = "{identity}"\nidentity_client_id = "{client}"\n'
    )
    text = (root / "llmops.toml").read_text().replace("[targets.azure]\n", made)
    text = text.replace("[image]\n", f'[image]\nrepository = "{azure_registry.host}/demo"\n')
    (root / "llmops.toml").write_text(text + "\n" + azure.endpoints_toml("azure"))
    if KINDS[example] == "azure":
        web.WebApps(azure, azure_vault)
    else:
        apps.ContainerApps(azure, azure_vault)
    for name in ("llmops-api-key", "jwt-secret-key", "auth-admin-hash", "database-url"):
        azure_vault.put(name, drawn(40))
    project = Project(root, 0, {**os.environ, **azure.environment()})
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.commit("First")
    documents = project.ok("render", "-t", "azure", "--json").document["files"]
    whole = "\n".join(documents.values())
    is_app_service = KINDS[example] == "azure"
    assert ("@Microsoft.KeyVault(SecretUri=" in whole) is is_app_service
    assert ("keyVaultUrl" in whole) is not is_app_service
    assert "image/Dockerfile" in documents
    assert re.search(rf'AZURE_CLIENT_ID"?[^\n]*\n?[^\n]*{client}', whole)
