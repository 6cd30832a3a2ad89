"""A release as the environment of its container, and a release read back from one.

A revision never changes, so its environment is the record of what it runs.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.targets.azure_containerapp.app import Revision, containers_of

RELEASE, COMMIT, RECORD = "LLMOPS_RELEASE", "LLMOPS_COMMIT", "LLMOPS_RECORD"
#: The folder of the API's data; without a volume it is as short-lived as the container.
DATA_FOLDER = "/data"
_OURS = frozenset({RELEASE, COMMIT, RECORD, "LLMOPS_VERSION", "LLMOPS_DATA_DIR"})


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
    ours = {
        RELEASE: release.id,
        COMMIT: release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": DATA_FOLDER,
    }
    values = [*ours.items(), *release.settings.items(), (RECORD, _record(release))]
    found = [Variable(name, value) for name, value in values]
    found += [Variable(name, secret=secret) for name, secret in secrets.items()]
    twice = [name for name, times in Counter(one.name for one in found).items() if times > 1]
    if twice:
        raise PreflightError(
            f"{', '.join(sorted(twice))} is set twice.",
            evidence="A secret or a setting has the name of another.",
            state="Nothing was changed.",
            next_step="Rename it in llmops.toml and commit.",
        )
    return tuple(found)


def release_of(revision: Revision) -> Release | None:
    """Return the release that a revision runs, or None where it is none of ours."""
    container = container_of(revision.template)
    if container is None:
        return None
    found = {one.name: one for one in _variables(container)}
    try:
        record = json.loads(found[RECORD].value)
        return Release(
            id=found[RELEASE].value,
            commit=found[COMMIT].value,
            tree=record["tree"],
            committed_at=datetime.fromisoformat(record["committed_at"]),
            subject=record["subject"],
            settings={
                name: one.value
                for name, one in found.items()
                if name not in _OURS and not one.secret
            },
            secret_versions=record["secrets"],
            image=str(container.get("image") or ""),
        )
    except (KeyError, TypeError, ValueError):
        return None


def container_of(template: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the container of a template that runs a release of ours."""
    for container in containers_of(template):
        if any(variable.name == RELEASE for variable in _variables(container)):
            return container
    return None


def _variables(container: Mapping[str, Any]) -> Iterator[Variable]:
    for found in container.get("env") or ():
        yield Variable(
            str(found.get("name") or ""),
            str(found.get("value") or ""),
            str(found.get("secretRef") or ""),
        )


def _record(release: Release) -> str:
    """Return what of a release no other variable says."""
    document = {
        "tree": release.tree,
        "committed_at": release.committed_at.isoformat(),
        "subject": release.subject,
        "secrets": dict(release.secret_versions),
    }
    return json.dumps(document, separators=(",", ":"))
