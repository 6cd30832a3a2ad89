"""Images that a registry of Azure builds: searched before they are sent, and before they count."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.registry_login import logins_of
from llmops_cli.clouds.azure.registry_tasks import RegistryTasks
from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.load import load
from llmops_cli.core.image import BuildOptions, Image, quiet
from llmops_cli.core.known_secrets import known_secrets
from llmops_cli.core.release import Release, release_id
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, BuildError, PreflightError, SecretFoundError
from llmops_cli.images.making import remote_images_of
from llmops_cli.images.remote_images import RemoteImages
from llmops_cli.secret_stores.file import FileStore
from llmops_cli.source import open_source
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.fixtures import MakeProject
from tests.fakes.azure.project import AzureProject
from tests.fakes.azure.registry import Registry
from tests.fakes.azure.tasks import SIGNATURE, Tasks
from tests.fakes.call import refusal
from tests.images.scan.planted import drawn

for package in ("azure.mgmt.containerregistry", "azure.mgmt.containerregistrytasks"):
    pytest.importorskip(package, reason=f"needs {package}")


@pytest.fixture
def tasks(azure: AzureCloud, azure_registry: Registry) -> Tasks:
    return Tasks(azure, azure_registry).start()


class Building:
    """A project whose images the registry builds, with secrets in files; no engine is there."""

    def __init__(self, project: AzureProject, folder: Path) -> None:
        self.project = project
        self.secrets = FileStore(folder / "secrets")
        self.lines: list[str] = []
        config = load(project.root)
        settings = config.targets["azure"]
        assert isinstance(settings, AzureTarget)
        account = Account(settings)
        images = remote_images_of(
            config,
            project.root,
            RegistryTasks(account, project.registry.host),
            self.secrets,
            logins_of(account, is_target=True),
        )
        assert isinstance(images, RemoteImages)
        self.images = images

    @property
    def release(self) -> Release:
        commit = open_source(self.project.root).commit()
        id = release_id(commit.sha)
        return Release(id, commit.sha, commit.tree, commit.committed_at, commit.subject)

    def build(self, **options: str) -> Image:
        return self.images.build(self.release, BuildOptions(**options), self.lines.append)

    def scan(self, image: Image) -> None:
        self.images.scan(image, known_secrets(self.secrets, self.release))

    def push(self, image: Image) -> Image:
        return self.images.push(image, self.release, self.lines.append)

    @property
    def tags(self) -> set[str]:
        return {tag for _, tag in self.project.registry.contents.tags}


@pytest.fixture
def building(
    azure_project: MakeProject,
    tasks: Tasks,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Building:
    project = azure_project("azure")
    text = (project.root / "llmops.toml").read_text()
    project.write(
        "llmops.toml",
        text.replace("[image]\n", '[image]\nbuilder = "acr"\nbase = "a.invalid/b:1"\n'),
    )
    project.commit("Build there")
    # As they are before anybody has built anything.
    project.registry.contents.tags.clear()
    project.registry.contents.manifests.clear()
    for name, value in {**project.environment, "PATH": "/usr/bin/nothing:" + _git()}.items():
        monkeypatch.setenv(name, value)
    return Building(project, tmp_path)


def _git() -> str:
    found = shutil.which("git")
    assert found
    return str(Path(found).parent)


def test_an_image_is_built_from_the_commit_searched_and_only_then_tagged(
    building: Building, tasks: Tasks
) -> None:
    release = building.release
    assert building.images.find(release) is None
    built = building.build()
    assert building.tags == {f"building-{release.id}"}
    assert building.images.find(release) is None
    assert building.images.built(release) == built
    building.scan(built)
    pushed = building.push(built)
    assert pushed.digest == built.digest
    assert building.tags == {f"building-{release.id}", release.id}
    assert building.images.find(release) == pushed
    assert building.push(built) == pushed
    assert "app/prompts/system.md" in tasks.context()
    [run] = tasks.runs.values()
    assert run.order["platform"] == {"os": "Linux", "architecture": "amd64"}
    assert [line for line in building.lines if line.startswith("Step 2/2")]


def test_the_digest_is_read_from_the_registry_where_a_run_does_not_say_it(
    building: Building, tasks: Tasks
) -> None:
    tasks.tells_digest = False
    built = building.build()
    assert built.digest == tasks.registry.contents.digest("demo", f"building-{building.release.id}")


def test_a_secret_in_the_commit_is_found_before_anything_is_sent(
    building: Building, tasks: Tasks, azure: AzureCloud
) -> None:
    value = drawn(40)
    building.secrets.write("OPENAI_API_KEY", Secret(value))
    building.project.write("prompts/notes.txt", f"the key is {value}\n")
    building.project.commit("Leak")
    before = len(azure.requests)
    with pytest.raises(SecretFoundError) as caught:
        building.build()
    assert "OPENAI_API_KEY: app/prompts/notes.txt" in caught.value.evidence
    assert value not in str(caught.value.as_dict())
    assert len(azure.requests) == before
    assert tasks.sources == {}


def test_a_secret_that_the_build_brings_deletes_the_image_again(
    building: Building, tasks: Tasks
) -> None:
    value = drawn(40)
    building.secrets.write("OPENAI_API_KEY", Secret(value))
    tasks.plants = {"cache/pip.conf": f"token={value}".encode()}
    built = building.build()
    with pytest.raises(SecretFoundError) as caught:
        building.scan(built)
    assert caught.value.exit_status == 13
    assert "OPENAI_API_KEY: app/cache/pip.conf" in caught.value.evidence
    assert "deleted from the registry again" in caught.value.state
    assert building.tags == set()


def test_an_image_that_may_not_be_deleted_again_is_told(building: Building, tasks: Tasks) -> None:
    value = drawn(40)
    building.secrets.write("OPENAI_API_KEY", Secret(value))
    tasks.plants = {"leak": value.encode()}
    built = building.build()
    tasks.registry.tokens.roles = {"AcrPush"}
    tasks.registry.tokens.access.clear()
    with pytest.raises(SecretFoundError) as caught:
        building.scan(built)
    assert f"still: {built.reference}" in caught.value.state
    assert building.images.find(building.release) is None


def test_a_build_that_was_interrupted_before_the_search_is_searched_by_the_next(
    building: Building, tasks: Tasks
) -> None:
    built = building.build()
    again = building.images.built(building.release)
    assert again == built
    building.project.change("You are terse.")
    assert building.images.built(building.release) is None


@pytest.mark.parametrize("ends", ["Failed", "Error", "Timeout", "Canceled"])
def test_a_build_that_fails_shows_the_end_of_its_log_without_signatures(
    building: Building, tasks: Tasks, ends: str
) -> None:
    tasks.ends, tasks.said = ends, f"failed to pull {SIGNATURE}"
    with pytest.raises(BuildError) as caught:
        building.build()
    assert caught.value.exit_status == 7
    assert "error: step 2 failed" in caught.value.evidence
    assert "signature-sentinel" not in str(caught.value.as_dict()) + "".join(building.lines)
    assert building.tags == set()


def test_a_build_that_takes_too_long_is_cancelled(building: Building, tasks: Tasks) -> None:
    tasks.looks = 10_000
    text = (building.project.root / "llmops.toml").read_text()
    building.project.write(
        "llmops.toml", re.sub("operation_seconds = .*", "operation_seconds = 0.5", text)
    )
    building.project.commit("Hurry")
    slow = Building(building.project, building.project.root.parent)
    with pytest.raises(BuildError, match="took too long"):
        slow.build()
    assert [run.status for run in tasks.runs.values()] == ["Canceled"]


def test_an_interrupted_build_is_cancelled(building: Building, tasks: Tasks) -> None:
    tasks.looks = 10_000

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        building.images.build(building.release, BuildOptions(), interrupt)
    assert [run.status for run in tasks.runs.values()] == ["Canceled"]


def test_storage_that_is_busy_is_asked_again_and_its_address_is_never_told(
    building: Building, tasks: Tasks
) -> None:
    tasks.refuses_upload = [503]
    assert building.build().digest
    tasks.refuses_upload = [503, 503, 500]
    building.project.change("You are terse.")
    with pytest.raises(BuildError, match="did not take the sources") as caught:
        building.build()
    assert "500" in caught.value.evidence
    assert "signature" not in str(caught.value.as_dict())


def test_who_may_not_build_there_is_told_so(building: Building, azure: AzureCloud) -> None:
    said = "no authorization for Microsoft.ContainerRegistry/registries/scheduleRun/action"
    azure.faults.on("registries_schedule_run", refusal(403, "AuthorizationFailed", said))
    with pytest.raises(AccessError) as caught:
        building.build()
    assert "scheduleRun/action" in caught.value.evidence


def test_a_build_asks_no_more_than_it_needs(building: Building, azure: AzureCloud) -> None:
    with azure.counting() as counted:
        building.build()
    assert {name: count for name, count in counted.items() if "entra" not in name} == {
        "registries_list": 1,
        "registries_get_build_source_upload_url": 1,
        "/tasks-source/": 1,
        "registries_schedule_run": 1,
        "runs_get": 2,
        "runs_get_log_sas_url": 1,
        "/tasks-logs/": 2,
    }


def test_a_registry_of_another_subscription_is_told(building: Building) -> None:
    builder = building.images.builder
    assert isinstance(builder, RegistryTasks)
    images = replace(building.images, builder=replace(builder, host="other.azurecr.io"))
    with pytest.raises(PreflightError, match=r"There is no registry other\.azurecr\.io"):
        images.build(building.release, BuildOptions(), quiet)


def test_another_builder_is_not_taken_by_the_way(building: Building) -> None:
    with pytest.raises(PreflightError, match="built by the registry"):
        building.build(builder="podman")
