"""What a service is doing, in our words. Changes nothing."""

from collections.abc import Sequence

from llmops_cli.core.release import KeptRelease, Release, State
from llmops_cli.targets.aws_ecs import answering, facts, memory, troubles
from llmops_cli.targets.aws_ecs.answering import Answer
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.session import Seen


def state_of(place: Place, seen: Seen) -> State:
    """Say what serves, what should, and what is wrong where they differ. Asks it itself."""
    address, ledger = place.public_address, seen.ledger
    if seen.service is None:
        missing = troubles.missing(place) if ledger.live else troubles.NONE
        return State(address, None, None, None, *missing)
    tasks = place.read_tasks()
    recorded = memory.release_of(place, ledger, ledger.live)
    answer = answering.ask(place) if seen.service.running else Answer()
    live = _live(place, seen, answer, [task.definition for task in tasks])
    look = troubles.Look(place, seen, recorded, tasks, is_answering=live is not None)
    trouble, remedy = troubles.of(look)
    return State(
        address,
        live,
        recorded,
        ledger.previous or None,
        trouble,
        remedy,
        dict(facts.of(place, seen, tasks)),
    )


def kept(place: Place, seen: Seen) -> list[KeptRelease]:
    """Return the releases that can be gone back to, the newest first."""
    return list(memory.kept(place, seen.ledger))


def find(place: Place, seen: Seen, prefix: str) -> list[Release]:
    """Return the kept releases whose name or id begins with ``prefix``."""
    there = kept(place, seen)
    named = [one.release for one in there if prefix in one.names]
    releases = {one.release.id: one.release for one in there}
    if named:
        return named
    if prefix in releases:
        return [releases[prefix]]
    return [releases[id] for id in sorted(releases) if id.startswith(prefix)]


def _live(place: Place, seen: Seen, answer: Answer, running: Sequence[str]) -> Release | None:
    """Return the release that answers. Its own word counts more than what AWS says; an image of
    others that names none is what all the tasks run.
    """
    assert seen.service is not None
    entries = [entry.at for entry in seen.ledger.entries]
    known = [seen.service.definition, *running, *entries]
    if answer.release is not None:
        releases = [place.release_at(arn) for arn in dict.fromkeys(known)]
        return next((one for one in releases if one and one.id == answer.release), None)
    if answer.is_other and len(set(running)) == 1:
        return place.release_at(running[0])
    return None
