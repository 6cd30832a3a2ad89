"""The secrets of a release as Cloud Run takes them, and the release that a revision runs."""

from llmops_cli.core.release import Release
from llmops_cli.core.target import ReferringStore
from llmops_cli.targets.gcp_run.service import Revision
from llmops_cli.targets.variables import release_from

#: Variables that Cloud Run sets itself, and refuses from others.
RESERVED = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB"})


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
    values = {one.name: one.value for one in revision.variables if not one.secret}
    return release_from(values, revision.image)
