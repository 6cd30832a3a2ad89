"""An app, its vault and a project, as tests use them together."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.azure.apps import ContainerApps
from tests.fakes.azure.apps_state import IDENTITY
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.project import AzureProject, make_azure_project
from tests.fakes.azure.registry import Registry
from tests.fakes.azure.vault import Vault
from tests.fakes.registry_contents import Contents
from tests.project import API_KEY, Run

KIND = "azure-containerapp"
_TARGET = f'identity = "{IDENTITY}"\nenvironment = "cae-demo"\ndrain_seconds = 5\n'


@dataclass
class Stage:
    """What a test looks at: the cloud and the app on it, the vault, and the project."""

    cloud: AzureCloud
    vault: Vault
    app: ContainerApps
    project: AzureProject = field(init=False)

    @classmethod
    def of(cls, cloud: AzureCloud, registry: Registry, **of_app: Any) -> "Stage":
        """Make the app; images are pulled from the registry."""
        vault = Vault(cloud.url)
        cloud.register(vault.handlers())

        def refuses(image: str) -> str | None:
            repository, _at, digest = image.removeprefix(f"{registry.host}/").partition("@")
            is_there = registry.contents.digest(repository, digest)
            return None if is_there else f"manifest unknown: {image}"

        cloud.containers.refuses = refuses
        return cls(cloud, vault, ContainerApps(cloud, vault, **of_app))

    @classmethod
    def new(
        cls, cloud: AzureCloud, registry: Registry, root: Path, *, target: str = "", **of_app: Any
    ) -> "Stage":
        """Make the app and a project of one commit, with more lines of its target."""
        stage = cls.of(cloud, registry, **of_app)
        stage.vault.put("llmops-api-key", API_KEY)
        stage.project = make_azure_project(
            root, cloud, registry, kind=KIND, target=_TARGET + target
        )
        return stage

    @property
    def commits(self) -> list[str]:
        """The release ids of the project's commits, the oldest first."""
        return [line[:12] for line in self.project.git("rev-list", "--reverse", "HEAD").split()]

    def configure(self, **lines: object) -> str:
        """Change keys of the target, and commit; return the release."""
        file = self.project.root / "llmops.toml"
        text = file.read_text()
        for key, value in lines.items():
            kept = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
            at = next(i for i, line in enumerate(kept) if line.startswith("tenant ="))
            kept.insert(at, f"{key} = {value}")
            text = "\n".join(kept) + "\n"
        file.write_text(text)
        return self.project.commit("Configure")

    def status(self) -> dict[str, Any]:
        """What `llmops status` says."""
        return self.project.ok("status", "--json").document


@dataclass
class Seed:
    """What is copied for every test: the app, the vault, the project's folder."""

    app: dict[str, Any]
    kept: dict[str, Any]
    images: Contents
    project: AzureProject

    @classmethod
    def of(cls, stage: Stage) -> "Seed":
        """Take what there is now."""
        images = copy.deepcopy(stage.project.registry.contents)
        return cls(stage.app.seeded(), copy.deepcopy(stage.vault.kept), images, stage.project)

    def copy(self, root: Path, cloud: AzureCloud, registry: Registry, **of_app: Any) -> Stage:
        """Return a copy of it, in which the releases answer already."""
        registry.contents = copy.deepcopy(self.images)
        stage = Stage.of(cloud, registry, **of_app)
        stage.vault.kept = copy.deepcopy(self.kept)
        stage.project = self.project.copy(root, cloud, registry)
        stage.app.seed(self.app)
        cloud.containers.warm()
        return stage


def error_of(run: Run) -> dict[str, str]:
    """The error that a command ended with."""
    found: dict[str, str] = run.document["error"]
    return found
