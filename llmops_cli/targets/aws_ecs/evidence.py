"""What AWS and the containers themselves say of tasks that do not come up."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from llmops_cli.errors import LlmopsError
from llmops_cli.targets.aws_ecs import health, logs
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service, Task

_LINES_SHOWN = 20
_LONG_AGO = datetime.fromtimestamp(0, UTC)
#: What is in events that tell of a failure; others come with every deployment.
_TELLING = ("unable", "fail", "unhealthy", "rror", "limit")
_TASKS_SHOWN, _EVENTS_SHOWN = 3, 5


def of(place: Place, definition: str, since: datetime | None) -> list[str]:
    """Return lines of evidence. What cannot be read is left out: there is a failure to tell of."""
    found: list[str] = []
    ended: Sequence[Task] = ()
    with contextlib.suppress(LlmopsError):
        ended = failed(place, definition, since)
        found += [task.told for task in ended[:_TASKS_SHOWN]]
    with contextlib.suppress(LlmopsError):
        found += health.complaints(place, definition)[:_TASKS_SHOWN]
    with contextlib.suppress(LlmopsError):
        service = place.read_service()
        found += [f"AWS: {line}" for line in _events(service, since)]
    for task in ended[:1]:
        with contextlib.suppress(LlmopsError):
            found += _log_of(place, task)
    return found


def failed(place: Place, definition: str, since: datetime | None) -> list[Task]:
    """Return the tasks of a task definition that failed since a moment, the latest first."""
    tasks = [
        task
        for task in place.read_tasks("STOPPED")
        if task.definition == definition and task.has_failed and not _is_before(task.created, since)
    ]
    return sorted(tasks, key=lambda task: task.created or _LONG_AGO, reverse=True)


def refusals(service: Service | None, since: datetime | None) -> list[str]:
    """Return the events since a moment that say that no more tasks can be started at all."""
    return [
        line for line in _events(service, since) if "unable to place" in line and "limit" in line
    ]


def _events(service: Service | None, since: datetime | None) -> Iterator[str]:
    events = service.events if service else ()
    recent = [one.message for one in events if not _is_before(one.at, since)]
    telling = [line for line in recent if any(word in line for word in _TELLING)]
    yield from telling[:_EVENTS_SHOWN]


def _log_of(place: Place, task: Task) -> list[str]:
    release = place.release_at(task.definition)
    if release is None:
        return []
    lines = logs.end_of(place, release.id, task.id, _LINES_SHOWN)
    return ["The end of its log:", *(lines or ["(nothing was written)"])]


def _is_before(moment: datetime | None, since: datetime | None) -> bool:
    return moment is not None and since is not None and moment < since
