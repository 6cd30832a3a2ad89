"""Moves the traffic of all hosts from one release to another, and gives it back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llmops_cli.core.plan import Phase, Plan, one_step
from llmops_cli.core.release import Candidate
from llmops_cli.errors import DeployError, LlmopsError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.trouble import RefusedError, UnreachableError, named
from llmops_cli.targets.host.holding import LEASE_SECONDS, Hold, regained
from llmops_cli.targets.host.inspection import state_of, states_of
from llmops_cli.targets.host.place import Place

#: Seconds in which nginx of each host must come to answer with the new release alone.
_CONFIRM_SECONDS = 30


def promote(place: Place, hold: Hold, candidate: Candidate) -> Plan:
    """Return the steps: to move the traffic on all hosts, and to ask nginx of each.

    They move it only where what serves now serves still.
    """
    hosts = hold.hosts or place.hosts.there
    hold.before = {state.host: state.current for state in states_of(place, hosts)}
    before = sorted({one or "nothing" for one in hold.before.values()})
    release = candidate.release.id
    return one_step(
        Phase.PROMOTE,
        f"Move the traffic from {' and '.join(before)} to {release}{place.where(hosts)}",
        lambda: _promote(place, hold, release, hosts),
        {"link": place.layout.current},
    ) + one_step(
        Phase.CONFIRM,
        f"Ask nginx{place.where(hosts)} until all answers are {release}",
        lambda: _confirm(place, release, hosts),
    )


def settle(place: Place, hold: Hold, release: str) -> None:
    """Make the promotion final on all hosts, and let what served before finish."""
    place.hosts.each(lambda _host, session: session.ask("settle", release=release), hold.hosts)


def restore(place: Place, hold: Hold, candidate: Candidate) -> None:
    """Give the traffic back, on each host to what had it there.

    Raises:
        LlmopsError: it could not be on some; the message says of each host what serves there.
    """
    release = candidate.release.id
    _on_each(place, hold, release, lambda host, session: _give_back(hold, release, host, session))


def discard(place: Place, hold: Hold, candidate: Candidate) -> None:
    """End the candidate on each host where it did not serve before; errors as of `restore`."""
    release = candidate.release.id

    def end(host: str, session: Session) -> None:
        if state_of(host, session).current != release:
            session.ask("discard", release=release)

    _on_each(place, hold, release, end)


def _promote(place: Place, hold: Hold, release: str, hosts: Sequence[str]) -> None:
    def move(host: str, session: Session) -> None:
        session.ask("promote", release=release, expected=hold.before[host])

    try:
        place.hosts.each(move, hosts)
    except RefusedError as error:
        if error.why == "changed":
            error.next_step = "llmops status, then llmops deploy"
        raise


def _confirm(place: Place, release: str, hosts: Sequence[str]) -> None:
    asked: dict[str, Any] = {
        "release": release,
        "port": place.settings.port,
        "server_name": place.settings.server_name,
        "times": place.config.checks.confirmations,
        "seconds": _CONFIRM_SECONDS,
    }
    try:
        place.hosts.each(lambda _host, session: session.ask("confirm", **asked), hosts)
    except RefusedError as error:
        raise DeployError(
            f"nginx does not answer with {release} alone. {error.message}",
            evidence=error.evidence,
            next_step="llmops doctor",
        ) from error


def _give_back(hold: Hold, release: str, host: str, session: Session) -> None:
    state, before = state_of(host, session), hold.before.get(host)
    if state.current != release or before == release:
        return
    if not state.is_settled:
        session.ask("restore", release=release)
    elif before is not None:
        # It was settled here, and then something failed elsewhere.
        session.ask("start", release=before, seconds=LEASE_SECONDS)
        session.ask("promote", release=before, expected=release)
        session.ask("settle", release=before)


def _on_each(
    place: Place, hold: Hold, release: str, do: Callable[[str, Session], None]
) -> Mapping[str, Any]:
    """Do something on each host while the lock is held there, taken again where it was lost."""
    failed: dict[str, LlmopsError] = {}

    def try_once(host: str) -> None:
        session = regained(place.hosts, hold, host)
        try:
            do(host, session)
        except UnreachableError:
            # The connection may have broken only now.
            place.hosts.forget(host)
            do(host, regained(place.hosts, hold, host))

    def note(host: str) -> None:
        try:
            try_once(host)
        except LlmopsError as error:
            failed[host] = error

    found = place.hosts.at_once(note, hold.hosts)
    if failed:
        raise _not_put_back(place, hold, release, failed)
    return found


def _not_put_back(
    place: Place, hold: Hold, release: str, failed: Mapping[str, LlmopsError]
) -> LlmopsError:
    lines = [_told(place, hold, release, host, failed.get(host)) for host in hold.hosts]
    error = next(iter(failed.values()))
    return DeployError(" ".join(lines), evidence=error.evidence, next_step=error.next_step)


def _told(place: Place, hold: Hold, release: str, host: str, error: LlmopsError | None) -> str:
    """Say what serves on a host now, or what it does by itself."""
    if error is None:
        try:
            serving = state_of(host, place.hosts.session(host)).answers
        except LlmopsError as trouble:
            return f"{host}: {trouble.message}"
        return f"{host}: {serving or 'nothing'} serves."
    before = hold.before.get(host)
    by_itself = f"ends {release}"
    if before is not None and before != release:
        by_itself = f"gives the traffic to {before} and {by_itself}"
    if isinstance(error, UnreachableError):
        return (
            f"{named(host, error.message)} Unless {release} was settled there, the host "
            f"{by_itself} by itself, at the latest {LEASE_SECONDS} s after the connection broke, "
            "or when it starts again."
        )
    return named(host, error.message)
