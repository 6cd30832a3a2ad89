"""Waits for a revision's own word, and its API's, for "Succeeded" says nothing of either."""

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready, read_release
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.check import Verdict
from llmops_cli.core.release import Release
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_containerapp import evidence
from llmops_cli.targets.azure_containerapp.app import Revision
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.variables import release_of

_FAILED_STATES = frozenset({"failed", "degraded"})
_UNSETTLED_STATES = frozenset({"provisioning", "processing", "activating", "stopped", "unhealthy"})
_ANSWER_SECONDS = 5.0


def wait_until_ready(place: Place, name: str, release: Release) -> Revision:
    """Wait until a revision is ready and its API says so itself, at the revision's own address.

    Raises:
        DeployError: it fails, or is not ready in time; the evidence is what Azure and the
            container say.
    """
    seconds = place.configured.ready_seconds
    last = "Azure says nothing of it."
    for _passed in pauses(seconds):
        revision = place.read_revision(name)
        if revision is None:
            continue
        require_made(revision, release)
        if broken(revision):
            raise _sick(place, name, release.id, described(revision))
        last = described(revision)
        if is_settled(revision):
            last = why_not_ready(revision, release.id)
            if not last:
                return revision
    raise _sick(place, name, release.id, f"Not ready after {seconds:g} s: {last}")


def require_made(revision: Revision, release: Release) -> None:
    """Make sure that a revision is the one that was asked for.

    Raises:
        DeployError: Azure has kept an old one of that name, and changed nothing.
    """
    found = release_of(revision)
    is_it = found is not None and found.id == release.id
    if not is_it or (found is not None and release.image not in ("", found.image)):
        raise DeployError(
            f"Azure has not made a revision for {release.id}, and said that it has.",
            evidence=f"{revision.name} was there before and runs "
            f"{found.id if found else 'no release of ours'}.",
            next_step="llmops deploy, which asks for a revision of another name",
        )


def broken(revision: Revision) -> bool:
    """Whether Azure has given a revision up, or its replicas fail one after the other."""
    states = {revision.provisioning, revision.running}
    return bool(revision.error) or bool(states & _FAILED_STATES)


def is_settled(revision: Revision) -> bool:
    """Whether nothing that Azure says speaks against asking the API. It may say nothing at all."""
    states = {revision.provisioning, revision.running, revision.health}
    return revision.is_active and bool(revision.fqdn) and not states & _UNSETTLED_STATES


def why_not_ready(revision: Revision, release: str) -> str:
    """Return why a revision cannot be given traffic; nothing where its API is ready."""
    with open_client(f"https://{revision.fqdn}", _ANSWER_SECONDS) as client:
        finding = ask_ready(client)
        if finding.verdict is not Verdict.PASSED:
            return finding.evidence
        answered = read_release(client)
    # An image of others names no release.
    return "" if answered in (release, None) else f"{answered} answers in its place"


def described(revision: Revision) -> str:
    """Return what Azure says of a revision, in one line."""
    states = {
        "provisioning": revision.provisioning,
        "running": revision.running,
        "health": revision.health,
        "replicas": "" if revision.replicas is None else str(revision.replicas),
    }
    told = ", ".join(f"{key} {value}" for key, value in states.items() if value)
    error = f" {revision.error}" if revision.error else ""
    return f"{told or 'Azure names no state'}.{error}"


def _sick(place: Place, name: str, release: str, what: str) -> DeployError:
    return DeployError(
        f"{release} does not come up.",
        evidence="\n".join([what, *evidence.of(place, name)]),
        next_step="Mend it, commit, and: llmops deploy",
    )
