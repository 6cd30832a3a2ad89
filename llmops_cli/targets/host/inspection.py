"""Reads what the hosts do. Changes nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from llmops_cli.core.release import Release, State
from llmops_cli.errors import LlmopsError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.trouble import named
from llmops_cli.targets.documents import release_from
from llmops_cli.targets.host.host_state import HostState, read
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.stack_looks import facts_of

#: What is wrong, and the command that mends it.
_Trouble = tuple[str, str]


def inspect(place: Place) -> State:
    """Say what serves, what should, and what is wrong where they differ, or where hosts do.

    Raises:
        LlmopsError: no host is reached, or one fails in another way.
    """
    unreached = place.hosts.reached()
    states = states_of(place, [host for host in place.hosts.names if host not in unreached])
    recorded = _commonest(state.current for state in states)
    live = _commonest(state.answers for state in states if not state.is_stopped)
    troubles = list(_troubles(place, states, recorded, unreached))
    return State(
        place.settings.url,
        _release(place, states, live),
        _release(place, states, recorded),
        next((s.previous for s in states if s.current == recorded and s.previous), None),
        _one_text(text for text, _remedy in troubles),
        troubles[0][1] if troubles else "",
        _facts(place, states, unreached),
    )


def states_of(place: Place, hosts: Sequence[str]) -> list[HostState]:
    """Return what hosts say that they do, in order."""
    found = place.hosts.each(state_of, hosts)
    return [found[host] for host in hosts]


def state_of(host: str, session: Session) -> HostState:
    """Ask a host what it does."""
    return read(host, session.ask("state"))


def _commonest(found: Iterable[str | None]) -> str | None:
    """Return what most of them say, of equals the first; nothing where none says anything."""
    counted = Counter(one for one in found if one is not None)
    return counted.most_common(1)[0][0] if counted else None


def _release(place: Place, states: Sequence[HostState], wanted: str | None) -> Release | None:
    for state in states:
        if wanted and state.release is not None and state.release.id == wanted:
            return state.release
    for state in states if wanted else ():
        found = place.hosts.session(state.host).ask("find", prefix=wanted)["releases"]
        for release in map(release_from, found):
            if release is not None and release.id == wanted:
                return release
    return None


def _troubles(
    place: Place,
    states: Sequence[HostState],
    recorded: str | None,
    unreached: Mapping[str, LlmopsError],
) -> Iterable[_Trouble]:
    if states and all(state.is_stopped for state in states):
        yield ("It was stopped by an operator.", "llmops start")
    else:
        for state in states:
            trouble = _trouble(state, recorded)
            if trouble is not None:
                yield (place.told(state.host, trouble[0]), trouble[1])
    for host, error in unreached.items():
        yield (named(host, error.message), error.next_step)


def _trouble(state: HostState, recorded: str | None) -> _Trouble | None:
    if state.current is None:
        return ("Nothing is deployed here.", "llmops deploy") if recorded else None
    if state.is_stopped:
        return ("It was stopped by an operator.", "llmops start")
    if not state.is_settled:
        other = state.candidate
        return (f"{other} has the traffic, and a deploy has not settled.", "llmops start")
    return _trouble_of_release(state, state.current, recorded)


def _trouble_of_release(state: HostState, current: str, recorded: str | None) -> _Trouble | None:
    if state.release is None:
        return (f"The folder of {current} is missing or damaged.", "llmops deploy")
    if current != recorded:
        return (f"{current} serves, not {recorded} as elsewhere.", "llmops deploy")
    if state.answers is None:
        return (f"{current} does not answer; its unit is {state.unit}.", "llmops logs")
    if state.answers != current:
        return (f"{state.answers} answers in the place of {current}.", "llmops logs")
    return None


def _one_text(texts: Iterable[str]) -> str:
    return " ".join(texts)


def _facts(
    place: Place, states: Sequence[HostState], unreached: Mapping[str, LlmopsError]
) -> dict[str, str]:
    facts = {}
    for state in states:
        if state.current is not None:
            facts[state.host] = f"{state.current}, {state.unit}"
        elif not place.is_one:
            facts[state.host] = "nothing deployed"
    reached = [state.host for state in states]
    return {**facts, **dict.fromkeys(unreached, "not reached"), **facts_of(place.stack, reached)}
