"""What a service is doing, in our words. Changes nothing."""

from collections.abc import Iterator

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.release import KeptRelease, Release, State
from llmops_cli.targets.gcp_run.memory import remembered
from llmops_cli.targets.gcp_run.place import Place, Seen
from llmops_cli.targets.gcp_run.service import Revision, Service, carrying
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.template import GRACE_SECONDS
from llmops_cli.targets.gcp_run.variables import release_of
from llmops_cli.targets.gcp_run.waiting import described
from llmops_cli.targets.shares import ALL
from llmops_cli.targets.shelved.book import Entry, Ledger

#: Seconds for an answer; and for one of a service that has to start an instance first.
_ANSWER_SECONDS, _COLD_SECONDS = 5.0, 30.0


def state_of(session: Session, seen: Seen) -> State:
    """Say what serves, what should, and what is wrong where they differ. Asks the service too."""
    place, address = session.place, session.place.public_address(seen.service)
    if seen.service is None:
        return State(address)
    ledger = remembered(seen, session.book.ledger())
    answers = None if seen.service.is_disabled else _answers(session, address, seen.service)
    trouble, remedy = _trouble(place, seen, ledger, answers)
    return State(
        address,
        _live(seen, answers),
        _recorded(seen, ledger),
        ledger.previous or None,
        trouble,
        remedy,
        dict(_facts(place, seen, ledger)),
    )


def kept(seen: Seen, ledger: Ledger) -> list[KeptRelease]:
    """Return the releases that can be gone back to, the one that was live latest first."""
    found = []
    for entry in remembered(seen, ledger).entries:
        release = _release(seen, entry.at)
        if release is not None:
            found.append(KeptRelease(release, entry.deployed_at, entry.names))
    return found


def find(seen: Seen, ledger: Ledger, prefix: str) -> list[Release]:
    """Return the kept releases whose name or id begins with ``prefix``."""
    there = kept(seen, ledger)
    named = [one.release for one in there if prefix in one.names]
    releases = {one.release.id: one.release for one in there}
    if named:
        return named
    if prefix in releases:
        return [releases[prefix]]
    return [releases[id] for id in sorted(releases) if id.startswith(prefix)]


def serving(service: Service) -> str:
    """Return the revision with the most of the traffic; empty where none has any."""
    found = carrying(service.observed) or service.carrying
    return max(found, key=lambda name: found[name], default="")


def _live(seen: Seen, answers: str | None) -> Release | None:
    """Return the release that answers; its own word counts more than the shares."""
    if answers is None or seen.service is None:
        return None
    names = [*seen.service.carrying, *(revision.name for revision in seen.revisions)]
    releases = [release for name in names if (release := _release(seen, name)) is not None]
    return next((release for release in releases if release.id == answers), None)


def _answers(session: Session, address: str, service: Service) -> str | None:
    if not address:
        return None
    is_cold = not session.place.configured.min_instances
    seconds = _COLD_SECONDS if is_cold and service.carrying else _ANSWER_SECONDS
    with open_client(address, seconds, carrier=session.carrier_to(address)) as client:
        return read_release(client)


def _recorded(seen: Seen, ledger: Ledger) -> Release | None:
    entry = ledger.entry(ledger.live)
    return _release(seen, entry.at) if entry else None


def _trouble(place: Place, seen: Seen, ledger: Ledger, answers: str | None) -> tuple[str, str]:
    """Say what is wrong, and the command that mends it; nothing where all is well."""
    service, entry = seen.service, ledger.entry(ledger.live)
    if service is None or entry is None:
        return ("", "")
    if service.is_disabled:
        return ("It was stopped by an operator.", "llmops start")
    recorded = seen.revision(entry.at)
    if recorded is None:
        return (f"The revision {entry.at} of {entry.release} is gone.", "llmops deploy")
    return (
        _trouble_of_traffic(seen, service, entry)
        or _trouble_of(place, service, recorded, answers)
        or ("", "")
    )


def _trouble_of_traffic(seen: Seen, service: Service, entry: Entry) -> tuple[str, str] | None:
    again = f"llmops rollback {entry.release}"
    if service.follows_latest:
        return (
            "The traffic follows the latest revision, set by somebody else: whatever is made next "
            "would go live by itself.",
            again,
        )
    for found in (service.carrying, carrying(service.observed)):
        if found and found != {entry.at: ALL}:
            told = ", ".join(f"{_shown(seen, name)} {share} %" for name, share in found.items())
            return (f"The traffic is {told}, not {entry.release} 100 %.", again)
    return None


def _trouble_of(
    place: Place, service: Service, recorded: Revision, answers: str | None
) -> tuple[str, str] | None:
    if recorded.ready.has_failed:
        return (f"{_id(recorded)} is not well: {described(recorded)}", "llmops logs")
    if answers is None and place.is_ours:
        return (f"{place.public_address(service)} does not answer.", "llmops logs")
    return None


def _id(revision: Revision) -> str:
    release = release_of(revision)
    return release.id if release else revision.name


def _facts(place: Place, seen: Seen, ledger: Ledger) -> Iterator[tuple[str, str]]:
    assert seen.service is not None
    yield "service", f"{seen.service.name} in {place.parent}"
    for name, share in seen.service.carrying.items():
        yield f"revision {name}", f"{share} % of the traffic"
    tags = [one for one in seen.service.observed if one.tag]
    for one in tags:
        yield f"tag {one.tag}", f"{_shown(seen, one.revision)} at {one.uri}"
    if ledger.pending:
        yield "under way", ", ".join(f"{key} {text}" for key, text in ledger.pending.items())
    if place.configured.min_instances == 0:
        yield (
            "cold starts",
            "min_instances is 0: the first request after a pause waits for a start",
        )
    yield (
        "stopping",
        f"an instance that Google ends has {GRACE_SECONDS} s to finish what is under way; one that "
        "merely loses the traffic finishes all of it",
    )
    if not place.configured.public:
        yield "callers", "only those whom IAM lets in (roles/run.invoker)"
    yield "asked as", place.account.origin


def _release(seen: Seen, name: str) -> Release | None:
    revision = seen.revision(name)
    return release_of(revision) if revision else None


def _shown(seen: Seen, name: str) -> str:
    release = _release(seen, name)
    return release.id if release else name
