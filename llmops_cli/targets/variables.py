"""A release as the environment of its container, and a release read back from one.

What a cloud keeps of a release never changes, so its environment is the record of what it runs.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError

RELEASE, COMMIT, RECORD = "LLMOPS_RELEASE", "LLMOPS_COMMIT", "LLMOPS_RECORD"
#: The folder of the API's data; without a volume it is as short-lived as the container.
DATA_FOLDER = "/data"
_OURS = frozenset({RELEASE, COMMIT, RECORD, "LLMOPS_VERSION", "LLMOPS_DATA_DIR"})


def variables_of(release: Release, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a release, but for its secrets; ``more`` is what a place adds.

    Raises:
        PreflightError: a name is there twice; clouds do not say which they take then.
    """
    ours = {
        RELEASE: release.id,
        COMMIT: release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": DATA_FOLDER,
        **(more or {}),
    }
    names = Counter([*ours, RECORD, *release.settings, *release.secret_versions])
    twice = sorted(name for name, times in names.items() if times > 1)
    if twice:
        raise PreflightError(
            f"{', '.join(twice)} is set twice.",
            evidence="A secret or a setting has the name of another.",
            state="Nothing was changed.",
            next_step="Rename it in llmops.toml and commit.",
        )
    return {**ours, **release.settings, RECORD: _record(release)}


def release_from(
    variables: Mapping[str, str], image: str, more: frozenset[str] = frozenset()
) -> Release | None:
    """Return the release that an environment is of, or None where it is none of ours.

    ``variables`` are those that are no secrets; ``more`` names those that the place adds.
    """
    try:
        record = json.loads(variables[RECORD])
        return Release(
            id=variables[RELEASE],
            commit=variables[COMMIT],
            tree=record["tree"],
            committed_at=datetime.fromisoformat(record["committed_at"]),
            subject=record["subject"],
            settings={name: text for name, text in variables.items() if name not in _OURS | more},
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
