"""Waits for a revision's own word, and its API's: Google's alone says nothing of the release."""

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready, read_release
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.check import Verdict
from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Candidate, Release
from llmops_cli.errors import DeployError
from llmops_cli.targets.gcp_run import evidence
from llmops_cli.targets.gcp_run.service import Revision, Service
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.template import tag_of
from llmops_cli.targets.gcp_run.variables import release_of

_ANSWER_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 5.0
_NOTHING = "Google says nothing of it."


def wait_until_ready(session: Session, candidate: Candidate, tell: Tell) -> str:
    """Wait until a revision is ready and its API says so itself; return the address it has.

    Raises:
        DeployError: it fails, or is not ready in time; the evidence is what Google and the
            container say.
    """
    seconds = session.place.configured.ready_seconds
    last = _NOTHING
    for _passed in pauses(seconds, longest=_LONGEST_PAUSE_SECONDS):
        why, address = _looked(session, candidate)
        if address and not why:
            return address
        if why != last:
            tell(why)
        last = why
    raise _sick(session, candidate, f"Not ready after {seconds:g} s: {last}")


def _looked(session: Session, candidate: Candidate) -> tuple[str, str]:
    """Return why a revision cannot be given traffic yet, or nothing; and the address it has."""
    place = session.place
    revision, service = place.read_revision(candidate.name), place.read_service()
    if service is None:
        return "the service is not there yet", ""
    if revision is None:
        if service.condition.has_failed and not service.is_changing:
            raise _sick(session, candidate, str(service.condition))
        return str(service.condition) if service.condition.state else _NOTHING, ""
    require_made(revision, candidate.release)
    if revision.ready.has_failed:
        raise _sick(session, candidate, described(revision))
    tag = tag_of(place.service, candidate.name)
    address = service.address_of(candidate.name, tag)
    if not revision.ready.is_so:
        return described(revision), ""
    if not address:
        _require_tag(session, service, tag)
        if service.condition.has_failed and not service.is_changing:
            raise _sick(session, candidate, str(service.condition))
        return f"{described(revision)}; its address is not there yet", ""
    return why_not_ready(session, address, candidate.release.id), address


def _require_tag(session: Session, service: Service, tag: str) -> None:
    """Make sure that nobody has replaced the shares of the traffic, and with them our tag.

    Raises:
        DeployError: somebody has.
    """
    if service.is_changing or not session.before or tag in {one.tag for one in service.shares}:
        return
    session.require_traffic(service, session.before)
    raise DeployError(
        f"Somebody else has taken the tag {tag} away while this was under way.",
        next_step="llmops deploy",
    )


def require_made(revision: Revision, release: Release) -> None:
    """Make sure that a revision is the one that was asked for.

    Raises:
        DeployError: it runs something else.
    """
    found = release_of(revision)
    is_it = found is not None and found.id == release.id
    if not is_it or (found is not None and release.image not in ("", found.image)):
        raise DeployError(
            f"Google has not made a revision for {release.id}, and said that it has.",
            evidence=f"{revision.name} was there before and runs "
            f"{found.id if found else 'no release of ours'}.",
            next_step="llmops deploy, which asks for a revision of another name",
        )


def why_not_ready(session: Session, address: str, release: str) -> str:
    """Return why what answers at an address cannot be given traffic; nothing where it can."""
    with open_client(address, _ANSWER_SECONDS, carrier=session.carrier_to(address)) as client:
        finding = ask_ready(client)
        if finding.verdict is not Verdict.PASSED:
            return finding.evidence
        answered = read_release(client)
    # An image of others names no release.
    return "" if answered in (release, None) else f"{answered} answers in its place"


def described(revision: Revision) -> str:
    """Return what Google says of a revision, in one line: what is not well, where something is."""
    failed = {(one.reason, one.message): one for one in revision.conditions if one.has_failed}
    return "; ".join(str(one) for one in failed.values()) or str(revision.ready)


def _sick(session: Session, candidate: Candidate, what: str) -> DeployError:
    found = evidence.of(session.place, candidate.name)
    return DeployError(
        f"{candidate.release.id} does not come up.",
        evidence="\n".join([what, *found]),
        next_step=evidence.advice(session.place, what) or "Mend it, commit, and: llmops deploy",
    )
