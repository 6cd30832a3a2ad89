"""What is wrong with a service, and the command that mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from llmops_cli.core.release import Release
from llmops_cli.targets.aws_ecs import scaling
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service, Task
from llmops_cli.targets.aws_ecs.session import Seen

#: What is wrong, and what mends it.
Trouble = tuple[str, str]
NONE: Trouble = ("", "")
#: Tasks that failed longer ago than this are past.
_RECENT = timedelta(minutes=15)
_RESTARTS = 2


@dataclass(frozen=True)
class Look:
    """A service as it was seen, with its tasks, and whether a release of ours answers."""

    place: Place
    seen: Seen
    recorded: Release | None
    tasks: Sequence[Task]
    is_answering: bool

    @property
    def service(self) -> Service:
        """The service."""
        assert self.seen.service is not None
        return self.seen.service

    @property
    def definition(self) -> str:
        """The task definition of the release on record."""
        entry = self.seen.ledger.entry(self.seen.ledger.live)
        return entry.at if entry else ""


def missing(place: Place) -> Trouble:
    """Say that the service is gone."""
    what = f"There is no service {place.name} in the cluster {place.cluster}."
    return (what, "llmops infra apply, then llmops deploy")


def of(look: Look) -> Trouble:
    """Say what is wrong; nothing where all is well, or nothing was deployed yet."""
    if not look.seen.ledger.live:
        return NONE
    if look.recorded is None:
        what = f"The task definition of {look.seen.ledger.live} is gone: {look.definition}."
        return (what, "llmops deploy")
    found = (
        _of_stopping(look)
        or _of_others(look, look.recorded)
        or _of_image(look, look.recorded)
        or _of_tasks(look, look.recorded)
        or _of_scaling(look)
    )
    return found or NONE


def _of_stopping(look: Look) -> Trouble | None:
    if look.service.desired:
        return None
    if look.place.stopped_with(look.service):
        return ("It was stopped by an operator.", "llmops start")
    return ("Somebody else has set the number of tasks to 0.", "llmops start")


def _of_others(look: Look, recorded: Release) -> Trouble | None:
    service, definition = look.service, look.service.definition
    if definition == look.definition:
        going = look.place.under_way() if len(service.rollouts) > 1 else []
        if not going:
            return None
        return (f"A deployment is under way: {going[0].told}.", "llmops status, when it has ended")
    if look.seen.ledger.pending.get("definition") == definition:
        what = f"{look.seen.ledger.pending.get('release')} is being deployed, or llmops was killed."
        return (what, "llmops status, when it has ended, or: llmops deploy")
    release = look.place.release_at(definition)
    runs = release.id if release else definition.rpartition("/")[2]
    primary = service.primary
    if primary is not None and primary.state == "IN_PROGRESS":
        what = f"Somebody else's deployment is under way, of {runs}, not {recorded.id}."
    else:
        what = f"Somebody else has deployed {runs}; on record is {recorded.id}."
    return (what, f"llmops rollback {recorded.id}")


def _of_image(look: Look, recorded: Release) -> Trouble | None:
    if "@sha256:" not in recorded.image:
        what = f"{recorded.id} names its image by tag, {recorded.image}: it may change any time."
        return (what, "llmops deploy")
    return None


def _of_tasks(look: Look, recorded: Release) -> Trouble | None:
    service = look.service
    running = sum(task.status == "RUNNING" for task in look.tasks)
    failed = _failed(look)
    why = f" {failed[0].told}" if failed else ""
    if len(failed) >= _RESTARTS:
        what = f"{len(failed)} tasks of {recorded.id} failed within 15 minutes."
        return (f"{what}{why}", "llmops logs")
    if running < service.desired:
        return (f"{running} of {service.desired} tasks run.{why}", "llmops logs")
    if not look.is_answering:
        return (
            f"{look.place.public_address} does not answer as {recorded.id}.{why}",
            "llmops logs",
        )
    return None


def _of_scaling(look: Look) -> Trouble | None:
    found = scaling.read(look.place)
    if found is None or not found.is_suspended or look.seen.ledger.pending:
        return None
    return (
        "Scaling is suspended: the number of tasks does not follow the load.",
        f"llmops start, which lets it go on between {found.least} and {found.most} tasks",
    )


def _failed(look: Look) -> list[Task]:
    """Return the tasks of the live release that failed lately, the latest first."""
    since = datetime.now(UTC) - _RECENT
    found = [
        task
        for task in look.place.read_tasks("STOPPED")
        if task.definition == look.definition
        and task.has_failed
        and (task.created is None or task.created > since)
    ]
    return sorted(found, key=lambda task: task.created or since, reverse=True)
