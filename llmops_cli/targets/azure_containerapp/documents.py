"""The change that makes a release's revision, for people to read; no secret's value is in it."""

import json
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.targets.azure_containerapp import secrets
from llmops_cli.targets.azure_containerapp.place import Place, Seen
from llmops_cli.targets.azure_containerapp.staging import candidate_of, registries_with, shape_of
from llmops_cli.targets.azure_containerapp.template import template_of


def documents_of(place: Place, seen: Seen, release: Release) -> dict[str, str]:
    """Return the body of the change, as far as it does not depend on what others have set."""
    candidate = candidate_of(place, seen, release)
    suffix = candidate.name.removeprefix(f"{place.app}--")
    references = secrets.references_of(place.configured, release)
    present = seen.app.template if seen.app else {}
    body: dict[str, Any] = {
        "properties": {
            "configuration": {
                "activeRevisionsMode": "Multiple",
                "ingress": {"targetPort": place.port},
                "registries": registries_with(place, release, ()) or [],
                "secrets": secrets.documents_of(references, {}),
            },
            "template": template_of(shape_of(place), release, suffix, present),
        }
    }
    return {"containerapp.json": json.dumps(body, indent=2) + "\n"}
