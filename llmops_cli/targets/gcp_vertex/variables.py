"""The environment of a release's container, from which the release can be read again."""

import json
from collections.abc import Mapping
from datetime import datetime

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.targets.gcp_vertex.endpoint import Version

RELEASE, COMMIT, RECORD = "LLMOPS_RELEASE", "LLMOPS_COMMIT", "LLMOPS_RECORD"
#: Where the container learns which versions of which secrets it has to fetch; see `serve/vertex`.
REFERENCES = "LLMOPS_SECRET_REFERENCES"
MANAGER = "LLMOPS_SECRET_MANAGER"
#: The folder of the API's data; it is as short-lived as the container.
_DATA_FOLDER = "/data"
_OURS = frozenset({RELEASE, COMMIT, RECORD, REFERENCES, "LLMOPS_VERSION", "LLMOPS_DATA_DIR"})
#: The most that Google takes.
MOST = 200


def variables_of(release: Release, references: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a release; ``references`` names versions of its secrets.

    Raises:
        PreflightError: a name is there twice.
    """
    ours = {
        RELEASE: release.id,
        COMMIT: release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": _DATA_FOLDER,
        RECORD: _record(release),
    }
    if references:
        ours[REFERENCES] = json.dumps(dict(references), separators=(",", ":"))
    twice = sorted({*ours, *references} & set(release.settings))
    if twice:
        raise PreflightError(
            f"{', '.join(twice)} is set twice.",
            evidence="A secret or a setting has the name of another.",
            state="Nothing was changed.",
            next_step="Rename it in llmops.toml and commit.",
        )
    return {**ours, **release.settings}


def release_of(version: Version) -> Release | None:
    """Return the release that a version runs, or None where it is none of ours."""
    found = version.environment
    try:
        record = json.loads(found[RECORD])
        return Release(
            id=found[RELEASE],
            commit=found[COMMIT],
            tree=record["tree"],
            committed_at=datetime.fromisoformat(record["committed_at"]),
            subject=record["subject"],
            settings={name: text for name, text in found.items() if name not in _OURS},
            secret_versions=record["secrets"],
            image=version.image,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _record(release: Release) -> str:
    """Return what of a release no other variable says."""
    document = {
        "tree": release.tree,
        "committed_at": release.committed_at.isoformat(),
        "subject": release.subject,
        "secrets": dict(release.secret_versions),
    }
    return json.dumps(document, separators=(",", ":"))
