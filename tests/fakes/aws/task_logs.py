"""Puts what the tasks wrote into moto's CloudWatch Logs, where the driver awslogs leaves it."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.aws.identity import ACCOUNT, REGION

if TYPE_CHECKING:
    from tests.fakes.aws.ecs import Ecs


@dataclass
class TaskLogs:
    """``written`` is how many lines of each task are there already."""

    ecs: "Ecs"
    written: dict[str, int] = field(default_factory=dict)

    def write(self) -> None:
        """Write what has come since the last time."""
        from moto.logs.models import logs_backends

        backend = logs_backends[ACCOUNT][REGION]
        for task in self.ecs.tasks.values():
            options = task.log_options
            group = options.get("awslogs-group", "")
            if not options or task.container is None:
                continue
            lines = task.container.log.splitlines()[self.written.get(task.id, 0) :]
            stream = f"{options['awslogs-stream-prefix']}/{task.container_name}/{task.id}"
            if group not in backend.groups:
                backend.create_log_group(group, {})
            if task.id not in self.written:
                backend.create_log_stream(group, stream)
            self.written[task.id] = self.written.get(task.id, 0) + len(lines)
            moment = int(time.time() * 1000)
            events = [{"timestamp": moment, "message": line or " "} for line in lines]
            if events:
                backend.put_log_events(group, stream, events)
