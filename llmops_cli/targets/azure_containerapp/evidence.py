"""What Azure and a container themselves say of a revision that does not come up."""

import contextlib
from collections.abc import Iterator, Sequence

from llmops_cli.errors import LlmopsError
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.streams import (
    Replica,
    lines_of,
    replicas_of,
    token_of,
)

_LINES_SHOWN = 20


def of(place: Place, revision: str) -> list[str]:
    """Return lines of evidence. What cannot be read is left out: there is a failure to tell of."""
    found: list[str] = []
    replicas: Sequence[Replica] = ()
    with contextlib.suppress(LlmopsError):
        replicas = replicas_of(place, revision)
    found += [_of_replica(replica) for replica in replicas]
    with contextlib.suppress(LlmopsError):
        found += list(_of_platform(place, revision))
    for replica in replicas[:1]:
        with contextlib.suppress(LlmopsError):
            found += _of_container(place, replica)
    return found


def _of_replica(replica: Replica) -> str:
    restarts = f", {replica.restarts} restarts" if replica.restarts else ""
    return f"Replica {replica.name}: {replica.state or 'no state'}{restarts}"


def _of_platform(place: Place, revision: str) -> Iterator[str]:
    app = place.read_app()
    if app is not None and app.events_url:
        lines = lines_of(app.events_url, token_of(place), 100, follow=False)
        mine = [line for line in lines if revision in line]
        yield from (f"Azure: {line}" for line in mine[-_LINES_SHOWN:])


def _of_container(place: Place, replica: Replica) -> list[str]:
    if not replica.log_url:
        return []
    lines = list(lines_of(replica.log_url, token_of(place), _LINES_SHOWN, follow=False))
    return ["The end of its log:", *(lines or ["(nothing was written)"])]
