"""Brings a release to all hosts, and starts it there beside the live one."""

from collections.abc import Sequence

from llmops_cli.core.plan import Phase, Plan, Tell, long_step, one_step
from llmops_cli.core.release import Candidate, Release
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.trouble import RefusedError
from llmops_cli.targets.host.contents import collected
from llmops_cli.targets.host.holding import Hold
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.sending import Sending


def stage(place: Place, hold: Hold, candidate: Candidate) -> Plan:
    """Return the steps: to write the release, to start the stack, both where needed; its start."""
    release = candidate.release
    hosts = hold.hosts or place.hosts.there
    lacking = lacking_hosts(place, release, hosts)
    plan = _passed_over(place)
    if lacking:
        plan += long_step(
            Phase.STAGE,
            f"Write release {release.id}{place.where(lacking)}",
            lambda tell: _write(place, release, lacking, tell),
            {"commit": release.commit, "folder": place.layout.release(release.id)},
        )
    return (
        plan
        + place.stack.stage(hosts)
        + one_step(
            Phase.STAGE,
            f"Start {release.id} beside the live release{place.where(hosts)}, and wait until it "
            "is ready",
            lambda: _start(place, release, hosts),
            {"unit": candidate.name, "at most": f"{place.settings.ready_seconds:g} s"},
        )
    )


def _passed_over(place: Place) -> Plan:
    """Return a step that says which hosts get nothing; there are some only where they may fail."""
    unreached = place.hosts.reached()
    if not unreached:
        return Plan()
    reasons = " ".join(error.message for error in unreached.values())
    return long_step(
        Phase.STAGE,
        f"Go on without {', '.join(unreached)}",
        lambda tell: tell(f"{reasons} Once it can, run llmops deploy again."),
        {"because": reasons},
    )


def lacking_hosts(place: Place, release: Release, hosts: Sequence[str]) -> list[str]:
    """Return the hosts that do not keep a release."""

    def lacks(_host: str, session: Session) -> bool:
        found = session.ask("find", prefix=release.id)["releases"]
        return all(document["id"] != release.id for document in found)

    answers = place.hosts.each(lacks, hosts)
    return [host for host in hosts if answers[host]]


def _write(place: Place, release: Release, hosts: Sequence[str], tell: Tell) -> None:
    with collected(place.config, place.directory, release) as contents:
        sending = Sending(place, release, contents, tell)
        try:
            place.hosts.each(sending.send, hosts)
        except RefusedError as error:
            raise _explained(release, error) from error


def _start(place: Place, release: Release, hosts: Sequence[str]) -> None:
    seconds = place.settings.ready_seconds
    try:
        place.hosts.each(
            lambda _host, session: session.ask("start", release=release.id, seconds=seconds), hosts
        )
    except RefusedError as error:
        raise _explained(release, error) from error


def _explained(release: Release, error: RefusedError) -> LlmopsError:
    if error.why == "unready":
        return DeployError(
            f"Release {release.id} does not come up. {error.message}", evidence=error.evidence
        )
    if error.why == "full":
        error.next_step = "Free space on the host: df -h /opt; then llmops deploy"
    return error
