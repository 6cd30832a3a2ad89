"""The facts that `llmops status` shows of a service."""

from collections.abc import Iterator, Sequence

from llmops_cli.targets.aws_ecs import scaling
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service, Task
from llmops_cli.targets.aws_ecs.session import Seen

_STRATEGIES = {
    "ROLLING": "rolling: tasks are replaced one after the other",
    "BLUE_GREEN": "blue/green: a release is checked at the test listener first",
}


def of(place: Place, seen: Seen, tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    """Yield what there is to say, each with its title."""
    service = seen.service
    if service is None:
        return
    yield "service", f"{service.name} in the cluster {place.cluster}"
    yield "tasks", service.told
    yield "task definition", service.definition.rpartition("/")[2]
    yield "deployment", _deployment(service)
    digests = sorted({digest for task in tasks for digest in task.digests})
    if digests:
        yield "image that runs", ", ".join(digests)
    strategy = "BLUE_GREEN" if place.is_blue_green else "ROLLING"
    yield "strategy", _STRATEGIES[strategy]
    scaled = scaling.read(place)
    yield "scaling", scaled.told if scaled else "none: the number of tasks stays as it is"
    yield "record", place_of_record(seen)
    yield "asked as", place.account.origin


def place_of_record(seen: Seen) -> str:
    """Say what is on record, in a few words."""
    kept = len(seen.ledger.entries)
    return f"{kept} release{'' if kept == 1 else 's'} kept"


def _deployment(service: Service) -> str:
    primary = service.primary
    if primary is None:
        return "none"
    failed = f", {primary.failed} tasks failed" if primary.failed else ""
    return f"{primary.id} {primary.state.replace('_', ' ').lower()}{failed}"
