"""The task definition of a release, for people to read; no secret's value is in it."""

import json

from llmops_cli.core.release import Release
from llmops_cli.targets.aws_ecs.changing import configuration_of, wanted
from llmops_cli.targets.aws_ecs.definition import definition_of
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service


def documents_of(place: Place, service: Service | None, release: Release) -> dict[str, str]:
    """Return what is registered for a release, and how the service is then told to deploy it."""
    found = {"task-definition.json": definition_of(place.shape(service), release)}
    if service is not None:
        found["service.json"] = {
            "cluster": place.cluster,
            "service": place.name,
            "taskDefinition": place.family,
            "desiredCount": wanted(place, service),
            "deploymentConfiguration": configuration_of(place, service, pauses=place.is_blue_green),
        }
    return {name: json.dumps(text, indent=2) + "\n" for name, text in found.items()}
