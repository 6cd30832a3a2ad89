"""Makes the container app itself, for the first release of a project that has none yet."""

from typing import Any

from llmops_cli.clouds.azure.account import required
from llmops_cli.clouds.azure.patience import polling
from llmops_cli.clouds.azure.trouble import told
from llmops_cli.core.release import Candidate
from llmops_cli.errors import LockedError
from llmops_cli.targets.azure_containerapp import secrets
from llmops_cli.targets.azure_containerapp.lock import Lease, held_by, lease_of, with_lease
from llmops_cli.targets.azure_containerapp.place import Environment, Place
from llmops_cli.targets.azure_containerapp.staging import counted, registries_with, shape_of
from llmops_cli.targets.azure_containerapp.template import template_of


def create(place: Place, candidate: Candidate, lease: Lease | None) -> None:
    """Make the app with the release as its first revision, which has the traffic: nothing else has.

    Raises:
        LockedError: somebody else has made it meanwhile.
        DeployError, AccessError: Azure does not.
    """
    there = place.read_app()
    if there is not None:
        found = lease_of(there.tags)
        raise (
            held_by(found)
            if found
            else LockedError(
                f"Somebody else has made the app {place.app} meanwhile.", next_step="llmops deploy"
            )
        )
    environment = place.environment()
    assert environment is not None
    document: Any = body(place, environment, candidate)
    tags = counted(place, candidate, {})
    document["tags"] = with_lease(lease, tags) if lease else tags
    with told(f"make the container app {place.app}"):
        place.client.container_apps.begin_create_or_update(
            place.group,
            place.app,
            document,
            polling=polling(place.configured.operation_seconds),
        ).result()


def body(place: Place, environment: Environment, candidate: Candidate) -> dict[str, Any]:
    """Return the whole of an app that nobody has made yet."""
    release, identity = candidate.release, required(place.configured.identity, "identity")
    suffix = candidate.name.removeprefix(f"{place.app}--")
    needed = secrets.references_of(place.configured, release)
    return {
        "location": environment.location,
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "properties": {
            "environmentId": environment.id,
            "configuration": {
                "activeRevisionsMode": "Multiple",
                "maxInactiveRevisions": 100,
                "ingress": {
                    "external": True,
                    "allowInsecure": False,
                    "targetPort": place.port,
                    "transport": "auto",
                    "traffic": [{"revisionName": candidate.name, "weight": 100}],
                },
                "secrets": secrets.documents_of(needed, {}),
                "registries": registries_with(place, release, ()) or [],
            },
            "template": template_of(shape_of(place), release, suffix, {}),
        },
    }
