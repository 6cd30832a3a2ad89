"""The environment of a release as Container Apps takes it, and the release that a revision runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.targets import variables
from llmops_cli.targets.azure_containerapp.app import Revision, containers_of


@dataclass(frozen=True)
class Variable:
    """A variable of a container: its value, or the name of the app's secret that holds it."""

    name: str
    value: str = ""
    secret: str = ""

    def document(self) -> dict[str, str]:
        """Return it as Azure takes it."""
        if self.secret:
            return {"name": self.name, "secretRef": self.secret}
        return {"name": self.name, "value": self.value}


def variables_of(release: Release, secrets: Mapping[str, str]) -> tuple[Variable, ...]:
    """Return the environment of a release; ``secrets`` maps its secrets to those of the app.

    Raises:
        PreflightError: a name is there twice; Azure then makes no revision and does not say so.
    """
    values = variables.variables_of(release)
    return (
        *(Variable(name, value) for name, value in values.items()),
        *(Variable(name, secret=secret) for name, secret in secrets.items()),
    )


def release_of(revision: Revision) -> Release | None:
    """Return the release that a revision runs, or None where it is none of ours."""
    container = container_of(revision.template)
    if container is None:
        return None
    values = {one.name: one.value for one in _variables(container) if not one.secret}
    return variables.release_from(values, str(container.get("image") or ""))


def container_of(template: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the container of a template that runs a release of ours."""
    for container in containers_of(template):
        if any(one.name == variables.RELEASE for one in _variables(container)):
            return container
    return None


def _variables(container: Mapping[str, Any]) -> Iterator[Variable]:
    for found in container.get("env") or ():
        yield Variable(
            str(found.get("name") or ""),
            str(found.get("value") or ""),
            str(found.get("secretRef") or ""),
        )
