"""A project with infrastructure, the cloud that Terraform changes, and the account of the state."""

import contextlib
import copy
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra.blobs import Blob, Blobs, serving_blobs
from tests.infra.provider.schema import hashicorp_time
from tests.infra.provider.world import SUBSCRIPTION, TENANT, World
from tests.project import Project, Run

CLIENT_SECRET = "a-client-secret-that-nobody-may-see"
#: Everything that can be switched on.
ALL = """
repository = "acme/chat"
owner_id = 4711
repository_id = 815
alert_email = "operators@example.com"
monthly_budget = 100
[targets.{target}.infra.postgres]
[targets.{target}.infra.redis]
[targets.{target}.infra.service_bus]
"""


@dataclass
class Site:
    """A project, and what it stands on."""

    project: Project
    world: World
    blobs: Blobs
    target: str

    @property
    def folder(self) -> Path:
        """Where the infrastructure is described."""
        return self.project.root / "infra" / self.target

    @property
    def toml(self) -> str:
        """The project file."""
        return (self.project.root / "llmops.toml").read_text()

    def terraform(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Terraform by hand, in the folder."""
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.project.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def add(self, lines: str) -> None:
        """Add lines to the end of the project file, which is the table of the infrastructure."""
        with (self.project.root / "llmops.toml").open("a") as file:
            file.write(lines.format(target=self.target))

    def add_top(self, lines: str) -> None:
        """Put lines into the table of the infrastructure itself, instead of those it has."""
        names = tuple(line.partition("=")[0] for line in lines.splitlines())
        kept = [line for line in self.toml.splitlines() if not line.startswith(names)]
        text = "\n".join(kept) + "\n"
        header = f"[targets.{self.target}.infra]\n"
        self.project.write("llmops.toml", text.replace(header, header + lines, 1))


@contextmanager
def made_site(schema: Mapping[str, Any], root: Path, kind: str) -> Iterator[Site]:
    """Make a project of that kind, a cloud without anything in it, and an empty account."""
    from tests.infra.provider.server import Provider, serving

    world = World()
    providers = {
        "hashicorp/azurerm": Provider(schema, world),
        "hashicorp/time": Provider(hashicorp_time(), world),
    }
    with contextlib.ExitStack() as stack:
        addresses = stack.enter_context(serving(providers))
        blobs = stack.enter_context(serving_blobs(root))
        project = Project(root / f"{kind}-chat", 0)
        project.environment |= {
            **blobs.environment,
            "TF_REATTACH_PROVIDERS": addresses,
            "TF_CLI_CONFIG_FILE": os.devnull,
            "AZURE_CLIENT_ID": "12121212-3434-5656-7878-909090909090",
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        }
        project.root.mkdir()
        project.write("llmops.toml", _PROJECT.format(target=kind))
        yield Site(project, world, blobs, kind)


_PROJECT = f"""\
# What we serve.
name = "chat"

[targets.{{target}}]                # in Europe
subscription = "{SUBSCRIPTION}"     # that of the team
tenant = "{TENANT}"
keep = 3

[targets.{{target}}.infra]
location = "westeurope"
"""


@dataclass(frozen=True)
class Seed:
    """A site after its first apply, kept so that each test can begin there."""

    folder: Path
    world: World
    held: Mapping[str, Blob]
    run: Run

    def plant(self, site: Site) -> None:
        """Make a site that is still empty equal to this one."""
        shutil.copytree(self.folder, site.project.root, dirs_exist_ok=True)
        site.world.objects |= copy.deepcopy(self.world.objects)
        site.world.secrets |= self.world.secrets
        site.blobs.held |= copy.deepcopy(dict(self.held))


def seed_of(site: Site, folder: Path, more: str = "") -> Seed:
    """Apply everything that can be switched on, and keep what came of it."""
    site.add(ALL + more)
    run = site.project.ok("infra", "apply", "--yes")
    shutil.copytree(site.project.root, folder)
    return Seed(folder, site.world, dict(site.blobs.held), run)
