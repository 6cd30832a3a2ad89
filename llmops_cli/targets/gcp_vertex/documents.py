"""What makes a release's version, and how it is deployed, for people to read."""

import json

from llmops_cli.core.release import Release
from llmops_cli.core.target import ReferringStore
from llmops_cli.targets.gcp_vertex.place import Place
from llmops_cli.targets.gcp_vertex.spec import deployed_model_of, model_of
from llmops_cli.targets.gcp_vertex.staging import references_of


def documents_of(place: Place, release: Release, secrets: ReferringStore) -> dict[str, str]:
    """Return both; the number of the version is Google's to give. No secret's value is in them."""
    model = model_of(place, release, references_of(secrets, release))
    deployed = deployed_model_of(place, release, "VERSION")
    return {
        "model.json": json.dumps({"parent": place.parent, "model": model}, indent=2) + "\n",
        "deployed_model.json": json.dumps(
            {"endpoint": place.endpoint, "deployed_model": deployed}, indent=2
        )
        + "\n",
    }
