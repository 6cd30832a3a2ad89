"""Which version of the model a release is, or is to become, and as what it is deployed."""

from llmops_cli.core.release import Candidate, Release
from llmops_cli.targets.gcp_vertex.endpoint import Deployed, Version
from llmops_cli.targets.gcp_vertex.place import Place, Seen
from llmops_cli.targets.gcp_vertex.variables import release_of
from llmops_cli.targets.shelved.book import Ledger


def candidate_of(place: Place, seen: Seen, release: Release) -> Candidate:
    """Name what a release runs as: a version that is there, or one that Google will number."""
    version = version_of(seen, release)
    return Candidate(release, f"{place.model_id}@{version.id if version else '(new)'}")


def version_of(seen: Seen, release: Release) -> Version | None:
    """Return the newest version that runs a release, with its image; None where there is none.

    Versions never change, so that one which was never live is as good as one that was.
    """
    for version in seen.versions:
        found = release_of(version)
        if found is not None and found.id == release.id and release.image in ("", found.image):
            return version
    return None


def deployed_of(seen: Seen, version: Version | None) -> Deployed | None:
    """Return as what a version is deployed, if it is."""
    if version is None or seen.endpoint is None:
        return None
    return seen.endpoint.of_version(version.id)


def recorded(seen: Seen, ledger: Ledger, release: str) -> Version | None:
    """Return the version that is on record for a release."""
    entry = ledger.entry(release)
    return seen.version(entry.at) if entry is not None else None


def releases_by_deployed(seen: Seen) -> dict[str, Release]:
    """Return the releases that are deployed, by the id of what they are deployed as."""
    found: dict[str, Release] = {}
    for one in seen.endpoint.deployed if seen.endpoint else ():
        version = seen.version(one.version)
        release = release_of(version) if version else None
        if release is not None:
            found[one.id] = release
    return found
