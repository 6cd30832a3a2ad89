"""A project on Google Cloud, the cloud that Terraform changes, and the bucket of the state."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra.buckets import Buckets, serving_buckets
from tests.infra.provider.world import World
from tests.project import Project

PROJECT, NUMBER = "acme-chat-123", "123456789012"
_REGION = "europe-west4"
_FILE = f"""\
# What we serve.
name = "chat"

[targets.{{kind}}]                  # in the Netherlands
project = "{PROJECT}"
location = "{_REGION}"

[targets.{{kind}}.infra]
"""
#: Everything that can be switched on.
ALL = """\
repository = "acme/chat"
owner_id = 4711
repository_id = 815
github_environments = ["production"]
alert_email = "operators@example.com"
monthly_budget = 100
billing_account = "012345-6789AB-CDEF01"
"""


class Google(World):
    """What Google says of what it made."""

    def data(self, kind: str) -> dict[str, Any]:
        """Return what a data source of that type says."""
        return {"google_project": {"id": f"projects/{PROJECT}", "number": NUMBER}}[kind]

    def computed(self, kind: str, attribute: str, given: dict[str, Any]) -> Any:
        """Return what Google says of a resource that it made."""
        if kind == "google_service_account":
            email = f"{given['account_id']}@{PROJECT}.iam.gserviceaccount.com"
            name = f"projects/{PROJECT}/serviceAccounts/{email}"
            said = {"email": email, "member": f"serviceAccount:{email}", "name": name, "id": name}
            if attribute in said:
                return said[attribute]
        if kind == "google_artifact_registry_repository" and attribute == "name":
            return given["repository_id"]
        pool = f"projects/{NUMBER}/locations/global/workloadIdentityPools/"
        if kind.startswith("google_iam_workload_identity_pool") and attribute == "name":
            own = given.get("workload_identity_pool_provider_id")
            end = f"/providers/{own}" if own else ""
            return pool + given["workload_identity_pool_id"] + end
        return super().computed(kind, attribute, given)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return every object of a type."""
        mark = f"/providers/Stub/{kind}/"
        return [held for held in self.objects.values() if mark in held["id"]]


@dataclass
class GcpSite:
    """A project, and what it stands on."""

    project: Project
    world: Google
    buckets: Buckets
    kind: str

    @property
    def toml(self) -> str:
        """The project file."""
        return (self.project.root / "llmops.toml").read_text()


@contextmanager
def made_gcp_site(
    schema: Mapping[str, Any], root: Path, kind: str, lines: str = ALL
) -> Iterator[GcpSite]:
    """Make a project of that kind, and a cloud without anything in it."""
    from tests.infra.provider.server import Provider, serving

    world = Google()
    with ExitStack() as stack:
        addresses = stack.enter_context(serving({"hashicorp/google": Provider(schema, world)}))
        buckets = stack.enter_context(serving_buckets())
        project = Project(root / f"{kind}-chat", 0)
        project.environment |= {
            **buckets.environment,
            "TF_REATTACH_PROVIDERS": addresses,
            "TF_CLI_CONFIG_FILE": os.devnull,
        }
        project.root.mkdir()
        project.write("llmops.toml", _FILE.format(kind=kind) + lines)
        yield GcpSite(project, world, buckets, kind)
