"""A release as the environment of its container, and a release read back from one.

A revision never changes, so its environment is the record of what it runs.
"""

import json
from collections import Counter
from datetime import datetime

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.core.target import ReferringStore
from llmops_cli.errors import PreflightError
from llmops_cli.targets.gcp_run.service import Revision

RELEASE, COMMIT, RECORD = "LLMOPS_RELEASE", "LLMOPS_COMMIT", "LLMOPS_RECORD"
#: Variables that Cloud Run sets itself, and refuses from others.
RESERVED = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB"})
#: The folder of the API's data, which is in the memory of an instance.
DATA_FOLDER = "/data"
_OURS = frozenset({RELEASE, COMMIT, RECORD, "LLMOPS_VERSION", "LLMOPS_DATA_DIR"})


def values_of(release: Release) -> dict[str, str]:
    """Return the variables of a release that are no secrets.

    Raises:
        PreflightError: a name is there twice.
    """
    ours = {
        RELEASE: release.id,
        COMMIT: release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": DATA_FOLDER,
        RECORD: _record(release),
    }
    names = Counter([*ours, *release.settings, *release.secret_versions])
    twice = sorted(name for name, times in names.items() if times > 1)
    if twice:
        raise PreflightError(
            f"{', '.join(twice)} is set twice.",
            evidence="A secret or a setting has the name of another.",
            state="Nothing was changed.",
            next_step="Rename it in llmops.toml and commit.",
        )
    return {**ours, **release.settings}


def references_of(release: Release, secrets: ReferringStore) -> dict[str, tuple[str, str]]:
    """Return the secrets of a release: by variable, the secret's id and the version's number."""
    found = {}
    for name, version in release.secret_versions.items():
        secret, _, number = secrets.reference(name, version).rpartition("/versions/")
        # One of the same project goes by its id alone.
        found[name] = (secret.rpartition("/")[2], number)
    return found


def release_of(revision: Revision) -> Release | None:
    """Return the release that a revision runs, or None where it is none of ours."""
    found = {one.name: one for one in revision.variables}
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
            image=revision.image,
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
