"""An app, its vault and a project, as tests use them together."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.project import AzureProject, make_azure_project
from tests.fakes.azure.registry import Registry, Tokens
from tests.fakes.azure.vault import Vault
from tests.fakes.azure.web import CLIENT, IDENTITY, WebApps
from tests.fakes.registry_contents import Contents
from tests.project import API_KEY, Run

KIND = "azure"
_TARGET = f'identity = "{IDENTITY}"\nidentity_client_id = "{CLIENT}"\n'


@dataclass
class Stage:
    """What a test looks at: the cloud and the app on it, the vault, and the project."""

    cloud: AzureCloud
    vault: Vault
    registry: Registry
    app: WebApps
    project: AzureProject = field(init=False)

    @classmethod
    def of(cls, cloud: AzureCloud, registry: Registry, **of_app: Any) -> "Stage":
        """Make the app; images are pulled from the registry."""
        vault = Vault(cloud.url)
        cloud.register(vault.handlers())
        # Its images are those of the seed; its tokens are of the Entra ID of this cloud.
        registry.tokens = Tokens(cloud.entra)

        def refuses(image: str) -> str | None:
            repository, _at, digest = image.removeprefix(f"{registry.host}/").partition("@")
            is_there = registry.contents.digest(repository, digest)
            return None if is_there else f"manifest unknown: {image}"

        cloud.containers.refuses = refuses
        # Containers of the fake are processes without the project's files.
        cloud.containers.script("", environment={"LLMOPS_SYSTEM_PROMPT_FILE": ""})
        return cls(cloud, vault, registry, WebApps(cloud, vault, **of_app))

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
        file = stage.project.root / "llmops.toml"
        text = file.read_text().replace("operation_seconds = 20", "operation_seconds = 4")
        stage.project.write("llmops.toml", text.replace("ready_seconds = 15", "ready_seconds = 7"))
        stage.project.commit("Short waits")
        return stage

    @property
    def commits(self) -> list[str]:
        """The release ids of the project's commits, the oldest first, but for one without use."""
        found = self.project.git("rev-list", "--reverse", "HEAD").split()[1:]
        return [line[:12] for line in found]

    @property
    def locks(self) -> list[str]:
        """What is left of locks in the deployment logs."""
        sides = (self.app.production, self.app.slot)
        ids = [id for side in sides for id in side.kudu.entries]
        return [id for id in ids if "lock" in id or "beat" in id]

    def status(self) -> dict[str, Any]:
        """What `llmops status` says."""
        return self.project.ok("status", "--json").document

    def error(self, run: Run) -> dict[str, str]:
        """The error that a command ended with."""
        found: dict[str, str] = run.document["error"]
        return found


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
        images = copy.deepcopy(stage.registry.contents)
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
