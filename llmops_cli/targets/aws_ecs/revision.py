"""A revision of a task definition, read from what AWS answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.targets.aws_ecs.service import tags_from
from llmops_cli.targets.variables import RELEASE, release_from

#: Tags of a revision: the release, what exactly was asked for, since when it counts, its names.
RELEASE_TAG, ASKED_TAG = "llmops:release", "llmops:definition"
LIVE_TAG, NAMES_TAG = "llmops:live-since", "llmops:names"
#: How many tasks it had when an operator stopped it. Terraform would remove a tag of the service.
STOPPED_TAG = "llmops:stopped"


@dataclass(frozen=True)
class Revision:
    """One revision. ``image`` and ``variables`` are those of the container that is ours."""

    arn: str
    is_active: bool
    image: str = ""
    registered: datetime | None = None
    variables: Mapping[str, str] = field(default_factory=dict, compare=False)
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def title(self) -> str:
        """Its family and number."""
        return self.arn.rpartition("/")[2]

    @property
    def release(self) -> Release | None:
        """The release that it runs, or None where it is none of ours."""
        return release_from(self.variables, self.image)

    @property
    def live_since(self) -> datetime | None:
        """When its release was put on record; None where it never was."""
        try:
            return datetime.fromisoformat(self.tags.get(LIVE_TAG, "")).astimezone(UTC)
        except ValueError:
            return None

    @property
    def names(self) -> tuple[str, ...]:
        """The names that were given to its release."""
        return tuple(self.tags.get(NAMES_TAG, "").split())

    @property
    def stopped_with(self) -> int:
        """How many tasks it had when an operator stopped it; 0 where nobody has."""
        text = self.tags.get(STOPPED_TAG, "")
        return int(text) if text.isdecimal() else 0

    @property
    def is_pinned(self) -> bool:
        """Whether its image is named by digest, and so always the same."""
        return "@sha256:" in self.image


def revision_from(answer: Mapping[str, Any]) -> Revision:
    """Read a revision from AWS's answer."""
    document: Mapping[str, Any] = answer["taskDefinition"]
    container = _ours(document)
    variables = container.get("environment") or ()
    return Revision(
        arn=str(document["taskDefinitionArn"]),
        is_active=document.get("status") == "ACTIVE",
        image=str(container.get("image") or ""),
        registered=document.get("registeredAt"),
        variables={str(one.get("name")): str(one.get("value") or "") for one in variables},
        tags=tags_from(answer.get("tags") or ()),
    )


def _ours(document: Mapping[str, Any]) -> Mapping[str, Any]:
    containers: Sequence[Mapping[str, Any]] = document.get("containerDefinitions") or ({},)
    for container in containers:
        if any(one.get("name") == RELEASE for one in container.get("environment") or ()):
            return container
    return containers[0]
