"""A release as the environment of its container, and a release read back from one.

A task definition never changes, so its environment is the record of what it runs.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError

RELEASE, COMMIT, RECORD = "LLMOPS_RELEASE", "LLMOPS_COMMIT", "LLMOPS_RECORD"
#: The folder of the API's data; it is as short-lived as the task.
DATA_FOLDER = "/data"
_OURS = frozenset({RELEASE, COMMIT, RECORD, "LLMOPS_VERSION", "LLMOPS_DATA_DIR"})


def variables_of(release: Release) -> dict[str, str]:
    """Return the environment of a release, but for its secrets.

    Raises:
        PreflightError: a secret has the name of a setting; ECS does not say which it takes then.
    """
    ours = {
        RELEASE: release.id,
        COMMIT: release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": DATA_FOLDER,
        RECORD: _record(release),
    }
    both = Counter([*ours, *release.settings, *release.secret_versions])
    twice = sorted(name for name, times in both.items() if times > 1)
    if twice:
        raise PreflightError(
            f"{', '.join(twice)} is set twice.",
            evidence="A secret or a setting has the name of another.",
            state="Nothing was changed.",
            next_step="Rename it in llmops.toml and commit.",
        )
    return {**ours, **release.settings}


def release_from(variables: Mapping[str, str], image: str) -> Release | None:
    """Return the release that an environment is of, or None where it is none of ours."""
    try:
        record = json.loads(variables[RECORD])
        return Release(
            id=variables[RELEASE],
            commit=variables[COMMIT],
            tree=record["tree"],
            committed_at=datetime.fromisoformat(record["committed_at"]),
            subject=record["subject"],
            settings={name: text for name, text in variables.items() if name not in _OURS},
            secret_versions=record["secrets"],
            image=image,
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
